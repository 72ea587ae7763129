//! Money that is reserved.

use std::time::Duration;

use idem_core::ErrorKind;
use idem_core::error::LedgerError;
use idem_core::ledger::{AccountSettings, Bounds, EntryKind};

use super::{Desk, hold_of, unfit, unlawful};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// It is there and cannot be spent: what is available is bounded below, what is posted above.
pub async fn hold_reduces_available_balance<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::between(0, 100)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 100).await);
        let held = fresh(desk.hold("h", "wallet", 70).await);
        assert_eq!((held.amount, &*held.account, held.entry.delta, held.entry.balance), (70, "wallet", 0, Some(100)));
        assert_eq!((hold_of(&held.entry), &held.entry.kind), (Some((&*held.id, 70)), &EntryKind::Hold));
        let state = desk.state("wallet").await;
        assert_eq!((state.balance, state.held, state.available(), state.version), (100, 70, 30, 2));
        let rows = desk.rows().await;
        let bounds = unfit(desk.delta("l", "wallet", -31).await);
        assert_eq!((bounds.balance, bounds.held, bounds.delta), (100, 70, -31));
        assert_eq!(unfit(desk.hold("l", "wallet", 31).await).delta, -31);
        unfit(desk.delta("l", "wallet", 1).await);
        unlawful(desk.hold("l", "wallet", -1).await);
        assert_eq!(desk.rows().await, rows);
        replayed(desk.hold("h", "wallet", 70).await, &held);
        refused(desk.hold("h", "wallet", 69).await, ErrorKind::KeyReused);
        fresh(desk.delta("l", "wallet", -30).await);
        assert_eq!(desk.state("wallet").await.available(), 0);
        desk.proven().await;
    }
}

/// Part by part, each to whom it is for; what is left is given back.
pub async fn capture_of_part_leaves_rest_of_hold<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 100).await);
        let hold = fresh(desk.hold("h", "wallet", 80).await).id.clone();
        let first = fresh(desk.capture("l", &hold, "shop", 30).await);
        assert_eq!((first.from.delta, first.from.balance, first.to.balance), (-30, Some(70), Some(30)));
        assert_eq!((hold_of(&first.from), hold_of(&first.to)), (Some((&*hold, -30)), None));
        fresh(desk.capture("m", &hold, "courier", 10).await);
        fresh(desk.capture("n", &hold, "wallet", 5).await);
        let exceeded = unlawful(desk.capture("o", &hold, "shop", 36).await);
        assert_eq!(exceeded, LedgerError::HoldExceeded { hold: hold.clone(), remaining: 35, amount: 36 });
        unlawful(desk.capture("o", &hold, "shop", -1).await);
        let state = desk.state("wallet").await;
        assert_eq!((state.balance, state.held, state.available()), (60, 35, 25));
        let released = fresh(desk.release("o", &hold).await);
        assert_eq!((released.delta, hold_of(&released)), (0, Some((&*hold, -35))));
        replayed(desk.capture("l", &hold, "shop", 30).await, &first);
        replayed(desk.release("o", &hold).await, &released);
        refused(desk.capture("l", &hold, "shop", 31).await, ErrorKind::KeyReused);
        let spent = unlawful(desk.capture("p", &hold, "shop", 1).await);
        assert_eq!(spent, LedgerError::HoldSpent { hold: hold.clone() });
        unlawful(desk.capture("p", "nothing", "shop", 1).await);
        assert_eq!(
            unlawful(desk.release("p", "nothing").await),
            LedgerError::UnknownHold { hold: "nothing".to_owned() }
        );
        assert_eq!((desk.state("wallet").await.held, desk.balance("shop").await), (0, 30));
        desk.proven().await;
    }
}

/// The payee's bound refuses a capture whole.
pub async fn refused_capture_leaves_hold_unchanged<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("shop", Bounds::at_most(10)).await.expect("opened");
        let hold = fresh(desk.hold("h", "wallet", 50).await).id.clone();
        let rows = desk.rows().await;
        assert_eq!(unfit(desk.capture("k", &hold, "shop", 11).await).account, "shop");
        assert_eq!((desk.rows().await, desk.state("wallet").await.held), (rows, 50));
        fresh(desk.capture("k", &hold, "shop", 10).await);
        assert_eq!(desk.state("wallet").await.held, 40);
        desk.proven().await;
    }
}

