//! Connections and transactions, and what to do when a reply is lost.
//!
//! - `pool`: where connections come from, and how they go back
//! - `transaction`: transactions that callers' statements share with the engine's
//! - `resolve`: whether a write whose reply was lost was committed
//! - `retry`: how often, and how far apart

pub(crate) mod pool;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod transaction;
