//! Connections and transactions, and what to do when a reply is lost.
//!
//! - `breaks`: how often connections broke
//! - `clock`: the database's clock, as far as it is known here
//! - `pool`: where connections come from, and how they go back
//! - `transaction`: transactions that callers' statements share with the engine's
//! - `resolve`: whether a write whose reply was lost was committed
//! - `retry`: how often, and how far apart
//! - `witnesses`: the rows that prove the commit of a transaction

pub(crate) mod breaks;
pub(crate) mod clock;
pub(crate) mod pool;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod transaction;
mod witnesses;
