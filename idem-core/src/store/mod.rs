//! Databases: rows and SQL, no decisions.
//!
//! A store reads rows, writes rows, and says whether a write lost a race. What all databases share stands here once:
//!
//! - `columns`, `list`, `reader`, `binder`: lists of columns, and how they are bound and read
//! - `template`, `statements`, `tables`: statements as they are written, and as they are sent
//! - `session`: one connection while it is used
//! - `machine`, `ledger`, `row`, `claims`: a family of tables each, its rows, its statements by name and its reads
//! - `write`: what is written, as a list of parts
//! - `verdicts`: what calls were answered
//! - `outbox`: messages until they are delivered
//! - `forget`, `sweep`: what a scope named is blanked, what has expired is deleted
//! - `probe`, `migrate`: lost commits, and the schema
//!
//! In what a database differs stands in its folder, in files of these names: SQL text, how values are bound, classes of
//! errors. A new database is a folder, a feature and a line below.

#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    allow(dead_code, unused_imports, unused_macros, reason = "some shared parts are for one of the databases")
)]
#![allow(unreachable_pub, reason = "what the sealed trait names is public, and nobody can reach it")]

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

pub(crate) mod binder;
pub(crate) mod claims;
pub(crate) mod columns;
pub(crate) mod connect;
pub(crate) mod dialect;
pub(crate) mod driver;
pub(crate) mod error;
pub(crate) mod forget;
pub(crate) mod key;
pub(crate) mod ledger;
mod list;
pub(crate) mod loaded;
pub(crate) mod machine;
pub(crate) mod migrate;
pub(crate) mod outbox;
pub(crate) mod probe;
mod reader;
mod render;
pub(crate) mod row;
pub(crate) mod session;
pub(crate) mod statements;
pub(crate) mod sweep;
pub(crate) mod tables;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod verdicts;
pub(crate) mod write;

use claims::texts::ClaimStore;
use connect::Connect;
use forget::texts::ForgetStore;
use ledger::texts::LedgerStore;
use loaded::Load;
use machine::texts::MachineStore;
use migrate::texts::MigrateStore;
use outbox::texts::OutboxStore;
use probe::texts::ProbeStore;
use row::store::RowStore;
use sweep::texts::SweepStore;
use verdicts::texts::VerdictStore;
use write::store::WriteStore;

/// A database that idem runs on: `sqlx::Sqlite` or `sqlx::Postgres`, each behind its feature. Sealed.
pub trait Database:
    Connect
    + Load
    + MachineStore
    + LedgerStore
    + RowStore
    + ClaimStore
    + WriteStore
    + ForgetStore
    + SweepStore
    + VerdictStore
    + OutboxStore
    + ProbeStore
    + MigrateStore
{
}
