//! What every store must do, clause by clause: each is a function that panics where a store does something else.
//!
//! A store brings a [`Subject`]; what is different about it is a parameter there, never another version of a clause.
//! [`for_each_clause`](crate::for_each_clause) lists all of them, so that a new clause runs on every store, and
//! [`for_each_lease_clause`](crate::for_each_lease_clause) those about leases.
//!
//! | clauses about | are in |
//! |---|---|
//! | the answer to a command; these speak to a [`Case`], which a machine in memory is too | [`commands`] |
//! | stored machines: keys, batches, reads, audits, releases, calls at the same time | [`stored`] |
//! | the caller's transactions | [`transactions`] |
//! | calls that share a transaction | [`groups`] |
//! | accounts, entries and holds | [`ledger`] |
//! | conditional updates of the user's own tables | [`updates`] |
//! | operations: once, in the open form, in a transaction; what fences let in | [`operations`] |
//! | leases and locks; these speak to a [`LeaseSubject`](leases::LeaseSubject), which is not only a database | [`leases`] |
//! | messages of machines and of transactions | [`outbox`] |
//! | opening and migrating a database | [`opening`] |
//!
//! The machines that they drive are in [`machines`].
#![allow(async_fn_in_trait, reason = "nobody spawns what the clauses call by a trait")]

mod case;
mod clauses;
pub mod commands;
pub mod groups;
pub mod leases;
pub mod ledger;
pub mod machines;
pub mod opening;
pub mod operations;
pub mod outbox;
pub mod stored;
mod subject;
pub mod transactions;
pub mod updates;

pub use case::{Answer, Case, Desk, Failure, Memory, fresh, key, refused, replayed};
pub use subject::{Connection, Differences, Stored, Subject};
