//! The pure rules: no database, nothing asynchronous.
//!
//! - `machine`: graphs, steps, the table that says what a command is answered with, machines in memory
//! - `ledger`: changes of the ledger, and balances against their bounds
//! - `claim`: the record of a key that has no row of its own
//! - `row`: conditional updates of the caller's tables

#[cfg(feature = "leases")]
pub(crate) mod claim;
pub(crate) mod ledger;
pub(crate) mod machine;
#[cfg(feature = "_sql")]
pub(crate) mod row;
