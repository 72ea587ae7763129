//! SQLite. The write lock is the transaction: every one that will write begins `IMMEDIATE`.
//!
//! A wait for that lock ends after the connection's `busy_timeout`, which is set when a connection is made; the waits that
//! the engine passes are for databases with row locks. Several statements in one text are one message to the connection's
//! thread.

mod classify;
mod connect;
mod dialect;
mod frame;
mod items;
mod ledger;
mod list;
mod load;
mod machine;
mod migrate;
mod parts;
mod row;
mod write;

use super::probe::texts::{ProbeStore, ProbeTexts};

/// The write lock is waited for, and with it no first writer is still under way.
impl ProbeStore for sqlx::Sqlite {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts::COMMON;
}

impl super::Database for sqlx::Sqlite {}
