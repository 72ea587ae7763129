//! Processes killed at random and at every write: what they acknowledged is in the database.

use std::process::Command;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tests::{CrashShim, Ended, Report, Seed, Sqlite, When, Worker};

#[tokio::test]
async fn process_kill_at_each_write_keeps_acknowledged_rows() {
    const ROWS: i64 = 3;
    let shim = CrashShim::build();
    let operations = shim.count(&mut worker(&Sqlite::fresh(), ROWS));

    let mut report = Report::new("support: process killed at a write to SQLite", 5);
    for operation in 1..=operations {
        for when in [When::Before, When::After, When::Torn] {
            let database = Sqlite::fresh();
            let ended = Worker::spawn(shim.strike(&mut worker(&database, ROWS), operation, when)).finish();
            assert_eq!(ended.status.code(), None, "{operation} {when:?}: killed");
            check(&database, &ended).await;
            report.strike(format!("{when:?}"));

            let rest = Worker::spawn(&mut worker(&database, ROWS)).finish();
            assert!(rest.status.success(), "{operation} {when:?}: the next process goes on");
            assert_eq!(rows(&database).await, ROWS);
        }
    }
    report.finish(3 * operations);
}

#[tokio::test]
async fn process_kill_at_any_time_keeps_acknowledged_rows() {
    let mut random = Seed::new().rng(0);
    let mut report = Report::new("support: process killed at any time", 5);
    let database = Sqlite::fresh();
    for _ in 0..10 {
        let process = Worker::spawn(&mut worker(&database, i64::MAX));
        let ended = process.kill_after_acks(random.usize(1..20));
        assert_eq!(ended.status.code(), None, "killed");
        check(&database, &ended).await;
        report.strike("kill");
    }
    report.finish(10);
}

#[test]
fn half_line_is_no_acknowledgement() {
    let ended = Worker::spawn(Command::new("sh").args(["-c", "echo 1; printf 2; kill -9 $$"])).finish();
    assert_eq!(ended.acks, ["1"]);
    assert_eq!(ended.status.code(), None);
}

fn worker(database: &Sqlite, rows: i64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_support_worker"));
    command.arg(database.url()).arg(rows.to_string());
    command
}

/// All that was acknowledged is there, and at most one more row: the one that was about to be.
async fn check(database: &Sqlite, ended: &Ended) {
    let Some(last) = ended.acks.last() else { return };
    let last: i64 = last.parse().unwrap();
    let found = rows(database).await;
    assert!(found == last || found == last + 1, "{last} acknowledged, {found} found");
}

async fn rows(database: &Sqlite) -> i64 {
    let mut connection = SqliteConnection::connect(&database.url()).await.unwrap();
    let intact: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(intact, "ok");
    sqlx::query_scalar("SELECT count(*) FROM work").fetch_one(&mut connection).await.unwrap()
}
