//! The example `jobs`, run as its users run it: one of its workers is killed, one is paused for longer than its lease.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::process::{Command, Output};

use serde_json::Value;
use tests::{Postgres, Seed, Sqlite, scale};

const NIGHTS: u64 = 6;
const MAILS: u64 = 8;

fn run(db: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobs"));
    command.args(["--db", db, "--mails", &MAILS.to_string(), "--json"]).args(arguments);
    command.output().expect("the program starts")
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn each_job_is_done_once(db: &str) {
    let mut rng = Seed::new().rng(0);
    for _ in 0..scale(2, 20) {
        // Odd ones are killed before their mail is sent, even ones after it.
        let kill = rng.u64(1..=NIGHTS * MAILS / 2).to_string();
        let output = run(db, &["--nights", &NIGHTS.to_string(), "--kill-after", &kill, "--within", "120"]);
        let told = told(&output);
        assert!(output.status.success(), "{told}");
        let proof: Value = serde_json::from_slice(&output.stdout).expect("JSON on stdout");
        let number = |name: &str| proof[name].as_u64().unwrap_or_else(|| panic!("{name} is missing: {told}"));
        assert_eq!((number("reports"), number("mails_sent")), (NIGHTS, NIGHTS * MAILS), "{told}");
        for floor in ["killed", "paused", "fenced", "locks_taken_over"] {
            assert!(number(floor) >= 1, "{floor}: {told}");
        }
        assert_eq!(number("requests"), number("mails_sent") + number("repeats"), "{told}");
    }
}

#[test]
fn each_job_is_done_once_on_sqlite_with_kill_and_pause() {
    let sqlite = Sqlite::fresh();
    each_job_is_done_once(&format!("sqlite://{}", sqlite.path().display()));
}

#[test]
fn each_job_is_done_once_on_postgres_with_kill_and_pause() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let Some(postgres) = runtime.block_on(Postgres::fresh()) else { return };
    each_job_is_done_once(&postgres.url().to_string());
}

#[test]
fn run_without_kill_that_was_asked_for_fails() {
    let sqlite = Sqlite::fresh();
    let db = format!("sqlite://{}", sqlite.path().display());
    let output = run(&db, &["--nights", "2", "--kill-after", "1000", "--pause", "0", "--within", "120"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("no worker was killed"), "{}", told(&output));
}

#[test]
fn run_that_takes_too_long_fails_and_ends_its_workers() {
    let sqlite = Sqlite::fresh();
    let db = format!("sqlite://{}", sqlite.path().display());
    let output = run(&db, &["--nights", "1000", "--within", "1", "--kill-after", "0", "--pause", "0"]);
    // It has ended, and with it what had its standard error.
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("not done within 1s"), "{}", told(&output));
}
