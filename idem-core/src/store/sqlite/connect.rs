//! How a SQLite file is opened.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Sqlite};

use super::classify::is_within_transaction;
use super::open_problem::open_problem;
use crate::error::OpenProblem;
use crate::store::connect::{Connect, TransactionUse};
use crate::store::error::StoreError;

/// In KiB, as SQLite wants it.
const CACHE: &str = "-16384";

const EXAMPLE: &str = "write `sqlite://path/to/file.db`";

impl Connect for Sqlite {
    const MAX_WRITERS: Option<u32> = Some(1);

    const MAX_CALLERS_ALONE: usize = 1;

    const SUPPORTS_BLIND_WRITES: bool = false;

    fn options(url: &str, wait: Duration) -> Result<SqliteConnectOptions, String> {
        options(url, wait)
    }

    const END_ANY: &'static str = "";

    const ERRORS_ABORT: bool = false;

    const WRITES_IN_ONE_STATEMENT: bool = false;

    fn begin(_wait: Duration, _use_of: TransactionUse) -> String {
        "BEGIN IMMEDIATE".to_owned()
    }

    const MARK: &'static str = "";

    const MARK_ADOPTED: &'static str = "";

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

    fn not_opened(options: &SqliteConnectOptions, error: &sqlx::Error) -> Option<(String, OpenProblem)> {
        let path = options.get_filename();
        // The driver makes no URL of every path.
        let makes = options.clone().filename("file").to_url_lossy();
        let makes = makes.query().is_some_and(|query| query.contains("mode=rwc"));
        Some((path.display().to_string(), open_problem(path, makes, error)?))
    }
}

/// The file that a URL names, created unless the URL says otherwise.
///
/// In the path a `%` and two hexadecimal digits stand for a byte, and a `?` ends it; nothing else has a meaning of its own.
fn options(url: &str, wait: Duration) -> Result<SqliteConnectOptions, String> {
    let Some(rest) = url.strip_prefix("sqlite:") else {
        // The rest may have a password in it.
        let begins = url
            .split_once(':')
            .map_or_else(String::new, |(scheme, _)| format!(", and this one begins with `{scheme}:`"));
        return Err(format!("a URL of SQLite begins with `sqlite:`{begins}; {EXAMPLE}"));
    };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() {
        // SQLite would make a file of its own for each connection, and remove it with the connection.
        return Err(format!("{url:?} names no file; {EXAMPLE}"));
    }
    if !is_encoded(path) {
        return Err(format!("{url:?} has a `%` that stands for no character; write `%25` for a `%` in a file's name"));
    }
    let options = SqliteConnectOptions::from_str(&format!("sqlite://{rest}")).map_err(|error| {
        format!("{url:?} is not a URL of SQLite: {error}; {EXAMPLE}, with `%3F` for a `?` in the name, in UTF-8")
    })?;
    let parameter = |name: &str| {
        let mut last_first = parameters.rsplit('&').filter_map(|parameter| parameter.split_once('='));
        last_first.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let (mode, immutable) = (parameter("mode"), parameter("immutable"));
    if mode == Some("memory") || path == ":memory:" || options.get_filename() == Path::new(":memory:") {
        return Err("a database in memory is another one for each connection and is gone with it; open a file (in a \
                    temporary folder for tests), or use the machine's `in_memory`"
            .to_owned());
    }
    let name = options.get_filename().to_string_lossy();
    if name.starts_with("file:") || name.contains('\0') {
        return Err(format!(
            "{url:?} names no file: `file:` begins a URI, so write `./file:…`, and no name has U+0000; {EXAMPLE}"
        ));
    }
    // Reads the file, so what is none is refused here.
    let options = options.busy_timeout(wait).pragma("cache_size", CACHE);
    if mode == Some("ro") || matches!(immutable, Some("true" | "1")) {
        return Ok(options);
    }
    Ok(tuned(options).create_if_missing(mode != Some("rw")))
}

/// The file at `path`, created if it does not exist. No character of it has a special meaning.
///
/// # Errors
/// It is no name of a file.
pub(crate) fn file_options(path: &Path, wait: Duration) -> Result<SqliteConnectOptions, String> {
    match path.to_str() {
        None => Err(format!("the path {} is not in UTF-8, which SQLite needs", path.display())),
        Some("") => Err("the path is empty; name a file".to_owned()),
        Some(name) if name.starts_with("sqlite:") => {
            Err(format!("{name:?} is a URL; open it by `open`, or give the path alone"))
        }
        Some(name) if name.contains('\0') => Err(format!("{name:?} names no file: no name has U+0000")),
        Some(name) => {
            // What SQLite would take for a URI or for a database in memory.
            let name =
                if name.starts_with("file:") || name.starts_with(':') { format!("./{name}") } else { name.to_owned() };
            Ok(tuned(SqliteConnectOptions::new().filename(name).busy_timeout(wait)).create_if_missing(true))
        }
    }
}

/// Readers see the last commit beside the one writer (WAL), and a commit is on the disk when it returns
/// (`synchronous = FULL`).
fn tuned(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // A group changes a page or more for each call: with SQLite's defaults (2 MiB and 4 MiB) it would spill its pages
        // while it is written, and every group would be followed by a checkpoint.
        .pragma("cache_size", CACHE)
        .pragma("wal_autocheckpoint", "8192")
        // A statement of several rows that may fail keeps each page that it changes as it was, and by SQLite's default it writes
        // them to a file: as many as the group changes.
        .pragma("temp_store", "MEMORY")
}

/// Two hexadecimal digits follow each `%`.
fn is_encoded(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        (0..2).all(|_| digits.next().is_some_and(|digit| digit.is_ascii_hexdigit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(url: &str) -> Result<String, String> {
        options(url, Duration::ZERO).map(|options| options.get_filename().display().to_string())
    }

    #[test]
    fn sqlite_url_is_decoded_to_file_name() {
        for (url, file) in [
            ("sqlite://a.db", "a.db"),
            ("sqlite:a.db", "a.db"),
            ("sqlite:///a/b c#d.db", "/a/b c#d.db"),
            ("sqlite://100%25%20%3F.db?mode=rw", "100% ?.db"),
            ("sqlite://mode=ro/:memory:.db", "mode=ro/:memory:.db"),
            ("sqlite://./file:a.db", "./file:a.db"),
        ] {
            assert_eq!(opened(url).as_deref(), Ok(file), "{url}");
        }
        for url in
            ["sqlite://100%.db", "sqlite://%f", "sqlite://%", "sqlite://%é", "sqlite://a?b.db", "sqlite://?mode=ro"]
        {
            assert!(opened(url).is_err(), "{url}");
        }
    }

    #[test]
    fn sqlite_path_is_used_unchanged() {
        for (path, file) in
            [("a%20b?.db", "a%20b?.db"), (":memory:", "./:memory:"), ("file:a.db?mode=ro", "./file:a.db?mode=ro")]
        {
            let options = file_options(Path::new(path), Duration::ZERO).expect("a file");
            assert_eq!(options.get_filename(), Path::new(file));
        }
        for path in ["", "a\0b", "sqlite://a.db"] {
            assert!(file_options(Path::new(path), Duration::ZERO).is_err(), "{path:?}");
        }
    }

    /// Paths of which the driver makes no URL.
    #[test]
    fn sqlite_path_without_url_form_keeps_error_of_driver() {
        let error = sqlx::Error::PoolTimedOut;
        for path in ["a:b/x.db", "[x/y.db"] {
            let options = file_options(Path::new(path), Duration::ZERO).expect("a file");
            assert!(Sqlite::not_opened(&options, &error).is_none(), "{path}");
        }
    }
}
