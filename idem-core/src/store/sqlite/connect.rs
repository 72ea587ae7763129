//! How a SQLite file is opened.

use std::str::FromStr;
use std::time::Duration;

use sqlx::Sqlite;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::classify::is_within_transaction;
use crate::store::connect::Connect;
use crate::store::error::StoreError;

impl Connect for Sqlite {
    const MAX_WRITERS: Option<u32> = Some(1);

    const MAX_CALLERS_ALONE: usize = 1;

    const SUPPORTS_BLIND_WRITES: bool = false;

    fn options(url: &str, wait: Duration) -> Result<SqliteConnectOptions, String> {
        options(url, wait)
    }

    const ERRORS_ABORT: bool = false;

    const WRITES_IN_ONE_STATEMENT: bool = false;

    fn begin(_wait: Duration, _lent: bool) -> String {
        "BEGIN IMMEDIATE".to_owned()
    }

    const MARK: &'static str = "";

    /// SQLite has no other question for it. Where it succeeds, what will end the transaction that is gone finds this one.
    fn look() -> String {
        "BEGIN".to_owned()
    }

    fn is_open(looked: Result<(), StoreError>) -> Result<bool, StoreError> {
        match looked {
            Ok(()) => Ok(false),
            Err(error) if is_within_transaction(&error.source) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Opens the file at `url`, creating it unless the URL says otherwise.
///
/// Readers see the last commit beside the one writer (WAL), and a commit is on the disk when it returns
/// (`synchronous = FULL`).
fn options(url: &str, wait: Duration) -> Result<SqliteConnectOptions, String> {
    if !url.starts_with("sqlite:") {
        return Err(format!("{url:?} is not a URL of SQLite; write `sqlite://path/to/file.db`"));
    }
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    if path.is_empty() || path.starts_with('?') {
        // SQLite would make a file of its own for each connection, and remove it with the connection.
        return Err(format!("{url:?} names no file; write `sqlite://path/to/file.db`"));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err("a database in memory is another one for each connection and is gone with it; open a file (in a \
                    temporary folder for tests), or use the machine's `in_memory`"
            .to_owned());
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| format!("{url:?} is not a URL of SQLite: {error}; write `sqlite://path/to/file.db`"))?
        .busy_timeout(wait);
    let read_only = url.contains("mode=ro") || url.contains("immutable=true");
    if read_only {
        return Ok(options);
    }
    Ok(options
        .create_if_missing(!url.contains("mode=rw") || url.contains("mode=rwc"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // A group changes a page or more for each call: with SQLite's defaults (2 MiB and 4 MiB) it would spill its pages
        // while it is written, and every group would be followed by a checkpoint.
        .pragma("cache_size", "-16384")
        .pragma("wal_autocheckpoint", "8192"))
}
