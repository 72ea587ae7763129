//! Databases that are not, or not yet, what the engine works on.

use idem_core::{Effect, ErrorKind, Natural};

use super::case::{fresh, key, refused};
use super::machines::{Door, Keeper, Order, Shop, door, order};
use super::subject::{Stored, Subject, not_opened};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

pub(super) async fn pool<S: Subject>(on: &S, connections: u32) -> sqlx::Pool<S::DB> {
    let options = sqlx::pool::PoolOptions::<S::DB>::new().max_connections(connections);
    options.connect(&on.url()).await.expect("the database is there")
}

/// The error of every kind of call says to migrate, and nothing was made on the way.
pub async fn without_tables_every_call_says_so<S: Subject>(on: &S) {
    let idem = on.builder().pool(pool(on, 2).await).expect("a pool of two");
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
    refused(order.start(order::Pending { total: 500 }).await, ErrorKind::NotMigrated);
    refused(order.pay(&key("k"), PAY).await, ErrorKind::NotMigrated);
    idem.migrate().await.expect("migrated");
    fresh(order.start(order::Pending { total: 500 }).await);
}

/// By one, again, and by many at a time.
pub async fn migrating_twice_and_at_once_is_safe<S: Subject>(on: &S) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (builder, url) = (on.builder(), on.url());
        tasks.spawn(async move { builder.open(&url).await });
    }
    while let Some(opened) = tasks.join_next().await {
        opened.expect("no panic").expect("each of them opens");
    }
    let stored = Stored::open(on).await;
    fresh(stored.doors().at("d").knock(&key("k"), door::Knock { times: 1 }).await);
    stored.idem.migrate().await.expect("again");
    assert_eq!(stored.doors().at("d").get().await.expect("readable").expect("started").version(), 2);
}

/// For a role that may not create tables another applies it.
pub async fn the_printed_sql_is_what_migrate_runs<S: Subject>(on: &S) {
    let pool = pool(on, 1).await;
    let idem = on.builder().pool(pool.clone()).expect("a pool of one");
    let mut conn = pool.acquire().await.expect("a connection");
    for (name, sql) in idem.migrations() {
        on.execute(&mut conn, &sql).await.unwrap_or_else(|error| panic!("{name} runs as printed: {error}"));
    }
    drop(conn);
    idem.check().await.expect("it is what this library works on");
    fresh(Door::stored(&idem, Keeper).at("d").knock(&key("k"), door::Knock { times: 1 }).await);
    idem.migrate().await.expect("nothing is left to do");
}

/// An older library does not work on what it does not know.
pub async fn a_newer_database_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored.execute("INSERT INTO idem_migrations (version, name, at) VALUES (1000, 'later', 0)").await;
    let error = refused(stored.idem.check().await, ErrorKind::NotMigrated);
    assert!(error.to_string().contains("newer"), "{error}");
    refused(stored.idem.migrate().await, ErrorKind::NotMigrated);
    assert_eq!(not_opened(on.builder().open(&on.url()).await).kind(), ErrorKind::NotMigrated);
}

/// It is read as ever; what would write says why it cannot.
pub async fn a_read_only_database_says_so<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(order::Pending { total: 500 }).await.expect("started");
    let paid = fresh(order.pay(&key("k"), PAY).await);
    let options = sqlx::pool::PoolOptions::<S::DB>::new();
    let pool = options.connect(&on.differences().read_only_url).await.expect("it may be read");
    let idem = on.builder().pool(pool).expect("a pool");
    idem.check().await.expect("its tables are there");
    let order = Order::stored(&idem, Shop).at("o");
    assert_eq!(order.get().await.expect("readable").expect("started").version(), 2);
    let again = order.pay(&key("k"), PAY).await.expect("a repeat writes nothing");
    assert!(again.is_replay() && *again == *paid);
    let error = refused(order.ship(Natural, order::Ship { tracking: "T".into() }).await, ErrorKind::ReadOnly);
    assert_eq!((error.effect(), error.is_retryable()), (Effect::NotApplied, false));
    assert!(error.to_string().contains("primary"), "{error}");
}

/// Wrong scheme, nobody there, no such database, in memory: each is a typed error before anything is made.
pub async fn unusable_urls_say_what_to_do<S: Subject>(on: &S) {
    for (url, kind) in on.differences().unusable_urls {
        let error = not_opened(on.builder().open(&url).await);
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert_eq!(error.effect(), Effect::NotApplied);
    }
    for prefix in ["", "a-b", "1; DROP TABLE x", "a.b.c", "\0"] {
        let error = not_opened(on.builder().prefix(prefix).open(&on.url()).await);
        // An empty prefix is refused or taken; it must not be a panic.
        assert!(error.kind() == ErrorKind::Config, "{prefix:?}: {error}");
    }
}

/// It would serve nobody. (sqlx makes no such pool, so a user cannot bring one.)
pub async fn a_pool_of_none_is_refused<S: Subject>(on: &S) {
    let opened = on.builder().max_connections(0).open(&on.url()).await;
    assert_eq!(not_opened(opened).kind(), ErrorKind::Config);
}

/// No call needs a second connection while it holds one, neither alone nor inside a transaction.
pub async fn a_pool_of_one_is_enough<S: Subject>(on: &S) {
    let idem = on.builder().pool(pool(on, 1).await).expect("a pool of one");
    idem.migrate().await.expect("migrated");
    let order = Order::stored(&idem, Shop).at("o");
    let mut tx = idem.begin().await.expect("begun");
    fresh(order.within(&mut tx).start(order::Pending { total: 500 }).await);
    fresh(order.within(&mut tx).pay(Natural, PAY).await);
    tx.commit().await.expect("committed");
    fresh(order.ship(&key("k"), order::Ship { tracking: "T".into() }).await);
    let doors = Door::stored(&idem, Keeper);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let door = doors.at("d");
        tasks.spawn(async move { door.knock(&key(&format!("k{number}")), door::Knock { times: 1 }).await.map(drop) });
    }
    while let Some(knocked) = tasks.join_next().await {
        knocked.expect("no panic").expect("knocked");
    }
    assert!(doors.at("d").verify().await.expect("an audit").differences.is_empty());
}

/// Each has its own tables, keys and machines.
pub async fn two_prefixes_share_a_database<S: Subject>(on: &S) {
    for prefix in ["one_", "two_"] {
        let idem = on.builder().prefix(prefix).open(&on.url()).await.expect("opened");
        let door = Door::stored(&idem, Keeper).at("d");
        assert_eq!(fresh(door.knock(&key("k"), door::Knock { times: 1 }).await).seq(), 2);
    }
}
