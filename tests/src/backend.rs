//! What the fault tests need of a database beside the library: a place of its own, the caller's own statements, and
//! questions asked by a way that no fault touches.

use std::fmt;
use std::future::Future;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::databases::{Postgres, Sqlite};

/// The caller's own tables: a unit of work writes a note beside what the library writes, and pages are updated by it.
const TABLES: &str = "CREATE TABLE IF NOT EXISTS notes (lane text NOT NULL, what text NOT NULL);
    CREATE TABLE IF NOT EXISTS pages (name text PRIMARY KEY, body text NOT NULL, version bigint NOT NULL)";
const PUT_NOTE: &str = "INSERT INTO notes (lane, what) VALUES ($1, $2)";

const IDLE: &str = "SELECT coalesce(min(query), ''), count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
        AND application_name <> 'neighbour'";

/// A database on which the fault tests run; written once, they are given it as a parameter.
pub trait Backend: idem_core::Database {
    /// Its name in reports.
    const TITLE: &'static str;

    /// How a caller begins a transaction that will write.
    const BEGIN: &'static str;

    /// Asks for sessions that were left in a transaction, those of a process that calls itself `neighbour` excepted.
    const IDLE: &'static str;

    /// A database of a test's own.
    type Place: Place;

    /// A new one, or `None` where the test is skipped.
    fn fresh() -> impl Future<Output = Option<Self::Place>>;

    /// A connection outside all pools.
    fn connect(url: &str) -> impl Future<Output = Self::Connection> + Send;

    /// Runs a script.
    fn script(conn: &mut Self::Connection, sql: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Asks for rows of a name and a number.
    fn ask(conn: &mut Self::Connection, sql: &str) -> impl Future<Output = Vec<(String, i64)>> + Send;

    /// A caller's statement: a row in `notes`.
    fn note<'c>(
        on: impl Executor<'c, Database = Self> + 'c,
        lane: &str,
        what: &str,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Makes the caller's tables.
    fn prepare(url: &str) -> impl Future<Output = ()> + Send {
        async move {
            Self::script(&mut Self::connect(url).await, TABLES).await.expect("the caller's tables");
        }
    }
}

/// Where a database is.
pub trait Place: fmt::Debug {
    /// What the library opens it by.
    fn address(&self) -> String;
}

impl Place for Sqlite {
    fn address(&self) -> String {
        self.url()
    }
}

impl Place for Postgres {
    fn address(&self) -> String {
        self.url().to_string()
    }
}

macro_rules! backend {
    ($database:ty, $connection:ty, $title:literal, $begin:literal, $idle:expr, $place:ty, $fresh:expr) => {
        impl Backend for $database {
            const TITLE: &'static str = $title;
            const BEGIN: &'static str = $begin;
            const IDLE: &'static str = $idle;

            type Place = $place;

            async fn fresh() -> Option<$place> {
                $fresh
            }

            async fn connect(url: &str) -> $connection {
                <$connection>::connect(url).await.expect("the database accepts a connection")
            }

            async fn script(conn: &mut $connection, sql: &str) -> Result<(), sqlx::Error> {
                conn.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)
            }

            async fn ask(conn: &mut $connection, sql: &str) -> Vec<(String, i64)> {
                sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await.expect("the database answers a check")
            }

            async fn note<'c>(
                on: impl Executor<'c, Database = Self> + 'c,
                lane: &str,
                what: &str,
            ) -> Result<(), sqlx::Error> {
                sqlx::query(PUT_NOTE).bind(lane).bind(what).execute(on).await.map(drop)
            }
        }
    };
}

backend!(sqlx::Sqlite, SqliteConnection, "SQLite", "BEGIN IMMEDIATE", "SELECT '', 0", Sqlite, Some(Sqlite::fresh()));
backend!(
    sqlx::Postgres,
    PgConnection,
    "PostgreSQL",
    "BEGIN",
    IDLE,
    Postgres,
    match Postgres::fresh().await {
        Some(database) => Some(database.hurry().await),
        None => None,
    }
);
