//! One account, one change, one key.

use idem_core::ErrorKind;
use idem_core::error::LedgerError;
use idem_core::ledger::{Bounds, EntryKind};
use tokio::task::JoinSet;

use super::{Desk, Way, unlawful};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// Byte for byte, after any number of other changes.
pub async fn change_repeat_returns_original_entry<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let first = fresh(desk.delta("k", "wallet", 700).await);
        assert_eq!((first.seq, first.delta, first.balance, first.seq()), (1, 700, Some(700), 1));
        assert_eq!((&first.kind, first.at), (&EntryKind::Delta, first.at()));
        assert_eq!(first.key, Some(key("k")));
        for round in 0..5 {
            fresh(desk.delta(&format!("other {round}"), "wallet", -1).await);
            replayed(desk.delta("k", "wallet", 700).await, &first);
        }
        assert_eq!((desk.balance("wallet").await, desk.state("wallet").await.version), (695, 6));
        let stored = desk.ledger.account("wallet").entries().limit(1).await.expect("readable");
        assert_eq!(stored, [first.into_inner()]);
        desk.proven().await;
    }
}

/// One of them changes the balance, and all get its entry.
pub async fn concurrent_repeats_of_change_have_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    assert_eq!(own.way, Way::Own);
    for round in 0..40 {
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let (account, key) = (own.ledger.account("wallet"), key(&format!("k{round}")));
            tasks.spawn(async move { account.apply_delta(&key, 3).await });
        }
        let mut outcomes = Vec::new();
        while let Some(changed) = tasks.join_next().await {
            outcomes.push(changed.expect("no panic").expect("each is answered"));
        }
        let first = outcomes.iter().filter(|outcome| outcome.is_fresh()).collect::<Vec<_>>();
        let [first] = first[..] else { panic!("{} effects of one key", first.len()) };
        assert!(outcomes.iter().all(|outcome| (**outcome).eq(first) && outcome.at() == first.at()), "{outcomes:?}");
        assert_eq!(own.balance("wallet").await, 3 * (round + 1));
    }
    own.proven().await;
}

/// Another amount, account or kind: both sides are told, and nothing is written.
pub async fn other_change_under_used_key_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        fresh(desk.delta("k", "wallet", 5).await);
        let rows = desk.rows().await;
        let errors = [
            (refused(desk.delta("k", "wallet", 6).await, ErrorKind::KeyReused), "`delta` by 6 on \"wallet\""),
            (refused(desk.delta("k", "savings", 5).await, ErrorKind::KeyReused), "`delta` by 5 on \"savings\""),
            (refused(desk.set("k", "wallet", 5).await, ErrorKind::KeyReused), "`set` to 5 on \"wallet\""),
            (refused(desk.hold("k", "wallet", 5).await, ErrorKind::KeyReused), "`hold` of 5"),
            (
                refused(desk.transfer("k", "wallet", "savings", 5).await, ErrorKind::KeyReused),
                "`transfer` of 5 from \"wallet\" to \"savings\"",
            ),
            (
                refused(desk.post("k", &[("wallet", 5), ("savings", -5)]).await, ErrorKind::KeyReused),
                "`post` of 2 entries",
            ),
        ];
        for (error, second) in errors {
            let text = error.to_string();
            assert!(text.contains("`delta` by 5 on \"wallet\"") && text.contains(second), "{text}");
            assert!(text.contains("key.derive"), "{text}");
        }
        assert_eq!((desk.rows().await, desk.balance("wallet").await, desk.balance("savings").await), (rows, 5, 0));
        desk.proven().await;
    }
}

/// Absolute, stored as the delta it made; a repeat changes nothing, whatever the balance is by then.
pub async fn set_balance_repeat_changes_nothing<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        fresh(desk.delta("k", "wallet", 30).await);
        let set = fresh(desk.set("l", "wallet", 100).await);
        assert_eq!((set.delta, set.balance, set.seq, &set.kind), (70, Some(100), 2, &EntryKind::Set));
        fresh(desk.delta("m", "wallet", -1).await);
        replayed(desk.set("l", "wallet", 100).await, &set);
        assert_eq!(desk.balance("wallet").await, 99);
        let same = fresh(desk.set("n", "wallet", 99).await);
        assert_eq!((same.delta, same.balance), (0, Some(99)));
        assert_eq!(fresh(desk.set("o", "unopened", -4).await).delta, -4);
        desk.proven().await;
    }
}

/// Setting from many places at once: each entry says how far it really moved the balance.
pub async fn concurrent_set_balances_have_consecutive_entries<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let (account, key) = (own.ledger.account("wallet"), key(&format!("k{number}")));
        tasks.spawn(async move { account.set_balance(&key, number * 100).await });
    }
    while let Some(set) = tasks.join_next().await {
        fresh(set.expect("no panic"));
    }
    let entries = own.ledger.account("wallet").entries().await.expect("readable");
    let mut before = 0;
    for (seq, entry) in (1..).zip(&entries) {
        assert_eq!((entry.seq, entry.balance), (seq, Some(before + entry.delta)));
        before += entry.delta;
    }
    assert_eq!(entries.len(), 16);
    own.proven().await;
}

/// A decision that rests on what was read happens if nothing came between; a known key is answered whatever came.
pub async fn change_with_stale_expected_version_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let first = fresh(desk.delta_at("k", "wallet", 0, 10).await);
        let rows = desk.rows().await;
        let stale = unlawful(desk.delta_at("l", "wallet", 0, 10).await);
        let expected = LedgerError::Stale { account: "wallet".to_owned(), expected: 0, found: 1 };
        assert_eq!((stale, desk.rows().await), (expected, rows));
        fresh(desk.delta_at("l", "wallet", 1, 10).await);
        replayed(desk.delta_at("k", "wallet", 0, 10).await, &first);
        replayed(desk.delta_at("k", "wallet", 7, 10).await, &first);
        assert_eq!(desk.balance("wallet").await, 20);
        unlawful(desk.delta_at("m", "wallet", u64::MAX, 1).await);
        desk.proven().await;
    }
}

/// Of many decisions that rest on one reading, one happens.
pub async fn concurrent_changes_expecting_one_version_have_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("wallet", Bounds::at_least(0)).await.expect("opened");
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let (account, key) = (own.ledger.account("wallet").expect_version(0), key(&format!("k{number}")));
        tasks.spawn(async move { account.apply_delta(&key, 1).await });
    }
    let mut made = 0;
    while let Some(changed) = tasks.join_next().await {
        match changed.expect("no panic") {
            Ok(_) => made += 1,
            other => drop(unlawful(other)),
        }
    }
    assert_eq!((made, own.balance("wallet").await), (1, 1));
    own.proven().await;
}
