//! Accounts that many credit at once.

use idem_core::error::LedgerError;
use idem_core::ledger::{AccountSettings, Bounds};
use idem_core::{ErrorKind, Natural, Timestamp};
use tokio::task::JoinSet;

use super::{Desk, unfit, unlawful};
use crate::conformance::machines::{Payment, Shop, payment};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// How far from 0 a tally's changes lead.
const EDGE: i64 = i64::MAX - (1 << 61);

/// An entry without a balance after it; a repeat gets the same.
pub async fn tally_entry_has_no_balance_and_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", AccountSettings::tally()).await.expect("opened");
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
pub async fn tally_takes_part_in_transfers_and_postings<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("wallet", Bounds::at_least(0)).await.expect("opened");
        for tally in ["revenue", "tax"] {
            desk.open(tally, AccountSettings::tally()).await.expect("opened");
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
pub async fn tally_refuses_changes_that_need_balance<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", AccountSettings::tally()).await.expect("opened");
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
pub async fn tally_balance_at_time_is_sum_of_entries<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", AccountSettings::tally()).await.expect("opened");
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

/// What would take a tally out of 64 bits is refused, alone and in a batch, and its balance can be read ever after.
pub async fn tally_change_beyond_64_bits_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("revenue", AccountSettings::tally()).await.expect("opened");
        let account = desk.ledger.account("revenue");
        fresh(desk.delta("k", "revenue", 5).await);
        fresh(desk.delta("l", "revenue", EDGE - 5).await);
        let hold = fresh(desk.hold("h", "wallet", 9).await).id.clone();
        for amount in [1, 2_000_000_000_000, i64::MAX] {
            let refused = unfit(desk.delta("m", "revenue", amount).await);
            assert_eq!((&*refused.account, refused.balance, refused.delta), ("revenue", EDGE, amount));
            unfit(desk.transfer("m", "wallet", "revenue", amount).await);
            unfit(desk.post("m", &[("revenue", amount), ("revenue", -amount)]).await);
        }
        unfit(desk.capture("m", &hold, "revenue", 1).await);
        let refused = unfit(desk.delta_or_remember("n", "revenue", 1).await);
        assert_eq!(unfit(desk.delta("n", "revenue", 1).await).to_string(), refused.to_string());
        assert_eq!(desk.balance("revenue").await, EDGE);
        let mut tx = desk.idem.begin().await.expect("begun");
        assert_eq!(account.within(&mut tx).lock().await.expect("readable").balance, EDGE);
        tx.rollback().await;
        let first = fresh(desk.delta("o", "revenue", -1).await);
        replayed(desk.delta("o", "revenue", -1).await, &first);
        fresh(desk.capture("m", &hold, "revenue", 1).await);
        // All the way to the other end.
        for (key, delta) in [("p", -EDGE), ("q", -EDGE)] {
            fresh(desk.delta(key, "revenue", delta).await);
        }
        fresh(desk.post("r", &[("revenue", 7), ("wallet", -7)]).await);
        assert_eq!(desk.balance("revenue").await, 7 - EDGE);
        unfit(desk.delta("s", "revenue", -8).await);
        fresh(desk.delta("s", "revenue", -7).await);
        unfit(desk.delta("t", "revenue", -1).await);
        assert_eq!(desk.balance("revenue").await, -EDGE);
        assert_eq!(account.balance_at(Timestamp::from_micros(i64::MAX)).await.expect("readable"), -EDGE);
        desk.proven().await;
    }
}

