//! How a PostgreSQL server is connected to.

use std::str::FromStr;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::postgres::PgConnectOptions;

use crate::store::connect::Connect;

impl Connect for Postgres {
    const MAX_WRITERS: Option<u32> = None;

    const MAX_CALLERS_ALONE: usize = 8;

    const SUPPORTS_BLIND_WRITES: bool = true;

    /// Waits for locks are bounded statement by statement, so nothing of the session is set.
    fn options(url: &str, _wait: Duration) -> Result<PgConnectOptions, String> {
        options(url)
    }

    /// Plans are made once and kept: one that was made while a table was small would scan it for ever.
    fn for_groups(options: PgConnectOptions) -> PgConnectOptions {
        options.options([("enable_seqscan", "off"), ("jit", "off")])
    }

    /// Read committed, whatever the database's default: a wait for a lock then sees what it waited for.
    fn begin(wait: Duration) -> String {
        format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {}", lock_timeout(wait))
    }

    const PING: &'static str = "SELECT 1";
}

/// Milliseconds; 0 would mean to wait for ever.
pub(super) fn lock_timeout(wait: Duration) -> i32 {
    i32::try_from(wait.as_millis()).unwrap_or(i32::MAX).max(1)
}

fn options(url: &str) -> Result<PgConnectOptions, String> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        let scheme = url.split(':').next().unwrap_or_default();
        return Err(format!(
            "a URL that begins with {scheme:?} is not one of PostgreSQL; write `postgres://user@host/database`"
        ));
    }
    // The URL may hold a password, so the message does not repeat it.
    let options = PgConnectOptions::from_str(url).map_err(|error| {
        format!("the URL of PostgreSQL does not parse: {error}; write `postgres://user@host/database`")
    })?;
    // A seeded bug: answers before the commit is on the disk.
    if seeded_bug!("lazy-commit") {
        return Ok(options.options([("synchronous_commit", "off")]));
    }
    Ok(options)
}
