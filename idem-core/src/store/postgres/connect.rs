//! How a PostgreSQL server is connected to.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// Waits for locks are bounded statement by statement, so nothing of the session is set.
pub(super) fn options(url: &str, _wait: Duration) -> Result<PgConnectOptions, String> {
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

/// Plans are made once and kept: one that was made while a table was small would scan it for ever.
pub(super) fn for_groups(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("enable_seqscan", "off"), ("jit", "off")])
}
