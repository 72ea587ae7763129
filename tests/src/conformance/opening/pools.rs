//! How few connections are enough.

use std::time::Duration;

use idem_core::{ErrorKind, Natural};

use super::pool;
use crate::conformance::machines::{Order, Shop, Subscription, order, subscription};
use crate::conformance::subject::not_opened;
use crate::conformance::{Subject, fresh, key};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// It would serve nobody. (sqlx makes no such pool, so a user cannot bring one.)
pub async fn pool_without_connections_is_refused<S: Subject>(on: &S) {
    let opened = on.builder().max_connections(0).open(&on.url()).await;
    assert_eq!(not_opened(opened).kind(), ErrorKind::Config);
}

/// A wait that no clock can hold is a long one.
pub async fn longest_wait_settings_are_accepted<S: Subject>(on: &S) {
    let builder = on.builder().lock_wait(Duration::MAX).reply_timeout(Duration::MAX).acquire_timeout(Duration::MAX);
    let subscription = Subscription::stored(&builder.open(&on.url()).await.expect("opened"), Shop).at("d");
    fresh(subscription.start(Natural, subscription::Active).await);
    fresh(subscription.renew(&key("k"), subscription::Renew { months: 1 }).deadline(Duration::MAX).await);
}

/// However short a wait for another writer may be, opening the database takes as long as it takes.
pub async fn lock_wait_of_1_ms_does_not_limit_opening<S: Subject>(on: &S) {
    let brief = || on.builder().lock_wait(Duration::from_millis(1));
    // The first makes the tables.
    for _ in 0..4 {
        let idem = brief().open(&on.url()).await.expect("opened");
        idem.check().await.expect("its tables are there");
        idem.begin().await.expect("nobody else writes").rollback().await;
    }
}

/// No call needs a second connection while it holds one, neither alone nor inside a transaction.
pub async fn pool_of_one_connection_serves_every_call<S: Subject>(on: &S) {
    let idem = on.builder().open_pool(pool(on, 1).await).expect("a pool of one");
    idem.migrate().await.expect("migrated");
    let order = Order::stored(&idem, Shop).at("o");
    let mut tx = idem.begin().await.expect("begun");
    fresh(order.within(&mut tx).start(Natural, order::Pending { total: 500 }).await);
    fresh(order.within(&mut tx).pay(Natural, PAY).await);
    tx.commit().await.expect("committed");
    fresh(order.ship(&key("k"), order::Ship { tracking: "T".into() }).await);
    let subscriptions = Subscription::stored(&idem, Shop);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let subscription = subscriptions.at("d");
        tasks.spawn(async move {
            subscription.renew(&key(&format!("k{number}")), subscription::Renew { months: 1 }).await.map(drop)
        });
    }
    while let Some(renewed) = tasks.join_next().await {
        renewed.expect("no panic").expect("renewed");
    }
    assert!(subscriptions.at("d").verify().await.expect("an audit").differences.is_empty());
}