/// The same for those that come at once, from two processes: as many as fit.
pub async fn concurrent_tally_changes_stay_within_64_bits<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        for (account, first, amount, fit) in [("many", 0, EDGE / 4, 4), ("few", EDGE - 4, 1, 4)] {
            desk.open(account, AccountSettings::tally()).await.expect("opened");
            fresh(desk.delta(account, account, first).await);
            let mut tasks = JoinSet::new();
            for caller in 0..16 {
                let (idem, way) = (desk.another().await, desk.way);
                tasks.spawn(async move {
                    let (account, key) = (idem.ledger().account(account), key(&format!("{account} {caller}")));
                    if way == super::Way::Own {
                        return account.apply_delta(&key, amount).await;
                    }
                    let mut tx = idem.begin().await?;
                    let credited = account.within(&mut tx).apply_delta(&key, amount).await;
                    tx.commit().await.map(|()| credited)?
                });
            }
            let mut credited = 0;
            while let Some(answer) = tasks.join_next().await {
                match answer.expect("no panic") {
                    Ok(_) => credited += 1,
                    other => drop(unfit(other)),
                }
            }
            assert_eq!((credited, desk.balance(account).await), (fit, first + fit * amount), "{account}");
        }
        desk.proven().await;
    }
}

/// A small change that is not committed yet, which nobody sees, leaves room for one that is as large as may be.
pub async fn tally_with_uncommitted_change_accepts_largest_change<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    for desk in Desk::each(&stored).await {
        desk.open("revenue", AccountSettings::tally()).await.expect("opened");
        let account = desk.ledger.account("revenue");
        let mut tx = desk.idem.begin().await.expect("begun");
        fresh(account.within(&mut tx).apply_delta(&key("small"), 1 << 40).await);
        unfit(desk.delta("k", "revenue", i64::MAX).await);
        fresh(desk.delta("k", "revenue", EDGE).await);
        tx.commit().await.expect("commits");
        assert_eq!(desk.balance("revenue").await, EDGE + (1 << 40));
        unfit(desk.delta("l", "revenue", 1).await);
        fresh(desk.delta("l", "revenue", -1).await);
        desk.proven().await;
    }
}

/// A step that would take a tally out of 64 bits takes the other one.
pub async fn step_beyond_tally_limit_takes_other_step<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("authorizations", AccountSettings::tally()).await.expect("opened");
        fresh(desk.delta("k", "authorizations", EDGE - 1).await);
        let payments = Payment::stored(&desk.idem, Shop);
        let authorize = |id: &str| {
            let payment = payments.at(id);
            async move {
                payment.authorize(Natural, payment::Authorize { price: 1, expires: false }).await.expect("answered")
            }
        };
        assert_ne!(*authorize("fits").await, "declined");
        assert_eq!(*authorize("does not").await, "declined");
        assert!(authorize("does not").await.is_replay());
        assert_eq!((desk.balance("authorizations").await, desk.balance("declined").await), (EDGE, 1));
        desk.proven().await;
    }
}

/// Customers with an account each pay into one tally: no payment is lost.
pub async fn concurrent_transfers_to_tally_lose_nothing<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("revenue", AccountSettings::tally()).await.expect("opened");
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

/// A credit of another transaction that is not committed keeps nobody waiting, where a database writes more than one thing at a time.
pub async fn tally_credit_waits_for_no_uncommitted_credit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    let ledger = stored.idem.ledger();
    let (revenue, bound) = (ledger.account("revenue"), std::time::Duration::from_millis(200));
    revenue.open(AccountSettings::tally()).await.expect("opened");
    let mut other_tx = stored.idem.begin().await.expect("begun");
    fresh(revenue.within(&mut other_tx).apply_delta(&key("k"), 5).await);
    fresh(revenue.apply_delta(&key("l"), 6).deadline(bound).await);
    fresh(ledger.transfer(&key("m"), "wallet", "revenue", 7).deadline(bound).await);
    let mut other = stored.idem.begin().await.expect("begun");
    fresh(ledger.within(&mut other).transfer(&key("n"), "savings", "revenue", 8).await);
    other.commit().await.expect("committed");
    assert_eq!(revenue.get().await.expect("readable").expect("open").balance, 21);
    other_tx.commit().await.expect("committed");
    assert_eq!(revenue.get().await.expect("readable").expect("open").balance, 26);
}
