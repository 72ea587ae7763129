//! A database for each test.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::key::KeyHash;
use crate::store::Database;
use crate::store::connect::TransactionUse;
use crate::store::error::StoreError;
use crate::store::key::{KeyUse, KnownKey};
use crate::store::loaded::Loaded;
use crate::store::machine::queries::load;
use crate::store::machine::rows::MachineRow;
use crate::store::machine::rows::TransitionSummary;
use crate::store::migrate::run::migrate;
use crate::store::session::{ConnectionState, Session};
use crate::store::statements::Statements;
use crate::store::tables::{Tables, Text};
use crate::store::write::part::Write;
use crate::store::write::rows::Locks;
use crate::store::write::run::{write_joined, write_own};
use crate::store::write::written::Written;

/// What the tests need of a database beside the store.
pub(super) trait Ground: Database {
    /// The name in `IDEM_REQUIRE`.
    const DATABASE: &'static str;
    /// Where the fresh database is: a file's path, a schema's name.
    type Place: Clone;

    /// A place of its own and the tables' prefix there; none if there is no such database to test on.
    fn place(name: &str) -> impl Future<Output = Option<(Self::Place, Tables)>>;
    fn connect(place: &Self::Place) -> impl Future<Output = Self::Connection>;
    /// Takes back what the test left.
    fn remove(place: Self::Place, tables: Tables) -> impl Future<Output = ()>;
    /// Sets what idem sets on connections of its own, so that plans do not depend on statistics.
    fn steady(conn: &mut Self::Connection, on: bool) -> impl Future<Output = ()>;
    /// Makes the connection one that may not write.
    fn read_only(conn: &mut Self::Connection) -> impl Future<Output = ()>;

    fn execute(conn: &mut Self::Connection, text: &str) -> impl Future<Output = Result<(), sqlx::Error>>;
    fn number(conn: &mut Self::Connection, text: &str) -> impl Future<Output = i64>;
    /// Those plans of statements that read a table from end to end, on the tables as they are.
    fn scans(conn: &mut Self::Connection, texts: &[Text]) -> impl Future<Output = Vec<String>>;
}

/// An empty, migrated database and a connection to it.
pub(super) struct Fresh<DB: Ground> {
    pub(super) conn: Client<DB>,
    pub(super) tables: Tables,
    pub(super) place: DB::Place,
}

/// A connection with its statements.
pub(super) struct Client<DB: Ground> {
    pub(super) conn: DB::Connection,
    pub(super) sql: Arc<Statements>,
    state: ConnectionState,
}

pub(super) const WAIT: Duration = Duration::from_secs(5);
const REPLY: Duration = Duration::from_secs(30);

/// The machine that a key was used on, the seq, and the transition.
pub(super) fn used_on(key: &KnownKey) -> (&str, i64, Option<&TransitionSummary>) {
    match &key.used {
        KeyUse::Command { id, seq, transition } => (id, *seq, transition.as_ref()),
        other => panic!("a command's key is used for {other:?}"),
    }
}

/// The transition that a key was used for.
pub(super) fn transition_of(key: &KnownKey) -> Option<&TransitionSummary> {
    used_on(key).2
}

impl<DB: Ground> Client<DB> {
    pub(super) async fn new(place: &DB::Place, sql: Arc<Statements>) -> Self {
        Self { conn: DB::connect(place).await, sql, state: ConnectionState::default() }
    }

    pub(super) fn session(&mut self) -> Session<'_, DB> {
        Session::new(&mut self.conn, &self.sql, REPLY, &mut self.state)
    }

    /// Whether a write in a transaction of its own was done.
    pub(super) async fn write_own(&mut self, write: &Write<DB>, wait: Duration) -> Result<bool, StoreError> {
        let locks = Locks { wait, skip: false, until: None };
        let written = write_own(&mut self.session(), write, locks).await;
        assert!(!self.state.unanswered(), "the connection answers");
        Ok(matches!(written?, Written::Done(_)))
    }

    /// Whether a write in the open transaction was done.
    pub(super) async fn write_joined(&mut self, write: &Write<DB>) -> Result<bool, StoreError> {
        Ok(write_joined(&mut self.session(), write).await?.is_some())
    }

    pub(super) async fn execute(&mut self, text: &str) {
        DB::execute(&mut self.conn, &self.sql.tables.fill(text)).await.expect(text);
    }

    pub(super) async fn begin(&mut self) {
        self.execute(&DB::begin(WAIT, TransactionUse::Own)).await;
    }
}

