//! Overrides.

use idem_core::ErrorKind;
use idem_core::machine::Event;

use super::case::{Case, Desk, fresh, key, refused, replayed};
use super::machines::{Order, door, order};
use super::subject::{Stored, Subject};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// Also when the override leads back to where the command would be legal.
pub async fn a_repeat_after_an_override_gets_the_original_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(Some(&key("k")), PAY).await);
    order.put(&key("hand"), order::Pending { total: 500 }, false).await;
    assert!(replayed(order.apply(Some(&key("k")), PAY).await, &paid).is_superseded());
    assert_eq!((order.look().await.1, order.balance("sales").await), (3, 500));
    // A new key is a new request, and the edge is there.
    assert_eq!(fresh(order.apply(Some(&key("l")), PAY).await).seq(), 4);
}

/// A command without a key that ran in the visit does not run again in it.
pub async fn an_override_opens_no_new_visit(case: &impl Case) {
    let mut door = case.door().await;
    let push = || door::Push { by: "ann".into() };
    let pushed = fresh(door.apply(None, push()).await);
    door.put(&key("hand"), door::Shut, false).await;
    assert!(replayed(door.apply(None, push()).await, &pushed).is_superseded());
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(None, PAY).await);
    order.put(&key("other hand"), order::Pending { total: 500 }, false).await;
    replayed(order.apply(None, PAY).await, &paid);
    assert_eq!((door.balance("pushes").await, order.look().await.1), (1, 3));
}

/// `reopen` says that it may.
pub async fn a_reopened_state_is_a_new_visit(case: &impl Case) {
    let mut order = case.order(500).await;
    fresh(order.apply(None, PAY).await);
    order.put(&key("hand"), order::Pending { total: 500 }, true).await;
    let again = fresh(order.apply(None, PAY).await);
    assert_eq!((again.seq(), order.look().await.1), (4, 4));
    replayed(order.apply(None, PAY).await, &again);
}

/// An override has a key of the machine's surface, and the history tells its reason.
pub async fn an_override_is_keyed_and_recorded<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(order::Pending { total: 500 }).await.expect("started");
    let put = |total, reason| order.override_state(&key("k"), order::Pending { total }, reason);
    let first = fresh(put(600, "a discount was missing").await);
    replayed(put(600, "a discount was missing").await, &first);
    refused(put(700, "a discount was missing").await, ErrorKind::KeyReused);
    refused(put(600, "because").await, ErrorKind::KeyReused);
    refused(order.pay(&key("k"), order::Pay { amount: 600, rate: 1 }).await, ErrorKind::KeyReused);
    let history = order.history().await.expect("a history");
    assert!(matches!(&history[1].event, Event::Overridden { reason } if reason == "a discount was missing"));
    assert_eq!((history.len(), history[1].key.as_ref()), (2, Some(&key("k"))));
    let machine = order.get().await.expect("readable").expect("started");
    assert_eq!(machine.state(), &Order::Pending { total: 600 });
    assert!(order.verify().await.expect("an audit").differences.is_empty());
}

/// There is nothing to put by hand where nothing was started.
pub async fn an_override_needs_a_machine<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let error = refused(order.override_state(&key("k"), order::Pending { total: 1 }, "?").await, ErrorKind::NotStarted);
    assert!(error.is_retryable());
    assert_eq!(stored.rows().await, 0);
}
