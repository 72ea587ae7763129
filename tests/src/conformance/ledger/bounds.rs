//! How far a balance may go.

use idem_core::ledger::Bounds;
use idem_core::{Effect, ErrorKind};

use super::{Desk, unfit};
use crate::conformance::{Stored, Subject, fresh, refused, replayed};

/// Up to the bound and not beyond it: the error says how things stand, and the key stays free.
pub async fn change_out_of_bounds_writes_nothing<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::between(-10, 100)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 90).await);
        let rows = desk.rows().await;
        for delta in [11, -101] {
            let bounds = unfit(desk.delta("l", "wallet", delta).await);
            assert_eq!((&*bounds.account, bounds.balance, bounds.delta, bounds.held), ("wallet", 90, delta, 0));
            assert_eq!((bounds.floor, bounds.ceiling), (Some(-10), Some(100)));
            unfit(desk.set("l", "wallet", 90 + delta).await);
            let error = refused(desk.transfer("l", "wallet", "cash", -delta).await, ErrorKind::OutOfBounds);
            assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            assert!(error.to_string().contains("\"wallet\" has 90"), "{error}");
            assert_eq!((desk.rows().await, desk.balance("wallet").await), (rows, 90));
        }
        fresh(desk.delta("m", "wallet", 10).await);
        fresh(desk.delta("l", "wallet", -110).await);
        assert_eq!(desk.balance("wallet").await, -10);
        desk.proven().await;
    }
}

/// `i64` is a bound of every account, at both ends.
pub async fn change_beyond_64_bits_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        for (end, step) in [(i64::MAX, 1), (i64::MIN, -1)] {
            let account = format!("to {end}");
            assert_eq!(fresh(desk.delta(&format!("k{end}"), &account, end).await).balance, Some(end));
            let rows = desk.rows().await;
            let bounds = unfit(desk.delta(&format!("l{end}"), &account, step).await);
            assert_eq!((bounds.balance, bounds.delta, bounds.floor, bounds.ceiling), (end, step, None, None));
            unfit(desk.delta(&format!("l{end}"), &account, end).await);
            assert_eq!((desk.rows().await, desk.balance(&account).await), (rows, end));
            // The way from one end to the other is longer than any delta.
            unfit(desk.set(&format!("m{end}"), &account, !end).await);
            assert_eq!(fresh(desk.delta(&format!("l{end}"), &account, -step).await).balance, Some(end - step));
        }
        unfit(desk.transfer("n", "a", "b", i64::MIN).await);
        fresh(desk.transfer("n", "a", "b", i64::MAX).await);
        fresh(desk.transfer("o", "a", "b", -i64::MAX).await);
        assert_eq!((desk.balance("a").await, desk.balance("b").await), (0, 0));
        desk.proven().await;
    }
}

/// The refusal uses up the key: it is repeated as it was, also when the money would fit by then, and no other change may
/// come under the key.
pub async fn remembered_refusal_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        let first = unfit(desk.delta_or_remember("k", "wallet", -5).await);
        assert_eq!((first.balance, first.delta, first.floor), (0, -5, Some(0)));
        fresh(desk.delta("l", "wallet", 100).await);
        for again in [desk.delta_or_remember("k", "wallet", -5).await, desk.delta("k", "wallet", -5).await] {
            let again = unfit(again);
            assert_eq!((again.balance, again.delta, again.floor), (first.balance, first.delta, first.floor));
        }
        refused(desk.delta("k", "wallet", -6).await, ErrorKind::KeyReused);
        assert_eq!(desk.balance("wallet").await, 100);
        let fits = fresh(desk.delta_or_remember("m", "wallet", -5).await);
        replayed(desk.delta_or_remember("m", "wallet", -5).await, &fits);
        desk.proven().await;
    }
}

/// Whoever comes too late is refused, and the account never leaves its bounds.
pub async fn concurrent_changes_stay_within_bounds<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("wallet", Bounds::between(0, 10)).await.expect("opened");
    fresh(own.delta("k", "wallet", 10).await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (account, key) = (own.ledger.account("wallet"), crate::conformance::key(&format!("k{number}")));
        tasks.spawn(async move { account.apply_delta(&key, -1).await });
    }
    let mut made = 0;
    while let Some(changed) = tasks.join_next().await {
        match changed.expect("no panic") {
            Ok(_) => made += 1,
            other => drop(unfit(other)),
        }
    }
    assert_eq!((made, own.balance("wallet").await), (10, 0));
    own.proven().await;
}
