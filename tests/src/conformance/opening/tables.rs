//! The engine's own tables: missing, made, newer than the library, and twice in one database.

use idem_core::{Effect, ErrorKind, Migration, Natural};

use super::pool;
use crate::conformance::machines::{Order, Shop, Subscription, order, subscription};
use crate::conformance::subject::not_opened;
use crate::conformance::{Stored, Subject, fresh, key, refused};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// The error of every kind of call says to migrate, and nothing was made on the way.
pub async fn call_before_migration_is_refused<S: Subject>(on: &S) {
    let idem = on.builder().open_pool(pool(on, 2).await).expect("a pool of two");
    let orders = Order::stored(&idem, Shop);
    let order = orders.at("o");
    let said = [
        refused(idem.check().await, ErrorKind::NotMigrated),
        refused(order.get().await, ErrorKind::NotMigrated),
        refused(order.history().await, ErrorKind::NotMigrated),
        refused(orders.in_state(order::StateKind::Pending).await, ErrorKind::NotMigrated),
        refused(orders.count_by_state().await, ErrorKind::NotMigrated),
    ];
    for error in said {
        assert!(error.to_string().contains("migrate()") && error.to_string().contains("missing"), "{error}");
        assert_eq!(error.effect(), Effect::NotApplied);
    }
    refused(order.start(Natural, order::Pending { total: 500 }).await, ErrorKind::NotMigrated);
    refused(order.pay(&key("k"), PAY).await, ErrorKind::NotMigrated);
    idem.migrate().await.expect("migrated");
    fresh(order.start(Natural, order::Pending { total: 500 }).await);
}

/// By one, again, and by many at a time.
pub async fn migration_repeated_or_concurrent_succeeds<S: Subject>(on: &S) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (builder, url) = (on.builder(), on.url());
        tasks.spawn(async move { builder.open(&url).await });
    }
    while let Some(opened) = tasks.join_next().await {
        opened.expect("no panic").expect("each of them opens");
    }
    let stored = Stored::open(on).await;
    fresh(stored.subscriptions().at("d").renew(&key("k"), subscription::Renew { months: 1 }).await);
    stored.idem.migrate().await.expect("again");
    assert_eq!(stored.subscriptions().at("d").get().await.expect("readable").expect("started").version(), 2);
}

/// For a role that may not create tables another applies it.
pub async fn printed_migration_sql_makes_usable_tables<S: Subject>(on: &S) {
    let pool = pool(on, 1).await;
    let idem = on.builder().open_pool(pool.clone()).expect("a pool of one");
    let mut conn = pool.acquire().await.expect("a connection");
    for Migration { name, sql, .. } in idem.migrations() {
        on.execute(&mut conn, &sql).await.unwrap_or_else(|error| panic!("{name} runs as printed: {error}"));
    }
    drop(conn);
    idem.check().await.expect("it is what this library works on");
    fresh(Subscription::stored(&idem, Shop).at("d").renew(&key("k"), subscription::Renew { months: 1 }).await);
    idem.migrate().await.expect("nothing is left to do");
}

/// An older library does not work on what it does not know.
pub async fn newer_schema_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored.execute("INSERT INTO idem_migrations (version, name, at) VALUES (1000, 'later', 0)").await;
    let error = refused(stored.idem.check().await, ErrorKind::NotMigrated);
    assert!(error.to_string().contains("newer"), "{error}");
    refused(stored.idem.migrate().await, ErrorKind::NotMigrated);
    assert_eq!(not_opened(on.builder().open(&on.url()).await).kind(), ErrorKind::NotMigrated);
}

/// Each has its own tables, keys and machines.
pub async fn tables_of_two_prefixes_share_no_keys<S: Subject>(on: &S) {
    for prefix in ["one_", "two_"] {
        let idem = on.builder().prefix(prefix).open(&on.url()).await.expect("opened");
        let subscription = Subscription::stored(&idem, Shop).at("d");
        assert_eq!(fresh(subscription.renew(&key("k"), subscription::Renew { months: 1 }).await).seq(), 2);
    }
}