impl<DB: Ground> Fresh<DB> {
    pub(super) fn session(&mut self) -> Session<'_, DB> {
        self.conn.session()
    }

    pub(super) async fn load(&mut self, machines: &[(&str, &str)], keys: &[KeyHash]) -> Loaded<MachineRow> {
        load(&mut self.session(), machines, keys).await.expect("loads")
    }

    pub(super) async fn write(&mut self, write: &Write<DB>) -> bool {
        self.try_write(write).await.expect("writes or loses")
    }

    pub(super) async fn try_write(&mut self, write: &Write<DB>) -> Result<bool, StoreError> {
        self.conn.write_own(write, WAIT).await
    }

    pub(super) async fn join(&mut self, write: &Write<DB>) -> bool {
        self.conn.write_joined(write).await.expect("writes or loses")
    }

    pub(super) async fn execute(&mut self, text: &str) {
        self.conn.execute(text).await;
    }

    /// Takes statistics of these tables: of those in other schemas other tests may take none.
    pub(super) async fn analyze(&mut self, tables: &[&str]) {
        for table in tables {
            self.execute(&format!("ANALYZE {table}")).await;
        }
    }

    pub(super) async fn number(&mut self, text: &str) -> i64 {
        DB::number(&mut self.conn.conn, &self.tables.fill(text)).await
    }

    /// How many machines, transitions, keys in their rows, accounts, entries and messages there are, and what else must not change
    /// when nothing is written.
    pub(super) async fn counts(&mut self) -> Vec<i64> {
        let mut counts = Vec::new();
        let keys = "(SELECT hash FROM {transitions} UNION ALL SELECT hash FROM {entries}) k WHERE hash IS NOT NULL";
        for rows in
            ["{machines}", "{transitions} WHERE seq > 0", keys, "{accounts}", "{entries}", "{outbox}", "{claims}"]
        {
            counts.push(self.number(&format!("SELECT count(*) FROM {rows}")).await);
        }
        counts.push(self.number("SELECT CAST(coalesce(sum(version), 0) AS bigint) FROM {machines}").await);
        counts.push(self.number("SELECT CAST(coalesce(sum(balance % 1000), 0) AS bigint) FROM {accounts}").await);
        counts
    }

    pub(super) async fn begin(&mut self) {
        self.conn.begin().await;
    }

    /// A second connection to the same database.
    pub(super) async fn another(&self) -> Client<DB> {
        Client::new(&self.place, self.conn.sql.clone()).await
    }
}

