//! Overrides.

use idem_core::machine::Event;
use idem_core::{ErrorKind, Natural};

use crate::conformance::machines::{Order, order};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// An override has a key of the machine's namespace, and the history tells its reason.
pub async fn override_under_key_is_replayed_and_in_history<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    let put = |total, reason| order.override_state(&key("k"), order::Pending { total }, reason);
    let first = fresh(put(600, "a discount was missing").await);
    replayed(put(600, "a discount was missing").await, &first);
    refused(put(700, "a discount was missing").await, ErrorKind::KeyReused);
    refused(put(600, "because").await, ErrorKind::KeyReused);
    refused(order.pay(&key("k"), order::Pay { amount: 600, rate: 1 }).await, ErrorKind::KeyReused);
    let history = order.history().await.expect("a history").all().expect("readable");
    assert!(matches!(&history[1].event, Event::Overridden { reason } if reason == "a discount was missing"));
    assert_eq!((history.len(), history[1].key.as_ref()), (2, Some(&key("k"))));
    let machine = order.get().await.expect("readable").expect("started");
    assert_eq!(machine.state(), &Order::Pending { total: 600 });
    assert!(order.verify().await.expect("an audit").differences.is_empty());
}

/// There is nothing to put by hand where nothing was started.
pub async fn override_of_missing_machine_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    let error = refused(order.override_state(&key("k"), order::Pending { total: 1 }, "?").await, ErrorKind::NotStarted);
    assert!(error.is_retryable());
    assert_eq!(stored.rows().await, 0);
}
