//! The pool of a PostgreSQL server.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::store::{ConnectError, PoolSettings};

/// Opens a pool for the server at `url`.
///
/// Connections are not pinged before each use, which would cost a round trip per call: a broken one shows at the first
/// statement, which only reads.
pub(super) async fn connect(url: &str, settings: &PoolSettings) -> Result<(PgPool, PgPool), ConnectError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(ConnectError::Url(format!(
            "{} is not a URL of PostgreSQL; write `postgres://user@host/database`",
            scheme(url)
        )));
    }
    // The URL may hold a password, so the message does not repeat it.
    let options = PgConnectOptions::from_str(url).map_err(|error| {
        ConnectError::Url(format!(
            "the URL of PostgreSQL does not parse: {error}; write `postgres://user@host/database`"
        ))
    })?;
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(settings.acquire)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| ConnectError::Store(<sqlx::Postgres as crate::store::Store>::classify(error)))?;
    Ok((pool.clone(), pool))
}

fn scheme(url: &str) -> String {
    let scheme = url.split(':').next().unwrap_or_default();
    format!("a URL that begins with {scheme:?}")
}
