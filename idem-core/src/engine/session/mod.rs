//! Connections and transactions, and what to do when a reply is lost.
//!
//! - `breaks`: how often connections broke
//! - `clock`: the database's clock, as far as it is known here
//! - `loan`: a transaction that is lent to a closure
//! - `pool`: where connections come from, and how they go back
//! - `transaction`: transactions that callers' statements share with the engine's
//! - `tx_conn`: the connection of a transaction, for callers' statements
//! - `resolve`: whether a write whose reply was lost was committed
//! - `retry`: how often, and how far apart
//! - `witnesses`: the rows that prove the commit of a transaction

pub(crate) mod breaks;
pub(crate) mod clock;
pub(crate) mod loan;
pub(crate) mod pool;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod transaction;
pub(crate) mod tx_conn;
mod witnesses;
