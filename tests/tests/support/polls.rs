//! Real transactions dropped at each of their awaits: one that completed has happened, of the others at most the one
//! that had sent its COMMIT.

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tests::{Postgres, Report, Sqlite, sweep};

/// A transaction has few awaits, and how many varies with the system.
const ROUNDS: usize = 5;

#[tokio::test]
async fn transaction_dropped_at_each_await_has_one_effect_or_none_sqlite() {
    let database = Sqlite::fresh();
    let url = database.url();
    let mut checking = SqliteConnection::connect(&url).await.unwrap();
    checking.execute("CREATE TABLE work (id INTEGER)").await.unwrap();
    let insert = async || {
        let mut connection = SqliteConnection::connect(&url).await?;
        let mut transaction = connection.begin().await?;
        transaction.execute("INSERT INTO work VALUES (1)").await?;
        transaction.commit().await
    };
    let mut report = Report::new("support: future dropped at an await, SQLite", 5);
    for _ in 0..ROUNDS {
        let dropped = sweep(
            |_| insert(),
            async |limit, output: Option<Result<(), sqlx::Error>>| {
                let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM work").fetch_one(&mut checking).await.unwrap();
                check(limit, output, rows);
                checking.execute("DELETE FROM work").await.unwrap();
            },
        )
        .await;
        report.add("transaction", dropped);
    }
    report.finish(5);
}

#[tokio::test]
async fn transaction_dropped_at_each_await_has_one_effect_or_none_postgres() {
    let Some(database) = Postgres::fresh().await else { return };
    let url = database.url().to_string();
    let mut checking = database.url().connect().await;
    checking.execute("CREATE TABLE work (id bigint)").await.unwrap();
    let insert = async || {
        let mut connection = PgConnection::connect(&url).await?;
        let mut transaction = connection.begin().await?;
        transaction.execute("INSERT INTO work VALUES (1)").await?;
        transaction.commit().await
    };
    let mut report = Report::new("support: future dropped at an await, PostgreSQL", 5);
    for _ in 0..ROUNDS {
        let dropped = sweep(
            |_| insert(),
            async |limit, output: Option<Result<(), sqlx::Error>>| {
                // Waits for the transactions of dropped connections, which the server ends in its own time.
                checking.execute("BEGIN; LOCK TABLE work").await.unwrap();
                let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM work").fetch_one(&mut checking).await.unwrap();
                check(limit, output, rows);
                checking.execute("TRUNCATE work; COMMIT").await.unwrap();
            },
        )
        .await;
        report.add("transaction", dropped);
    }
    report.finish(5);
}

fn check(limit: usize, output: Option<Result<(), sqlx::Error>>, rows: i64) {
    match output {
        Some(completed) => {
            completed.unwrap();
            assert_eq!(rows, 1, "completed within {limit} polls");
        }
        None => assert!(rows <= 1, "dropped at poll {limit}"),
    }
}
