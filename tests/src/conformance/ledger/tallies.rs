//! Accounts that many credit at once.

use idem_core::error::LedgerError;
use idem_core::ledger::{Bounds, Opening};
use idem_core::{ErrorKind, Timestamp};
use tokio::task::JoinSet;

use super::{Desk, unlawful};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// An entry without a balance after it; a repeat gets the same.
pub async fn entries_count_without_a_balance<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", Opening::tally()).await.expect("opened");
        let first = fresh(desk.delta("k", "revenue", 5).await);
        assert_eq!((first.delta, first.balance), (5, None));
        let second = fresh(desk.delta("l", "revenue", -2).await);
        assert!(second.seq > first.seq, "in the order of time");
        replayed(desk.delta("k", "revenue", 5).await, &first);
        refused(desk.delta("k", "revenue", 6).await, ErrorKind::KeyReused);
        let state = desk.state("revenue").await;
        assert_eq!((state.balance, state.version, state.tally), (3, 0, true));
        let listed = desk.ledger.account("revenue").entries().await.expect("readable");
        assert_eq!(listed, [first.into_inner(), second.into_inner()]);
        desk.proven().await;
    }
}

/// Customer to tally, tally to customer, tally to tally: both sides, and the same again on a repeat.
pub async fn they_take_part_in_postings<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        for tally in ["revenue", "tax"] {
            desk.open(tally, Opening::tally()).await.expect("opened");
        }
        fresh(desk.delta("k", "wallet", 100).await);
        let paid = fresh(desk.transfer("l", "wallet", "revenue", 60).await);
        assert_eq!((paid.from.balance, paid.to.balance, paid.to.delta), (Some(40), None, 60));
        let legs = [("revenue", -9), ("tax", 4), ("tax", 5), ("wallet", 0)];
        let taxed = fresh(desk.post("m", &legs).await);
        let refund = fresh(desk.transfer("n", "revenue", "wallet", 1).await);
        replayed(desk.transfer("l", "wallet", "revenue", 60).await, &paid);
        replayed(desk.post("m", &legs).await, &taxed);
        replayed(desk.transfer("n", "revenue", "wallet", 1).await, &refund);
        assert_eq!(fresh(desk.transfer("o", "revenue", "revenue", 3).await).to.delta, 3);
        refused(desk.transfer("p", "wallet", "revenue", 42).await, ErrorKind::OutOfBounds);
        let balances = (desk.balance("wallet").await, desk.balance("revenue").await, desk.balance("tax").await);
        assert_eq!(balances, (41, 50, 9));
        desk.proven().await;
    }
}

/// What needs the balance of the moment is refused.
pub async fn what_needs_a_balance_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", Opening::tally()).await.expect("opened");
        fresh(desk.delta("k", "revenue", 5).await);
        let hold = fresh(desk.hold("h", "wallet", 5).await).id.clone();
        let rows = desk.rows().await;
        let account = desk.ledger.account("revenue");
        let tally = |error| assert_eq!(error, LedgerError::Tally { account: "revenue".to_owned() });
        tally(unlawful(desk.set("l", "revenue", 0).await));
        tally(unlawful(desk.hold("l", "revenue", 1).await));
        tally(unlawful(desk.delta_at("l", "revenue", 0, 1).await));
        tally(unlawful(desk.close("revenue").await));
        tally(unlawful(account.balance_after(1).await));
        assert_eq!(desk.rows().await, rows);
        fresh(desk.capture("m", &hold, "revenue", 5).await);
        assert_eq!(desk.balance("revenue").await, 10);
        desk.proven().await;
    }
}

/// Summed up to a time.
pub async fn balances_of_the_past_are_sums<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", Opening::tally()).await.expect("opened");
        let account = desk.ledger.account("revenue");
        let mut entries = Vec::new();
        for delta in [5, 7, -1] {
            entries.push(fresh(desk.delta(&format!("k{delta}"), "revenue", delta).await));
        }
        for entry in &entries {
            let sum: i64 = entries.iter().filter(|other| other.at() <= entry.at()).map(|other| other.delta).sum();
            assert_eq!(account.balance_at(entry.at()).await.expect("readable"), sum);
        }
        assert_eq!(account.balance_at(Timestamp::from_micros(0)).await.expect("readable"), 0);
        assert_eq!(account.balance_at(Timestamp::from_micros(i64::MAX)).await.expect("readable"), 11);
        desk.proven().await;
    }
}

/// Every customer's purse, and one tally for all of them: nothing is lost, and no purse overdrawn.
pub async fn many_customers_pay_at_once<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("revenue", Opening::tally()).await.expect("opened");
    let mut tasks = JoinSet::new();
    for caller in 0..32 {
        let ledger = own.ledger.clone();
        tasks.spawn(async move {
            for round in 0..20 {
                let key = key(&format!("k{caller}-{round}"));
                fresh(ledger.transfer(&key, format!("customer {}", caller % 8), "revenue", 3).await);
                ledger.transfer(&key, format!("customer {}", caller % 8), "revenue", 3).await.expect("a replay");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    assert_eq!(own.balance("revenue").await, 32 * 20 * 3);
    assert_eq!(own.balance("customer 0").await, -4 * 20 * 3);
    let entries = own.ledger.account("revenue").entries().limit(10_000).await.expect("readable");
    assert_eq!(entries.iter().map(|entry| entry.delta).sum::<i64>(), 32 * 20 * 3);
    own.proven().await;
}

/// A stranger's credit that is not committed keeps nobody waiting, where a database writes more than one thing at a time.
pub async fn a_credit_waits_for_no_other<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    let ledger = stored.idem.ledger();
    let (revenue, bound) = (ledger.account("revenue"), std::time::Duration::from_millis(200));
    revenue.open(Opening::tally()).await.expect("opened");
    let mut stranger = stored.idem.begin().await.expect("begun");
    fresh(revenue.within(&mut stranger).apply_delta(&key("k"), 5).await);
    fresh(revenue.apply_delta(&key("l"), 6).deadline(bound).await);
    fresh(ledger.transfer(&key("m"), "wallet", "revenue", 7).deadline(bound).await);
    let mut other = stored.idem.begin().await.expect("begun");
    fresh(ledger.within(&mut other).transfer(&key("n"), "purse", "revenue", 8).await);
    other.commit().await.expect("committed");
    assert_eq!(revenue.get().await.expect("readable").expect("open").balance, 21);
    stranger.commit().await.expect("committed");
    assert_eq!(revenue.get().await.expect("readable").expect("open").balance, 26);
}
