//! A store, and what is different about it.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idem_core::machine::{Handle, Machine, Rules};
use idem_core::{Builder, Database, Error, ErrorKind, Idem, Key, Natural};
use sqlx::Pool;
use sqlx::pool::PoolConnection;

use super::case::{Answer, Case, Desk, as_json};
use super::machines::{Order, Shop, Subscription, order, subscription};

/// A connection of a subject's database.
pub type Connection<S> = <<S as Subject>::DB as sqlx::Database>::Connection;

/// A store under test, with one empty database of its own.
pub trait Subject: Send + Sync {
    /// Its database.
    type DB: Database;

    /// The URL of the database.
    fn url(&self) -> String;

    /// The settings with which the clauses open it, before they change what they are about.
    fn builder(&self) -> Builder<Self::DB> {
        Builder::default()
    }

    /// What is different about it.
    fn differences(&self) -> Differences;

    /// Runs one statement without values.
    fn execute(&self, conn: &mut Connection<Self>, sql: &str) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// The one number that a statement gives.
    fn number(&self, conn: &mut Connection<Self>, sql: &str) -> impl Future<Output = Result<i64, sqlx::Error>> + Send;

    /// Begins a transaction that will write, as a user of sqlx does.
    fn begin(
        &self,
        pool: &Pool<Self::DB>,
    ) -> impl Future<Output = Result<sqlx::Transaction<'static, Self::DB>, sqlx::Error>> + Send;
}

/// Where stores differ.
#[derive(Debug, Clone)]
pub struct Differences {
    /// One transaction writes at a time, in the whole database.
    pub one_writer: bool,
    /// Two transactions, one after the other, may have the same time.
    pub coarse_clock: bool,
    /// Text may have U+0000.
    pub nul_in_text: bool,
    /// Makes triggers of `documents` that skip a row whose new `body` is `skipped`, when it is inserted and when it is updated.
    pub skipping_trigger: &'static str,
    /// Makes a trigger of `documents` that counts a row's version on once more after an update.
    pub counting_trigger: &'static str,
    /// A URL of the same database by which nobody may write.
    pub read_only_url: String,
    /// URLs by which nothing can be opened, how that is answered, and what the message says.
    pub unusable_urls: Vec<(String, ErrorKind, &'static str)>,
    /// URLs with characters that have a meaning of their own.
    pub odd_urls: Vec<String>,
}

/// A subject's database, opened and migrated.
#[derive(Debug)]
pub struct Stored<'s, S: Subject> {
    pub(super) subject: &'s S,
    /// The database.
    pub idem: Idem<S::DB>,
    made: AtomicU64,
}

impl<'s, S: Subject> Stored<'s, S> {
    /// Opens it.
    pub async fn open(subject: &'s S) -> Self {
        // A busy machine takes its time to connect.
        let builder = subject.builder().acquire_timeout(Duration::from_mins(1));
        let idem = builder.open(&subject.url()).await.expect("an empty database opens");
        Self { subject, idem, made: AtomicU64::new(0) }
    }

    /// The orders in it.
    pub fn orders(&self) -> order::Repository<S::DB, Shop> {
        Order::stored(&self.idem, Shop)
    }

    /// The subscriptions in it.
    pub fn subscriptions(&self) -> subscription::Repository<S::DB, Shop> {
        Subscription::stored(&self.idem, Shop)
    }

    /// Runs one statement of the suite's own, outside any transaction.
    pub async fn execute(&self, sql: &str) -> u64 {
        let mut conn = self.connection().await;
        self.subject.execute(&mut conn, sql).await.expect("the suite's statement runs")
    }

    /// The one number that a statement gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut conn = self.connection().await;
        self.subject.number(&mut conn, sql).await.expect("the suite's question is answered")
    }

    /// How many rows of the engine's tables there are: unchanged where nothing may be written.
    pub async fn rows(&self) -> i64 {
        let tables = ["machines", "transitions", "claims", "accounts", "entries", "outbox"];
        let counts: Vec<_> = tables.iter().map(|table| format!("(SELECT count(*) FROM idem_{table})")).collect();
        self.number(&format!("SELECT {}", counts.join(" + "))).await
    }

    async fn connection(&self) -> PoolConnection<S::DB> {
        self.idem.pool().acquire().await.expect("a connection")
    }

    fn next_id(&self) -> String {
        format!("case-{}", self.made.fetch_add(1, Ordering::Relaxed))
    }
}

impl<'s, S: Subject> Case for &'s Stored<'_, S> {
    type Order = StoredDesk<'s, S, order::Driver<Shop>>;
    type Subscription = StoredDesk<'s, S, subscription::Driver<Shop>>;

    async fn order(&self, total: i64) -> Self::Order {
        let at = self.orders().at(self.next_id());
        at.start(Natural, order::Pending { total }).await.expect("a new order starts");
        StoredDesk { stored: self, at: (*at).clone() }
    }

    async fn subscription(&self) -> Self::Subscription {
        StoredDesk { stored: self, at: (*self.subscriptions().at(self.next_id())).clone() }
    }
}

/// A stored machine.
#[derive(Debug)]
pub struct StoredDesk<'s, S: Subject, X: Rules> {
    stored: &'s Stored<'s, S>,
    at: Handle<S::DB, X>,
}

impl<S: Subject, X: Rules> Desk<X> for StoredDesk<'_, S, X> {
    async fn apply(&mut self, key: Option<&Key>, command: impl Into<<X::Machine as Machine>::Command>) -> Answer<X> {
        self.at.__apply(key.cloned(), command.into()).await.map(as_json)
    }

    async fn put(&mut self, key: &Key, state: impl Into<X::Machine>, reopen: bool) {
        let call = self.at.override_state(key, state, "conformance");
        let outcome = if reopen { call.reopen().await } else { call.await };
        assert!(outcome.expect("an override").is_fresh());
    }

    async fn look(&mut self) -> (X::Machine, u64) {
        match self.at.get().await.expect("a readable machine") {
            Some(stored) => (stored.state().clone(), stored.version()),
            None => (X::Machine::bare(X::Machine::GRAPH.initial).expect("a started machine"), 0),
        }
    }

    async fn balance(&mut self, account: &str) -> i64 {
        self.stored
            .number(&format!("SELECT coalesce(sum(balance), 0) FROM idem_accounts WHERE account = '{account}'"))
            .await
    }

    async fn bound(&mut self, account: &str, floor: Option<i64>, ceiling: Option<i64>) {
        let [floor, ceiling] = [floor, ceiling].map(|bound| bound.map_or("NULL".to_owned(), |bound| bound.to_string()));
        let sql = format!(
            "INSERT INTO idem_accounts (account, balance, seq, floor, ceiling) VALUES ('{account}', 0, 0, {floor}, {ceiling})"
        );
        self.stored.execute(&sql).await;
    }

    async fn messages(&mut self) -> u64 {
        let count = self.stored.number("SELECT count(*) FROM idem_outbox").await;
        u64::try_from(count).expect("a count")
    }
}

impl<S: Subject> Stored<'_, S> {
    /// Runs one statement on a connection that the caller holds, for example inside a transaction.
    pub(super) async fn execute_on(&self, conn: &mut Connection<S>, sql: &str) {
        self.subject.execute(conn, sql).await.expect("the suite's statement runs");
    }
}

/// What opening a database came to, where it must fail.
#[track_caller]
pub(super) fn not_opened<DB: Database>(opened: Result<Idem<DB>, Error>) -> Error {
    match opened {
        Err(error) => error,
        Ok(idem) => panic!("expected an error, opened {idem:?}"),
    }
}
