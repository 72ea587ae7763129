//! How far calls are grouped, and how that ends.

use std::time::Duration;

use idem_core::ledger::{Bounds, Delta};
use idem_core::machine::Item;
use idem_core::{Error, ErrorKind, GroupCommit, Idem, Natural, Outcome};
use tokio::task::JoinSet;

use super::begun::{all_fresh, begin, renewing};
use super::{all, patient};
use crate::conformance::machines::{Order, Shop, Subscription, order, subscription};
use crate::conformance::opening::pool;
use crate::conformance::{Stored, Subject, fresh, key, refused};

async fn grouped<S: Subject>(on: &S, grouping: GroupCommit) -> Idem<S::DB> {
    let builder = on.builder().lock_wait(Duration::from_mins(1)).acquire_timeout(Duration::from_mins(1));
    builder.group_commit(grouping).open(&on.url()).await.expect("opened")
}

/// How many share a transaction: they have its time.
pub async fn group_size_is_limited_by_settings<S: Subject>(on: &S) {
    let (stored, other) = (Stored::open(on).await, patient(on).await);
    if on.differences().coarse_clock {
        return;
    }
    let on_by_default = GroupCommit::default();
    for (id, grouping, most) in [
        ("all", on_by_default, 63),
        ("calls", on_by_default.max_calls(3), 3),
        ("bytes", on_by_default.max_bytes(0), 1),
        ("off", GroupCommit::off(), 1),
    ] {
        let subscription = Subscription::stored(&grouped(on, grouping).await, Shop).at(id);
        fresh(subscription.start(Natural, subscription::Active).await);
        let mut tx = other.begin().await.expect("begun");
        fresh(subscription.within(&mut tx).renew(&key(id), subscription::Renew { months: 0 }).await);
        // The first is alone, all others wait for it.
        let calls = renewing(&subscription, id, 64).await;
        tx.commit().await.expect("committed");
        all_fresh(calls).await;
        let times = format!("SELECT count(*) AS n FROM idem_transitions WHERE id = '{id}' GROUP BY at");
        assert_eq!(stored.number(&format!("SELECT max(n) FROM ({times}) t")).await, most, "{id}");
    }
}

/// Where few may wait, more wait for a place: within their deadlines, and all of them are answered.
pub async fn group_calls_beyond_max_waiting_are_all_answered<S: Subject>(on: &S) {
    let (narrow, other) = (grouped(on, GroupCommit::default().max_waiting(4)).await, patient(on).await);
    let subscription = Subscription::stored(&narrow, Shop).at("d");
    fresh(subscription.start(Natural, subscription::Active).await);
    let mut tx = other.begin().await.expect("begun");
    fresh(subscription.within(&mut tx).renew(&key("holder"), subscription::Renew { months: 0 }).await);
    let calls = renewing(&subscription, "k", 64).await;
    let late =
        subscription.renew(&key("late"), subscription::Renew { months: 0 }).deadline(Duration::from_millis(20)).await;
    refused(late, ErrorKind::InFlight);
    tx.commit().await.expect("committed");
    let mut seqs: Vec<_> = all_fresh(calls).await.iter().map(Outcome::seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (3..67).collect::<Vec<_>>());
}

/// Those under way are answered, those who come later are refused, by every call that writes in a transaction of its own.
pub async fn shutdown_answers_running_calls_and_refuses_new_ones<S: Subject>(on: &S) {
    let (idem, other) = (patient(on).await, patient(on).await);
    let (subscription, orders) = (Subscription::stored(&idem, Shop).at("d"), Order::stored(&idem, Shop));
    fresh(subscription.start(Natural, subscription::Active).await);
    fresh(orders.at("o").start(Natural, order::Pending { total: 500 }).await);
    let mut tx = other.begin().await.expect("begun");
    fresh(subscription.within(&mut tx).renew(&key("holder"), subscription::Renew { months: 0 }).await);
    let calls = renewing(&subscription, "k", 32).await;
    let mut shutdown = Box::pin(idem.shutdown());
    begin(&mut shutdown).await;
    let (k, account) = (key("late"), idem.ledger().account("a"));
    refused(subscription.renew(&k, subscription::Renew { months: 0 }).await, ErrorKind::ShutDown);
    refused(orders.at("o").pay(&k, order::Pay { amount: 500, rate: 1 }).await, ErrorKind::ShutDown);
    refused(account.apply_delta(&k, 1).await, ErrorKind::ShutDown);
    refused(idem.ledger().transfer(&k, "a", "b", 1).await, ErrorKind::ShutDown);
    refused(idem.ledger().apply_batch(&[Delta::new("a", &k, 1)]).await, ErrorKind::ShutDown);
    let pay = Item::new("o", &k, order::Pay { amount: 500, rate: 1 });
    for answer in orders.apply_all([pay]).await {
        refused(answer, ErrorKind::ShutDown);
    }
    refused(idem.begin().await.map(drop), ErrorKind::ShutDown);
    refused(account.open(Bounds::default()).await, ErrorKind::ShutDown);
    let error = idem.transaction::<(), Error, _, _>(|_| async { Ok(()) }).await;
    refused(error, ErrorKind::ShutDown);
    tx.commit().await.expect("committed");
    let calls = tokio::spawn(all_fresh(calls));
    shutdown.await;
    calls.await.expect("no panic");
    let subscription = Subscription::stored(&other, Shop).at("d");
    assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 2 + 32);
}

/// Of a caller's pool as well, however small.
pub async fn group_commit_on_pool_of_caller_answers_all_calls<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for connections in [1, 4] {
        let idem =
            on.builder().lock_wait(Duration::from_mins(1)).open_pool(pool(on, connections).await).expect("a pool");
        let (subscription, account) =
            (Subscription::stored(&idem, Shop).at(format!("d{connections}")), idem.ledger().account("a"));
        let mut tasks = JoinSet::new();
        for caller in 0..64 {
            let (subscription, account, key) =
                (subscription.clone(), account.clone(), key(&format!("{connections}-{caller}")));
            tasks.spawn(async move {
                fresh(subscription.renew(&key, subscription::Renew { months: 0 }).await);
                fresh(account.apply_delta(&key, 1).await);
            });
        }
        all(tasks).await;
        assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 1 + 64);
    }
    let account = stored.idem.ledger().account("a");
    assert_eq!(account.get().await.expect("readable").expect("open").balance, 2 * 64);
}
