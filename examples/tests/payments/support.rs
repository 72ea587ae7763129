//! Databases, feeds, and the program under test.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tests::{Postgres, Seed, Sqlite, scale};

/// A database of a test's own.
pub(crate) enum Database {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Sqlite::fresh())
    }

    /// `None` where the test is skipped.
    pub(crate) fn postgres() -> Option<Self> {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        runtime.block_on(Postgres::fresh()).map(|postgres| Self::Postgres(Box::new(postgres)))
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(sqlite) => format!("sqlite://{}", sqlite.path().display()),
            Self::Postgres(postgres) => postgres.url().to_string(),
        }
    }
}

/// Whether a SQLite database is its file alone, without the files of a log.
pub(crate) fn assert_no_log(sqlite: &Sqlite) {
    let files = std::fs::read_dir(sqlite.folder()).expect("a temporary folder");
    let names: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(names, ["test.db"]);
}

/// Runs a test on each database that is there.
macro_rules! on_each_database {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(|| Some(crate::support::Database::sqlite())); })*
        }
        mod postgres {
            $(#[test] fn $test() { super::$test(crate::support::Database::postgres); })*
        }
    };
}
pub(crate) use on_each_database;

/// The program, fed `feed` by stdin.
pub(crate) struct Payments {
    command: Command,
    feed: Vec<u8>,
}

impl Payments {
    pub(crate) fn on(database: &Database, feed: &[u8]) -> Self {
        Self::at(&database.url(), feed)
    }

    pub(crate) fn at(url: &str, feed: &[u8]) -> Self {
        let mut command = bare();
        command.args(["deliveries", "--db", url, "-"]);
        Self { command, feed: feed.to_vec() }
    }

    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> Output {
        let mut child = self.command.stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        // A program that is killed does not read to the end.
        let feeding = std::thread::spawn(move || drop(stdin.write_all(&self.feed)));
        let output = child.wait_with_output().expect("the program ends");
        feeding.join().expect("the feed ends with the program");
        output
    }

    /// Its answer as JSON; fails unless it ended with 0.
    pub(crate) fn json(self) -> Value {
        let output = self.with(&["--json"]).run();
        assert!(output.status.success(), "{}\n{}", output.status, text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON on stdout")
    }

    /// Runs it, and fails unless it was killed by itself.
    pub(crate) fn ends_killed(self) {
        let output = self.run();
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        assert_eq!(signal, Some(6), "{}\n{}", output.status, text(&output.stderr));
    }
}

/// The program without arguments.
pub(crate) fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payments"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Deliveries from a seed that is printed.
pub(crate) fn feed(lines: u64) -> Vec<u8> {
    generated(Seed::new().rng(0).u64(..), scale(lines, 10 * lines))
}

pub(crate) fn generated(seed: u64, lines: u64) -> Vec<u8> {
    let mut feed = Vec::new();
    examples::payments::generate::write(&mut feed, seed, lines).expect("memory");
    feed
}

pub(crate) fn fresh(report: &Value) -> u64 {
    report["run"]["fresh"].as_u64().expect("a number")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