/// An expired hold is not captured; the money is let go where a debit needs it, and not before.
pub async fn expired_hold_is_released_when_debit_needs_it<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 100).await);
        let expired = fresh(desk.expired_hold("h1", "wallet", 40).await).id.clone();
        fresh(desk.expired_hold("h2", "wallet", 30).await);
        let kept = fresh(desk.hold("h3", "wallet", 20).await).id.clone();
        assert!(matches!(unlawful(desk.capture("l", &expired, "shop", 1).await), LedgerError::HoldExpired { .. }));
        fresh(desk.delta("l", "wallet", -10).await);
        assert_eq!(desk.state("wallet").await.held, 90, "nothing needed it yet");
        unfit(desk.delta("m", "wallet", -71).await);
        assert_eq!(desk.state("wallet").await.held, 20, "what expired was let go, though it was not enough");
        let needed = fresh(desk.delta("m", "wallet", -70).await);
        assert_eq!(needed.balance, Some(20));
        assert_eq!((desk.state("wallet").await.held, desk.state("wallet").await.available()), (20, 0));
        let entries = desk.ledger.account("wallet").entries().await.expect("readable");
        let let_go: i64 = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Expire)
            .filter_map(|entry| hold_of(entry).map(|(_, reserved)| reserved))
            .sum();
        assert_eq!(let_go, -70);
        replayed(desk.delta("m", "wallet", -70).await, &needed);
        fresh(desk.capture("n", &kept, "shop", 20).await);
        assert_eq!(hold_of(&fresh(desk.release("o", &expired).await)), Some((&*expired, 0)));
        let late = fresh(desk.expired_hold("h4", "shop", 5).await).id.clone();
        fresh(desk.release("p", &late).await);
        assert_eq!(desk.state("shop").await.held, 0);
        desk.proven().await;
    }
}

/// What was captured, released or let go before is released by an entry that moves nothing, and a repeat gets that entry.
pub async fn release_of_ended_hold_writes_empty_entry<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 100).await);
        let captured = fresh(desk.hold("h1", "wallet", 10).await).id.clone();
        let released = fresh(desk.hold("h2", "wallet", 20).await).id.clone();
        let expired = fresh(desk.expired_hold("h3", "wallet", 70).await).id.clone();
        fresh(desk.capture("c1", &captured, "shop", 4).await);
        fresh(desk.capture("c2", &captured, "shop", 6).await);
        let first = fresh(desk.release("r", &released).await);
        fresh(desk.delta("l", "wallet", -30).await);
        for hold in [&captured, &released, &expired] {
            let key = format!("again {hold}");
            let nothing = fresh(desk.release(&key, hold).await);
            assert_eq!(
                (&nothing.kind, nothing.delta, hold_of(&nothing)),
                (&EntryKind::Release, 0, Some((hold.as_str(), 0)))
            );
            replayed(desk.release(&key, hold).await, &nothing);
        }
        replayed(desk.release("r", &released).await, &first);
        let state = desk.state("wallet").await;
        assert_eq!((state.balance, state.held, state.version), (60, 0, 12));
        // A closed account takes no entry, also none of nothing.
        fresh(desk.delta("m", "wallet", -60).await);
        desk.close("wallet").await.expect("closed");
        let closed = unlawful(desk.release("n", &expired).await);
        assert_eq!(closed, LedgerError::Closed { account: "wallet".to_owned() });
        replayed(desk.release("r", &released).await, &first);
        desk.proven().await;
    }
}

