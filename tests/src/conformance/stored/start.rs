//! Row g: machines come into being.

use idem_core::machine::Event;
use idem_core::{Error, ErrorKind, Natural};

use crate::conformance::machines::{Door, Order, door, order};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// `start` is named by the machine alone.
pub async fn a_repeat_replays_and_other_data_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let started = fresh(order.start(order::Pending { total: 500 }).await);
    assert_eq!(started.seq(), 1);
    assert!(!replayed(order.start(order::Pending { total: 500 }).await, &started).is_superseded());
    fresh(order.pay(Natural, PAY).await);
    assert!(replayed(order.start(order::Pending { total: 500 }).await, &started).is_superseded());
    let error = refused(order.start(order::Pending { total: 501 }).await, ErrorKind::AlreadyStarted);
    assert!(matches!(error.failure(), Some(Error::AlreadyStarted { at, .. }) if *at == started.at()), "{error:?}");
    assert_eq!(order.get().await.expect("readable").expect("started").version(), 2);
}

/// Retryable: the start may be on its way.
pub async fn is_needed_where_the_initial_state_carries_data<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let error = refused(order.pay(&key("k"), PAY).await, ErrorKind::NotStarted);
    assert!(error.is_retryable() && error.to_string().contains("start"), "{error}");
    refused(order.pay(Natural, PAY).await, ErrorKind::NotStarted);
    assert_eq!(stored.rows().await, 0);
    order.start(order::Pending { total: 500 }).await.expect("started");
    fresh(order.pay(&key("k"), PAY).await);
}

/// The first command starts the machine, in the same write.
pub async fn is_implicit_where_it_carries_nothing<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let door = stored.doors().at("d");
    refused(door.close(&key("k"), door::Close).await, ErrorKind::Invalid);
    assert_eq!(stored.rows().await, 0, "what is refused starts nothing");
    let knocked = fresh(door.knock(&key("k"), door::Knock { times: 3 }).await);
    assert_eq!((knocked.seq(), *knocked), (2, 5));
    replayed(door.knock(&key("k"), door::Knock { times: 3 }).await, &knocked);
    let started = door.start(door::Shut).await.expect("as if started");
    assert!(started.is_replay() && started.seq() == 1);
    let history = door.history().await.expect("a history").all().expect("readable");
    assert!(matches!(history[0].event, Event::Started));
    assert_eq!((history.len(), &history[0].state), (2, &Door::Shut));
    assert!(door.verify().await.expect("an audit").differences.is_empty());
}

/// A known key is answered by what it remembers, not by the machine's row.
pub async fn is_found_by_a_key_whatever_became_of_the_machine<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(order::Pending { total: 500 }).await.expect("started");
    let paid = fresh(order.pay(&key("k"), PAY).await);
    stored.execute("UPDATE idem_machines SET state = 'Unheard'").await;
    replayed(order.pay(&key("k"), PAY).await, &paid);
    stored.execute("DELETE FROM idem_machines").await;
    replayed(order.pay(&key("k"), PAY).await, &paid);
    refused(order.pay(&key("l"), PAY).await, ErrorKind::NotStarted);
    assert!(order.rebuild().await.expect("rebuilt"));
    assert!(matches!(order.get().await.expect("readable").expect("rebuilt").state(), Order::Paid { .. }));
}
