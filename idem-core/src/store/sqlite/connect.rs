//! The pools of a SQLite file: one connection writes, the others read.

use std::str::FromStr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::store::{ConnectError, PoolSettings};

/// Opens the file at `url`, creating it unless the URL says otherwise.
///
/// SQLite has one writer at a time: with one connection that writes, callers wait in the pool's fair queue instead of
/// polling the file's lock. Readers see the last commit beside it (WAL), and a commit is on the disk when it returns
/// (`synchronous = FULL`).
pub(super) async fn connect(url: &str, settings: &PoolSettings) -> Result<(SqlitePool, SqlitePool), ConnectError> {
    let options = options(url, settings)?;
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(settings.acquire)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let opened = pool(1).connect_with(options.clone()).await;
    let writers =
        opened.map_err(|error| ConnectError::Store(<sqlx::Sqlite as crate::store::Store>::classify(error)))?;
    Ok((writers, pool(settings.connections).connect_lazy_with(options)))
}

fn options(url: &str, settings: &PoolSettings) -> Result<SqliteConnectOptions, ConnectError> {
    if !url.starts_with("sqlite:") {
        return Err(ConnectError::Url(format!("{url:?} is not a URL of SQLite; write `sqlite://path/to/file.db`")));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        let problem = "a database in memory is another one for each connection and is gone with it; open a file (in a \
                       temporary folder for tests), or use the machine's `in_memory`";
        return Err(ConnectError::Url(problem.to_owned()));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| {
            ConnectError::Url(format!("{url:?} is not a URL of SQLite: {error}; write `sqlite://path/to/file.db`"))
        })?
        .busy_timeout(settings.wait);
    let read_only = url.contains("mode=ro") || url.contains("immutable=true");
    Ok(match read_only {
        true => options,
        false => options
            .create_if_missing(!url.contains("mode=rw") || url.contains("mode=rwc"))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full),
    })
}