/// A capture of what is not reserved any more is a refusal that can be remembered; one without meaning is none.
pub async fn capture_refused_for_ended_hold_can_be_remembered<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("dollars", AccountSettings::default().unit("USD")).await.expect("opened");
        let spent = fresh(desk.hold("h1", "wallet", 10).await).id.clone();
        fresh(desk.capture("c", &spent, "shop", 10).await);
        let expired = fresh(desk.expired_hold("h2", "wallet", 10).await).id.clone();
        let small = fresh(desk.hold("h3", "wallet", 10).await).id.clone();
        for (key, hold, amount) in [("a", &spent, 1), ("b", &expired, 1), ("d", &small, 11)] {
            let first = unlawful(desk.capture_or_remember(key, hold, "shop", amount).await);
            let rows = desk.rows().await;
            assert_eq!(unlawful(desk.capture(key, hold, "shop", amount).await), first);
            refused(desk.capture(key, hold, "shop", amount + 1).await, ErrorKind::KeyReused);
            assert_eq!(desk.rows().await, rows, "{first}");
        }
        let other_unit = unlawful(desk.capture_or_remember("e", &spent, "dollars", 1).await);
        assert!(matches!(other_unit, LedgerError::OtherUnit { .. }), "{other_unit}");
        let unknown = unlawful(desk.capture_or_remember("e", "nothing", "shop", 1).await);
        assert_eq!(unknown, LedgerError::UnknownHold { hold: "nothing".to_owned() });
        fresh(desk.capture("e", &small, "shop", 1).await);
        desk.proven().await;
    }
}

/// However many of them: the money is there.
pub async fn many_expired_holds_are_released_for_one_debit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (ledger, mut tx) = (stored.idem.ledger(), stored.idem.begin().await.expect("begun"));
    let wallet = ledger.account("wallet");
    wallet.within(&mut tx).open(Bounds::at_least(0)).await.expect("opened");
    fresh(wallet.within(&mut tx).apply_delta(&key("k"), 1_100).await);
    for number in 0..1_100 {
        fresh(wallet.within(&mut tx).hold_for(&key(&format!("h{number}")), 1, Duration::ZERO).await);
    }
    tx.commit().await.expect("committed");
    let needed = fresh(wallet.apply_delta(&key("l"), -1_100).await);
    assert_eq!((needed.balance, needed.seq), (Some(0), 2_202));
    assert!(ledger.audit().await.expect("readable").is_sound());
}

/// A decision that rests on what was read is not stale because a hold has expired since.
pub async fn expired_hold_makes_no_expected_version_stale<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 100).await);
        fresh(desk.expired_hold("h", "wallet", 100).await);
        let paid = fresh(desk.delta_at("l", "wallet", 2, -60).await);
        assert_eq!((paid.seq, paid.balance), (4, Some(40)));
        unlawful(desk.delta_at("m", "wallet", 3, -1).await);
        desk.proven().await;
    }
}

/// Captures that race never take more than there is.
pub async fn concurrent_captures_take_no_more_than_is_held<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let hold = fresh(desk.hold("h", "wallet", 10).await).id.clone();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..16 {
            let (idem, hold, way) = (desk.idem.clone(), hold.clone(), desk.way);
            tasks.spawn(async move {
                let (ledger, key, shop) = (idem.ledger(), key(&format!("k{number}")), format!("shop {number}"));
                if way == super::Way::Own {
                    return ledger.capture(&key, hold, shop, 1).await;
                }
                let mut tx = idem.begin().await?;
                let captured = ledger.within(&mut tx).capture(&key, hold, shop, 1).await;
                tx.commit().await.map(|()| captured)?
            });
        }
        let mut made = 0;
        while let Some(captured) = tasks.join_next().await {
            match captured.expect("no panic") {
                Ok(_) => made += 1,
                other => assert!(matches!(unlawful(other), LedgerError::HoldSpent { .. })),
            }
        }
        let wallet = desk.state("wallet").await;
        assert_eq!((made, wallet.balance, wallet.held), (10, -10, 0));
        desk.proven().await;
    }
}

/// A lifetime beyond all times is one that ends within them, for the repeat and for the audit.
pub async fn hold_of_longest_lifetime_passes_audit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let account = stored.idem.ledger().account("wallet");
    fresh(account.apply_delta(&key("k"), 10).await);
    let held = fresh(account.hold_for(&key("h"), 5, Duration::MAX).await);
    replayed(account.hold_for(&key("h"), 5, Duration::MAX).await, &held);
    assert!(stored.idem.ledger().audit().await.expect("an audit").is_sound());
}
