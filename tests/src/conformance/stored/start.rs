//! Row g: machines come into being.

use idem_core::machine::Event;
use idem_core::{Error, ErrorKind, Natural};

use crate::conformance::machines::{Order, Subscription, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// `start` is named by the machine alone.
pub async fn start_repeat_is_replayed_and_other_data_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let started = fresh(order.start(Natural, order::Pending { total: 500 }).await);
    assert_eq!(started.seq(), 1);
    assert!(!replayed(order.start(Natural, order::Pending { total: 500 }).await, &started).is_superseded());
    fresh(order.pay(Natural, PAY).await);
    assert!(replayed(order.start(Natural, order::Pending { total: 500 }).await, &started).is_superseded());
    let error = refused(order.start(Natural, order::Pending { total: 501 }).await, ErrorKind::AlreadyStarted);
    assert!(matches!(error.failure(), Some(Error::AlreadyStarted { at, .. }) if *at == started.at()), "{error:?}");
    assert_eq!(order.get().await.expect("readable").expect("started").version(), 2);
}

/// Retryable: the start may be on its way.
pub async fn command_before_needed_start_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let error = refused(order.pay(&key("k"), PAY).await, ErrorKind::NotStarted);
    assert!(error.is_retryable() && error.to_string().contains("start"), "{error}");
    refused(order.pay(Natural, PAY).await, ErrorKind::NotStarted);
    assert_eq!(stored.rows().await, 0);
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    fresh(order.pay(&key("k"), PAY).await);
}

/// The first command starts the machine, in the same write.
pub async fn command_on_machine_without_initial_data_starts_it<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let subscription = stored.subscriptions().at("d");
    refused(subscription.resume(&key("k")).await, ErrorKind::Invalid);
    assert_eq!(stored.rows().await, 0, "what is refused starts nothing");
    let renewed = fresh(subscription.renew(&key("k"), subscription::Renew { months: 3 }).await);
    assert_eq!((renewed.seq(), *renewed), (2, 5));
    replayed(subscription.renew(&key("k"), subscription::Renew { months: 3 }).await, &renewed);
    let started = subscription.start(Natural, subscription::Active).await.expect("as if started");
    assert!(started.is_replay() && started.seq() == 1);
    let history = subscription.history().await.expect("a history").all().expect("readable");
    assert!(matches!(history[0].event, Event::Started));
    assert_eq!((history.len(), &history[0].state), (2, &Subscription::Active));
    assert!(subscription.verify().await.expect("an audit").differences.is_empty());
}

/// A known key is answered by what it remembers, not by the machine's row.
pub async fn key_of_edited_or_deleted_machine_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    let paid = fresh(order.pay(&key("k"), PAY).await);
    stored.execute("UPDATE idem_machines SET state = 'Unheard'").await;
    replayed(order.pay(&key("k"), PAY).await, &paid);
    stored.execute("DELETE FROM idem_machines").await;
    replayed(order.pay(&key("k"), PAY).await, &paid);
    refused(order.pay(&key("l"), PAY).await, ErrorKind::NotStarted);
    assert!(order.rebuild().await.expect("rebuilt"));
    assert!(matches!(order.get().await.expect("readable").expect("rebuilt").state(), Order::Paid { .. }));
}

/// Under a key a start is a request as any other.
pub async fn start_under_key_is_one_request<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (order, other) = (stored.orders().at("o"), stored.orders().at("p"));
    let (pending, dearer) = (order::Pending { total: 500 }, order::Pending { total: 501 });
    let started = fresh(order.start(&key("k"), pending.clone()).await);
    assert_eq!((started.seq(), started.state()), (1, Some(order::StateKind::Pending)));
    replayed(order.start(&key("k"), pending.clone()).await, &started);
    refused(order.start(&key("k"), dearer.clone()).await, ErrorKind::KeyReused);
    refused(other.start(&key("k"), pending.clone()).await, ErrorKind::KeyReused);
    let error = refused(order.pay(&key("k"), PAY).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("`start` on \"o\""), "{error}");
    // Found started by another key, which is then known as well.
    replayed(order.start(&key("l"), pending.clone()).await, &started);
    refused(order.start(&key("l"), dearer.clone()).await, ErrorKind::KeyReused);
    refused(order.start(&key("m"), dearer).await, ErrorKind::AlreadyStarted);
    let mut tx = stored.idem.begin().await.expect("begun");
    let inside = fresh(other.within(&mut tx).start(&key("m"), pending.clone()).await);
    replayed(other.within(&mut tx).start(&key("m"), pending.clone()).await, &inside);
    tx.commit().await.expect("committed");
    replayed(other.start(&key("m"), pending).await, &inside);
    assert!(order.verify().await.expect("an audit").differences.is_empty());
}

