//! SQLite. The write lock is the transaction: every one that will write begins `IMMEDIATE`.
//!
//! A wait for that lock ends after the connection's `busy_timeout`, which is set when a connection is made; the waits that
//! the engine passes are for databases with row locks. Several statements in one text are one message to the connection's
//! thread.

mod claims;
mod classify;
pub(crate) mod connect;
mod dialect;
mod forget;
mod frame;
mod items;
mod ledger;
mod list;
mod load;
mod machine;
mod migrate;
mod open_problem;
mod outbox;
mod parts;
mod row;
mod sweep;
mod verdicts;
mod write;

use super::probe::texts::{ProbeStore, ProbeTexts};

/// Any commit does; none leaves anything.
const PUT_KEY: &str = "
    INSERT INTO {claims} (hash, surface, scope, fingerprint, state, at) VALUES (x'', '', '', $1, 0, 0);
    DELETE FROM {claims} WHERE hash = x''";

/// The write lock is waited for, and with it no first writer is still under way. One whose COMMIT failed has left its pages in
/// the log, where another process that recovers the file would find them: a commit of our own overwrites them.
impl ProbeStore for sqlx::Sqlite {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts {
        put_update_key: PUT_KEY,
        put_transition_key: PUT_KEY,
        put_entry_key: PUT_KEY,
        put_transition: "
            INSERT INTO {claims} (hash, surface, scope, fingerprint, state, at) VALUES (x'', $1, $2, x'', $3, 0);
            DELETE FROM {claims} WHERE hash = x''",
        ..ProbeTexts::COMMON
    };

    const PUT_IS_COMMITTED: bool = true;
}

impl super::Database for sqlx::Sqlite {}
