//! What a call inside a transaction is answered with.

use idem_core::{ErrorKind, Natural};

use super::{NOTES, PAY, prepared, version};
use crate::conformance::machines::{order, subscription};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// Inside, a repeat is a repeat, `Natural` finds the state reached, and a batch of steps builds on itself.
pub async fn repeat_in_transaction_returns_uncommitted_outcome<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    let paid = fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    replayed(order.within(&mut tx).pay(&key("k"), PAY).await, &paid);
    replayed(order.within(&mut tx).pay(Natural, PAY).await, &paid);
    refused(order.within(&mut tx).ship(&key("k"), order::Ship { tracking: "T".into() }).await, ErrorKind::KeyReused);
    let shipped = fresh(order.within(&mut tx).ship(Natural, order::Ship { tracking: "T".into() }).await);
    assert_eq!(shipped.seq(), 3);
    let subscription = stored.subscriptions().at("d");
    assert_eq!(fresh(subscription.within(&mut tx).renew(&key("k"), subscription::Renew { months: 1 }).await).seq(), 2);
    tx.commit().await.expect("committed");
    assert!(replayed(order.pay(&key("k"), PAY).await, &paid).is_superseded());
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'sales'").await, 500);
}

/// A rejection, an illegal command, a reused key: the transaction goes on and commits the rest.
pub async fn refused_command_leaves_transaction_usable<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    refused(order.within(&mut tx).pay(&key("k"), order::Pay { amount: 1, rate: 1 }).await, ErrorKind::Rejected);
    refused(order.within(&mut tx).ship(Natural, order::Ship { tracking: "T".into() }).await, ErrorKind::Invalid);
    refused(stored.orders().at("nobody").within(&mut tx).pay(&key("k"), PAY).await, ErrorKind::NotStarted);
    refused(order.within(&mut tx).start(Natural, order::Pending { total: 1 }).await, ErrorKind::AlreadyStarted);
    stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('kept')").await;
    fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    tx.commit().await.expect("committed");
    assert_eq!((stored.number(NOTES).await, version(&stored).await), (1, 2));
}

/// A command without a correlation id gets that of its transaction, from when it was given; so does a start. The last one to move a
/// machine is known.
pub async fn correlation_of_transaction_is_given_to_its_commands<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(tx.moved(), None);
    fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    tx.correlate("two\nlines").expect_err("a control character");
    tx.correlate("request-1").expect("a fit id");
    fresh(order.within(&mut tx).ship(Natural, order::Ship { tracking: "T".into() }).await);
    fresh(stored.orders().at("p").within(&mut tx).start(Natural, order::Pending { total: 1 }).await);
    let renewed = stored.subscriptions().at("d");
    fresh(renewed.within(&mut tx).renew(&key("k"), subscription::Renew { months: 1 }).correlation("own").await);
    assert_eq!(tx.moved().map(|(_, id, seq)| (id.to_owned(), seq)), Some(("d".to_owned(), 2)));
    tx.commit().await.expect("committed");
    let correlations = async |order: &str| {
        let history = stored.orders().at(order).history().await.expect("a history").all().expect("readable");
        history.into_iter().map(|transition| transition.correlation.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(
        (correlations("o").await, correlations("p").await),
        (vec_of(["", "", "request-1"]), vec_of(["request-1"]))
    );
    let renewed = renewed.history().await.expect("a history").all().expect("readable");
    assert_eq!(renewed.last().and_then(|transition| transition.correlation.as_deref()), Some("own"));
}

fn vec_of<const N: usize>(ids: [&str; N]) -> Vec<String> {
    ids.map(str::to_owned).to_vec()
}