/// A start and a command under one key: both or neither, and one request.
pub async fn start_with_command_is_one_request<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let (pending, dearer) = (order::Pending { total: 500 }, order::Pending { total: 501 });
    refused(order.start_and(&key("k"), dearer.clone(), PAY).await, ErrorKind::Rejected);
    assert_eq!(stored.rows().await, 0, "what is refused starts nothing");
    let paid = fresh(order.start_and(&key("k"), pending.clone(), PAY).await);
    assert_eq!((paid.seq(), paid.state(), paid.amount), (2, Some(order::StateKind::Paid), 500));
    // The rate is a fact.
    let again = order::Pay { rate: 2, ..PAY };
    replayed(order.start_and(&key("k"), pending.clone(), again).await, &paid);
    refused(order.start_and(&key("k"), dearer.clone(), PAY).await, ErrorKind::KeyReused);
    refused(order.start_and(&key("k"), pending.clone(), order::Pay { amount: 1, rate: 1 }).await, ErrorKind::KeyReused);
    refused(order.pay(&key("k"), PAY).await, ErrorKind::KeyReused);
    refused(order.start(&key("k"), pending.clone()).await, ErrorKind::KeyReused);
    // As any two: the state is reached, with the same payload or another.
    replayed(order.pay(&key("l"), PAY).await, &paid);
    replayed(order.pay(Natural, PAY).await, &paid);
    replayed(order.start_and(&key("m"), pending.clone(), PAY).await, &paid);
    refused(order.start_and(&key("n"), dearer, PAY).await, ErrorKind::AlreadyStarted);
    let cancel = order::Cancel { reason: "late".into() };
    fresh(order.cancel(&key("c"), cancel.clone()).await);
    refused(order.start_and(&key("c"), pending.clone(), cancel.clone()).await, ErrorKind::KeyReused);
    assert!(replayed(order.start_and(&key("k"), pending.clone(), PAY).await, &paid).is_superseded());
    assert!(order.verify().await.expect("an audit").differences.is_empty());
    // A machine that was started with the same data: the command runs alone.
    let other = stored.orders().at("p");
    fresh(other.start(Natural, pending.clone()).await);
    assert_eq!(fresh(other.start_and(&key("p"), pending.clone(), cancel.clone()).await).seq(), 2);
    let mut tx = stored.idem.begin().await.expect("begun");
    let third = stored.orders().at("q");
    let inside = fresh(third.within(&mut tx).start_and(&key("q"), pending.clone(), cancel.clone()).await);
    replayed(third.within(&mut tx).start_and(&key("q"), pending.clone(), cancel.clone()).await, &inside);
    tx.commit().await.expect("committed");
    replayed(third.start_and(&key("q"), pending, cancel).await, &inside);
}

/// Copies of one request at once start one machine, and run the command once.
pub async fn concurrent_starts_with_command_have_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for round in 0..5 {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let order = stored.orders().at(format!("o{round}"));
            let k = key(&format!("k{round}"));
            tasks.spawn(async move { order.start_and(&k, order::Pending { total: 500 }, PAY).await });
        }
        let mut seen = Vec::new();
        while let Some(paid) = tasks.join_next().await {
            seen.push(paid.expect("no panic").expect("each is answered"));
        }
        assert_eq!(seen.iter().filter(|paid| paid.is_fresh()).count(), 1);
        assert!(seen.iter().all(|paid| **paid == *seen[0] && paid.seq() == 2));
    }
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'sales'").await, 5 * 500);
}
