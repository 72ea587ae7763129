//! Changes of several accounts under one key.

use idem_core::ErrorKind;
use idem_core::error::LedgerError;
use idem_core::ledger::{Bounds, EntryKind};
use tokio::task::JoinSet;

use super::{Desk, unfit, unlawful};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// Two entries that sum to zero, or none; a repeat gets both.
pub async fn transfer_writes_both_entries_or_none<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        desk.open("full", Bounds::at_most(50)).await.expect("opened");
        fresh(desk.delta("k", "wallet", 100).await);
        let rows = desk.rows().await;
        assert_eq!(unfit(desk.transfer("l", "wallet", "shop", 101).await).account, "wallet");
        assert_eq!(unfit(desk.transfer("l", "wallet", "full", 51).await).account, "full");
        assert_eq!(unfit(desk.transfer("l", "shop", "wallet", -101).await).account, "wallet");
        assert_eq!((desk.rows().await, desk.balance("wallet").await, desk.balance("full").await), (rows, 100, 0));
        let paid = fresh(desk.transfer("l", "wallet", "shop", 100).await);
        assert_eq!((paid.from.delta, paid.from.balance, paid.from.seq), (-100, Some(0), 2));
        assert_eq!((paid.to.delta, paid.to.balance, paid.to.seq), (100, Some(100), 1));
        assert_eq!(
            (&paid.from.kind, &paid.to.kind, paid.from.at),
            (&EntryKind::Transfer, &EntryKind::Transfer, paid.at())
        );
        fresh(desk.delta("m", "shop", 1).await);
        replayed(desk.transfer("l", "wallet", "shop", 100).await, &paid);
        for other in [("wallet", "shop", 99), ("wallet", "full", 100), ("shop", "wallet", 100)] {
            let error = refused(desk.transfer("l", other.0, other.1, other.2).await, ErrorKind::KeyReused);
            assert!(error.to_string().contains("`transfer` of 100 from \"wallet\" to \"shop\""), "{error}");
        }
        assert_eq!((desk.balance("wallet").await, desk.balance("shop").await), (0, 101));
        desk.proven().await;
    }
}

/// Nothing, backwards, and to oneself: two entries all the same.
pub async fn transfer_of_zero_or_negative_amount_writes_two_entries<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let nothing = fresh(desk.transfer("k", "a", "b", 0).await);
        assert_eq!((nothing.from.delta, nothing.to.delta), (0, 0));
        let back = fresh(desk.transfer("l", "a", "b", -7).await);
        assert_eq!((back.from.balance, back.to.balance), (Some(7), Some(-7)));
        let own = fresh(desk.transfer("m", "a", "a", 5).await);
        assert_eq!((own.from.seq, own.from.balance, own.to.seq, own.to.balance), (3, Some(2), 4, Some(7)));
        replayed(desk.transfer("k", "a", "b", 0).await, &nothing);
        replayed(desk.transfer("m", "a", "a", 5).await, &own);
        assert_eq!((desk.balance("a").await, desk.state("a").await.version), (7, 4));
        desk.proven().await;
    }
}

/// All entries in the order of the call, accounts as often as they are named; less than two, or a rest, is refused.
pub async fn posting_writes_all_entries_in_order_or_none<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        let legs = [("bank", -10), ("wallet", 4), ("fees", 1), ("wallet", -1), ("wallet", 6)];
        let posted = fresh(desk.post("k", &legs).await);
        let told: Vec<_> = posted.iter().map(|entry| (&*entry.account, entry.delta)).collect();
        assert_eq!(told, legs);
        let balances: Vec<_> = posted.iter().filter_map(|entry| entry.balance).collect();
        assert_eq!(balances, [-10, 4, 1, 3, 9]);
        assert_eq!(posted.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 1, 1, 2, 3]);
        replayed(desk.post("k", &legs).await, &posted);
        let rows = desk.rows().await;
        refused(desk.post("k", &[("bank", -10), ("wallet", 10)]).await, ErrorKind::KeyReused);
        refused(desk.post("k", &[legs[1], legs[0], legs[2], legs[3], legs[4]]).await, ErrorKind::KeyReused);
        assert_eq!(
            unlawful(desk.post("l", &[("bank", -10), ("wallet", 9)]).await),
            LedgerError::Unbalanced { unit: None, sum: -1 }
        );
        for few in [&[][..], &[("bank", 0)]] {
            assert_eq!(unlawful(desk.post("l", few).await), LedgerError::TooFewEntries { entries: few.len() });
        }
        // Bounds hold after each entry, not only at the end.
        assert_eq!(unfit(desk.post("l", &[("wallet", -10), ("wallet", 10)]).await).delta, -10);
        assert_eq!((desk.rows().await, desk.balance("wallet").await), (rows, 9));
        desk.proven().await;
    }
}

/// As many entries as a posting may have, and one more.
pub async fn posting_of_1000_entries_is_written_and_larger_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let names: Vec<String> = (0..999).map(|number| format!("a{:03}", number % 400)).collect();
        let mut legs: Vec<_> = names.iter().map(|name| (&**name, 1)).collect();
        legs.push(("bank", -999));
        let posted = fresh(desk.post("k", &legs).await);
        assert!(posted.iter().zip(&legs).all(|(entry, leg)| (&*entry.account, entry.delta) == *leg));
        replayed(desk.post("k", &legs).await, &posted);
        assert_eq!((desk.balance("a000").await, desk.balance("a399").await, desk.balance("bank").await), (3, 2, -999));
        legs.push(("bank", 0));
        assert_eq!(unlawful(desk.post("l", &legs).await), LedgerError::TooMany { items: 1_001, limit: 1_000 });
        desk.proven().await;
    }
}

/// In opposite directions, over and over: none is lost, none ends in a deadlock, and the sum stays what it was.
pub async fn concurrent_transfers_in_opposite_directions_do_not_deadlock<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, within] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    let mut tasks = JoinSet::new();
    for number in 0..128_i64 {
        let (idem, name) = (own.idem.clone(), format!("k{number}"));
        let side = number % 4;
        tasks.spawn(async move {
            let (ledger, key) = (idem.ledger(), key(&name));
            match side {
                0 => ledger.transfer(&key, "a", "b", 5).await.map(drop),
                1 => ledger.transfer(&key, "b", "a", 5).await.map(drop),
                2 => ledger.post(&key, [("b", -1), ("c", 3), ("a", -2)]).await.map(drop),
                _ => ledger.post(&key, [("a", 2), ("c", -3), ("b", 1)]).await.map(drop),
            }
        });
    }
    while let Some(moved) = tasks.join_next().await {
        moved.expect("no panic").expect("each is answered");
    }
    for account in ["a", "b", "c"] {
        assert_eq!(own.balance(account).await, 0);
    }
    assert_eq!(own.state("a").await.version, 128);
    assert_eq!(within.balance("a").await, 0);
    own.proven().await;
}
