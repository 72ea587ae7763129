//! Reading.

use idem_core::machine::Item;
use idem_core::machine::{Event, StoredMachine};
use idem_core::{Natural, Timestamp};

use super::pairs;
use crate::conformance::machines::{Order, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key};

/// No machine, no history, no page.
pub async fn machine_before_start_has_no_state_and_no_history<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    assert!(order.get().await.expect("readable").is_none());
    assert!(order.history().await.expect("a history").is_empty());
    assert!(stored.orders().in_state(order::StateKind::Pending).await.expect("a page").is_empty());
    let counts = stored.orders().count_by_state().await.expect("counts");
    assert!(counts.known.is_empty() && counts.unknown.is_empty());
    assert_eq!(stored.rows().await, 0);
}

/// Each transition with its event, states, key, correlation id and time, oldest first.
pub async fn history_lists_each_transition_in_pages<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    let paid = fresh(order.pay(&key("k"), order::Pay { amount: 500, rate: 7 }).correlation("request-1").await);
    let shipped = fresh(order.ship(Natural, order::Ship { tracking: "T".into() }).await);
    let history = order.history().await.expect("a history").all().expect("readable");
    let [start, pay, ship] = <[_; 3]>::try_from(history).expect("three transitions");
    assert!(matches!((&start.event, start.from, start.seq), (Event::Started, None, 1)));
    assert_eq!((start.state, start.key, start.correlation), (Order::Pending { total: 500 }, None, None));
    assert!(matches!(pay.event, Event::Command(order::Command::Pay(order::Pay { amount: 500, rate: 7 }))));
    assert_eq!((pay.seq, pay.at, pay.from), (2, paid.at(), Some(order::StateKind::Pending)));
    assert_eq!((pay.key, pay.correlation.as_deref()), (Some(key("k")), Some("request-1")));
    assert_eq!((ship.seq, ship.at, ship.key), (3, shipped.at(), None));
    assert!(start.at <= paid.at() && paid.at() <= shipped.at());
    let page = order.history().after(1).limit(1).await.expect("a page");
    assert_eq!(page.cursor(), Some(2));
    assert_eq!(page.all().expect("readable").iter().map(|it| it.seq).collect::<Vec<_>>(), [2]);
    assert!(order.history().after(3).await.expect("a page").is_empty());
    assert!(order.history().after(u64::MAX).await.expect("a page").is_empty());
    let machine = order.get().await.expect("readable").expect("started");
    assert_eq!((machine.version(), machine.entered_at()), (3, shipped.at()));
}

/// In the order of entering and id; a cursor goes on behind the last, also where all entered at once.
pub async fn machines_in_state_are_listed_in_pages<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let ids: Vec<String> = (0..7).map(|number| format!("d{number}")).collect();
    let keys: Vec<_> = ids.iter().map(|id| key(id)).collect();
    let items = ids.iter().zip(&keys).map(|(id, key)| Item::new(id.as_str(), key, subscription::Renew { months: 1 }));
    for answer in stored.subscriptions().apply_all(items).await {
        assert!(answer.expect("renewed").is_fresh());
    }
    let subscriptions = stored.subscriptions();
    let shut = || subscriptions.in_state(subscription::StateKind::Active);
    let mut seen = Vec::new();
    let mut page = shut().limit(3).await.expect("a page");
    loop {
        assert!(page.len() <= 3);
        let cursor = page.cursor();
        let machines = page.all().expect("readable");
        assert!(cursor.is_none() || cursor == machines.last().map(StoredMachine::cursor));
        seen.extend(machines.iter().map(|machine| machine.id().to_owned()));
        let Some(cursor) = cursor else { break };
        page = shut().after(cursor).limit(3).await.expect("a page");
    }
    assert_eq!(seen, ids);
    let entered = subscriptions.at("d0").get().await.expect("readable").expect("started").entered_at();
    assert!(shut().entered_before(entered).await.expect("a page").is_empty());
    let later = Timestamp::from_micros(entered.as_micros() + 1);
    assert_eq!(shut().entered_before(later).await.expect("a page").len(), 7);
    assert!(subscriptions.in_state(subscription::StateKind::Paused).await.expect("a page").is_empty());
}

/// In the order of the enum; machines of other names are not counted.
pub async fn count_by_state_counts_machines_of_one_name<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for number in 0..5 {
        let order = stored.orders().at(format!("o{number}"));
        order.start(Natural, order::Pending { total: 500 }).await.expect("started");
        if number < 2 {
            fresh(order.cancel(Natural, order::Cancel { reason: "late".into() }).await);
        }
    }
    fresh(stored.subscriptions().at("d").renew(&key("k"), subscription::Renew { months: 1 }).await);
    let counts = stored.orders().count_by_state().await.expect("counts");
    assert_eq!(pairs(&counts.known), [(order::StateKind::Pending, 3), (order::StateKind::Cancelled, 2)]);
    assert_eq!((counts.of(&order::StateKind::Pending), counts.of(&order::StateKind::Paid)), (3, 0));
    assert!(counts.unknown.is_empty());
}

/// Nothing that is written between two readings bears a time outside them.
pub async fn entry_time_is_from_database_clock<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let before = stored.idem.now().await.expect("the time");
    let change = fresh(stored.idem.ledger().account("a").apply_delta(&key("k"), 1).await);
    let after = stored.idem.now().await.expect("the time");
    assert!(before <= change.at && change.at <= after, "{before} {} {after}", change.at);
}