/// Both, at once.
pub(super) async fn both<A: Future, B: Future>(one: A, two: B) -> (A::Output, B::Output) {
    let (mut one, mut two) = (std::pin::pin!(one), std::pin::pin!(two));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(cx)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = two.as_mut().poll(cx)
        {
            second = Some(output);
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    first.zip(second).expect("both are done")
}

/// Runs a test on a fresh database, or says that it is skipped.
pub(super) fn run<DB: Ground, F: Future<Output = ()>>(test: impl FnOnce(Fresh<DB>) -> F) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let name = format!("idem_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let Some((place, tables)) = DB::place(&name).await else {
            let required = std::env::var("IDEM_REQUIRE").unwrap_or_default();
            assert!(!required.contains(DB::DATABASE), "IDEM_REQUIRE asks for {}, and there is none", DB::DATABASE);
            let blesses = std::env::var_os("IDEM_BLESS").is_some();
            assert!(!blesses, "IDEM_BLESS writes the statements of every database, and there is no {}", DB::DATABASE);
            eprintln!("SKIPPED: no {} to test on", DB::DATABASE);
            return;
        };
        let sql = Arc::new(Statements::new::<DB>(&tables));
        let mut conn = Client::new(&place, sql).await;
        migrate(&mut conn.session()).await.expect("migrates");
        test(Fresh { conn, tables: tables.clone(), place: place.clone() }).await;
        DB::remove(place, tables).await;
    });
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::PathBuf;
    use std::rc::Rc;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, Sqlite, SqliteConnection};

    use super::{Duration, Ground, Tables, Text};
    use crate::store::connect::{Connect as _, TransactionUse};

    /// A database file that goes with its test.
    #[derive(Debug)]
    pub(in crate::store) struct File(PathBuf);

    impl Drop for File {
        fn drop(&mut self) {
            for suffix in ["", "-wal", "-shm"] {
                let mut path = self.0.clone().into_os_string();
                path.push(suffix);
                let _ = std::fs::remove_file(path);
            }
        }
    }

    impl Ground for Sqlite {
        const DATABASE: &'static str = "sqlite";
        type Place = Rc<File>;

        async fn place(name: &str) -> Option<(Rc<File>, Tables)> {
            Some((Rc::new(File(std::env::temp_dir().join(format!("{name}.db")))), Tables::new("idem_", '"')?))
        }

        async fn connect(place: &Rc<File>) -> SqliteConnection {
            SqliteConnectOptions::new()
                .filename(&place.0)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(Duration::from_millis(300))
                .connect()
                .await
                .expect("opens")
        }

        async fn remove(file: Self::Place, _: Tables) {
            drop(file);
        }

        async fn steady(_conn: &mut SqliteConnection, _on: bool) {}

        async fn read_only(conn: &mut SqliteConnection) {
            Self::execute(conn, "PRAGMA query_only = 1").await.expect("a pragma");
        }

        async fn execute(conn: &mut SqliteConnection, text: &str) -> Result<(), sqlx::Error> {
            sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await.map(drop)
        }

        async fn number(conn: &mut SqliteConnection, text: &str) -> i64 {
            sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(conn).await.expect(text)
        }

        async fn scans(conn: &mut SqliteConnection, texts: &[Text]) -> Vec<String> {
            const NO_PLAN: [&str; 6] = ["", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"];
            let mut scans = Vec::new();
            for text in texts {
                let verb = |part: &&str| part.split_whitespace().next().unwrap_or_default().to_owned();
                for statement in text.split(';').filter(|part| !NO_PLAN.contains(&&*verb(part))) {
                    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
                    for row in sqlx::query(explain).fetch_all(&mut *conn).await.expect(statement) {
                        let step: String = row.get("detail");
                        // `SCAN … VIRTUAL TABLE` is json_each; a constant row has no name.
                        let scans_all =
                            step.starts_with("SCAN") && !step.contains("VIRTUAL") && step != "SCAN CONSTANT ROW";
                        // `j` is a list that was bound, `r` the row that was looked for, at most two of them.
                        let few = step == "SCAN one"
                            || step.ends_with("installation")
                            || step.starts_with("SCAN d")
                            || step.starts_with("SCAN j")
                            || step.starts_with("SCAN r ")
                            || step.contains("subquery");
                        if scans_all && !few {
                            scans.push(format!("{step}: {statement:.300}"));
                        }
                    }
                }
            }
            scans
        }
    }

    #[test]
    fn sqlite_transaction_begins_with_write_lock() {
        assert_eq!(Sqlite::begin(Duration::ZERO, TransactionUse::Own), "BEGIN IMMEDIATE");
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use sqlx::postgres::PgConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Postgres};

    use super::{Ground, Tables, Text};

    /// A schema per test in the database that `IDEM_POSTGRES_URL` names.
    impl Ground for Postgres {
        const DATABASE: &'static str = "postgres";
        type Place = PgConnectOptions;

        async fn place(name: &str) -> Option<(PgConnectOptions, Tables)> {
            let url = std::env::var("IDEM_POSTGRES_URL").ok()?;
            Some((url.parse().expect("IDEM_POSTGRES_URL is a URL"), Tables::new(&format!("{name}.idem_"), '"')?))
        }

        async fn connect(place: &PgConnectOptions) -> PgConnection {
            place.connect().await.expect("connects")
        }

        async fn remove(place: PgConnectOptions, tables: Tables) {
            let schema = tables.schema().expect("a schema of its own");
            let mut conn = Self::connect(&place).await;
            Self::execute(&mut conn, &format!("DROP SCHEMA \"{schema}\" CASCADE")).await.expect("drops");
        }

        async fn steady(conn: &mut PgConnection, on: bool) {
            let seqscan = if on { "off" } else { "on" };
            Self::execute(conn, &format!("SET enable_seqscan = {seqscan}")).await.expect("sets");
        }

        async fn read_only(conn: &mut PgConnection) {
            Self::execute(conn, "SET default_transaction_read_only = on").await.expect("sets");
        }

        async fn execute(conn: &mut PgConnection, text: &str) -> Result<(), sqlx::Error> {
            sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await.map(drop)
        }

        async fn number(conn: &mut PgConnection, text: &str) -> i64 {
            sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(conn).await.expect(text)
        }

        async fn scans(conn: &mut PgConnection, texts: &[Text]) -> Vec<String> {
            let mut scans = Vec::new();
            Self::execute(conn, "SET plan_cache_mode = force_generic_plan").await.expect("sets");
            for text in texts {
                let bound = text.split('$').skip(1).filter_map(number_at_start).max().unwrap_or_default();
                let nulls = if bound == 0 { String::new() } else { format!("({})", vec!["NULL"; bound].join(", ")) };
                Self::execute(conn, &format!("PREPARE explained AS {text}")).await.expect(text);
                let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE explained{nulls}"));
                let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut *conn).await.expect(text);
                scans.extend(
                    plan.iter()
                        .filter(|step| step.contains("Seq Scan") && !step.contains("installation"))
                        .map(|step| format!("{step}: {text:.300}")),
                );
                Self::execute(conn, "DEALLOCATE explained").await.expect("forgets");
            }
            scans
        }
    }

    fn number_at_start(text: &str) -> Option<usize> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text.get(..digits)?.parse().ok()
    }
}
