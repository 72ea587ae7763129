//! The example `wallets`, run as its users run it.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::process::{Command, Output};

use sqlx::Connection as _;
use tests::Sqlite;

fn run(sqlite: &Sqlite, visits: &str, wallets: &str) -> Output {
    let db = format!("sqlite://{}", sqlite.path().display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_wallets"));
    command.args(["--db", &db, "--visits", visits, "--wallets", wallets]).output().expect("the program starts")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn sound(sqlite: &Sqlite, visits: &str, wallets: &str) -> String {
    let output = run(sqlite, visits, wallets);
    let told = told(&output);
    assert!(output.status.success() && told.contains("Proof passed: "), "{told}");
    told
}

/// The figure of the line that says this.
fn figure(told: &str, what: &str) -> u64 {
    let line = told.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what:?} in {told}"));
    let figure = line.split_whitespace().next().expect("a figure");
    figure.replace(',', "").parse().expect("a number")
}

#[test]
fn second_run_of_wallets_pays_nothing_twice() {
    let sqlite = Sqlite::fresh();
    let (first, second) = (sound(&sqlite, "2000", "10"), sound(&sqlite, "2000", "10"));
    let [fresh, replayed] = ["changed accounts in this run", "got their first answer"];
    assert!(figure(&first, fresh) > 1_000 && figure(&first, replayed) > 100, "{first}");
    assert_eq!(figure(&second, fresh), 0, "{second}");
    let lines = first.lines().filter(|line| !line.starts_with("wallets: "));
    assert!(lines.clone().count() <= 24 && lines.clone().all(|line| line.chars().count() <= 100), "{first}");
}

#[test]
fn run_with_other_number_of_wallets_has_its_own_books() {
    let sqlite = Sqlite::fresh();
    sound(&sqlite, "100", "10");
    let other = sound(&sqlite, "100", "3");
    assert!(figure(&other, "changed accounts in this run") > 50, "{other}");
}

#[test]
fn damaged_account_is_reported_of_wallets_alone() {
    let sqlite = Sqlite::fresh();
    sound(&sqlite, "100", "3");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let damage = |statement: &'static str| {
        runtime.block_on(async {
            let url = format!("sqlite://{}", sqlite.path().display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the file exists");
            let done = sqlx::query(statement).execute(&mut connection).await.expect("the tables exist");
            assert_eq!(done.rows_affected(), 1, "{statement}");
            connection.close().await.expect("nothing is open");
        });
    };
    damage("INSERT INTO idem_accounts (account, balance, seq) VALUES ('of another application', 5, 0)");
    let told_of_other = sound(&sqlite, "100", "3");
    assert!(told_of_other.contains("about accounts of other users of this database"), "{told_of_other}");
    damage("UPDATE idem_accounts SET balance = balance + 1 WHERE account = 'wallets-3:wallet:0'");
    let output = run(&sqlite, "100", "3");
    let told = told(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("Proof FAILED:\n  the sum of all accounts is 0.01 EUR"), "{told}");
    assert!(told.contains("account \"wallets-3:wallet:0\""), "{told}");
}
