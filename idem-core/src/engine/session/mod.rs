//! Connections and transactions, and what to do when a reply is lost.

pub(crate) mod pool;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod transaction;
