//! SQLite. The write lock is the transaction: every one that will write begins `IMMEDIATE`.
//!
//! A wait for that lock ends after the connection's `busy_timeout`, which is set when a connection is made; the waits that
//! the engine passes are for databases with row locks. Several statements in one text are one message to the connection's
//! thread.

mod classify;
mod connect;
mod dialect;
mod frame;
mod ledger;
mod list;
mod machine;
mod migrate;
mod parts;
mod probe;
mod row;
mod write;

impl super::Database for sqlx::Sqlite {}
