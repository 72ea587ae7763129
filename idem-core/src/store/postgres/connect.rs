//! How a PostgreSQL server is connected to.

use std::str::FromStr;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::postgres::PgConnectOptions;

use super::raise::is_open;
use crate::store::connect::{Connect, SessionBounds, TransactionUse};
use crate::store::error::{Class, StoreError};

impl Connect for Postgres {
    const MAX_WRITERS: Option<u32> = None;

    const MAX_CALLERS_ALONE: usize = 8;

    const SUPPORTS_BLIND_WRITES: bool = true;

    /// A ROLLBACK where nothing is open would be warned of.
    const END_ANY: &'static str = "BEGIN; ROLLBACK";

    const ERRORS_ABORT: bool = true;

    const WRITES_IN_ONE_STATEMENT: bool = true;

    fn options(url: &str, _wait: Duration) -> Result<PgConnectOptions, String> {
        options(url)
    }

    /// Locks of tables are taken before a statement can set a bound of its own. The bound on statements is not for those of a
    /// caller: what was set before is kept for them.
    ///
    /// Plans are made once and kept: one that was made while a table was small would scan it for ever.
    fn greeting(SessionBounds { lock, statement }: SessionBounds) -> String {
        let (lock, statement) = (milliseconds(lock), milliseconds(statement));
        format!(
            "SELECT set_config('{CALLERS_BOUND}', current_setting('statement_timeout'), false), \
             set_config('statement_timeout', '{statement}', false), set_config('lock_timeout', '{lock}', false), \
             set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)"
        )
    }

    fn sharing(name: u64) -> Option<[String; 2]> {
        let set = format!("SET idem.session = '{name}'");
        Some([set, format!("SELECT 1 / (current_setting('idem.session', true) IS DISTINCT FROM '{name}')::int")])
    }

    /// Read committed, whatever the database's default: a wait for a lock then sees what it waited for.
    fn begin(wait: Duration, use_of: TransactionUse) -> String {
        let lock = milliseconds(wait);
        let begin =
            format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {lock}; {}", Self::MARK);
        if use_of == TransactionUse::Own {
            return begin;
        }
        format!(
            "{begin}; SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL jit TO DEFAULT; SELECT set_config('statement_timeout', coalesce(nullif(current_setting('{CALLERS_BOUND}', true), ''), \
             current_setting('statement_timeout')), true)"
        )
    }

    const MARK: &'static str = "SET LOCAL idem.transaction = 'open'";

    const MARK_ADOPTED: &'static str = "SELECT t.began FROM (
            SELECT (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint AS began) t
        WHERE t.began = coalesce($1::bigint, t.began) AND set_config('idem.transaction', 'open', true) IS NOT NULL
            AND (current_setting('lock_timeout') <> '0' OR set_config('lock_timeout', $2, true) IS NOT NULL)";

    fn look() -> String {
        format!("SELECT {}", is_open!())
    }

    fn is_open(looked: Result<(), StoreError>) -> Result<bool, StoreError> {
        match looked {
            Err(error) if error.class == Class::Ended => Ok(false),
            looked => looked.map(|()| true),
        }
    }
}

/// Holds the caller's bound on statements.
const CALLERS_BOUND: &str = "idem.statement_timeout";

/// Milliseconds; 0 would mean to wait for ever.
pub(super) fn milliseconds(wait: Duration) -> i32 {
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
    // Poolers refuse what they do not know at startup, and idem reads no floats.
    let options = options.extra_float_digits(None);
    // A seeded bug: answers before the commit is on the disk.
    if seeded_bug!("lazy-commit") {
        return Ok(options.options([("synchronous_commit", "off")]));
    }
    Ok(options)
}
