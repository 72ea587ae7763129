//! The pure rules: no database, nothing asynchronous.
//!
//! - `machine`: graphs, steps, the table that says what a command is answered with, machines in memory
//! - `ledger`: changes of the ledger, and balances against their bounds
//! - `row`: conditional updates of the caller's tables

pub(crate) mod ledger;
pub(crate) mod machine;
#[cfg(feature = "_sql")]
pub(crate) mod row;
