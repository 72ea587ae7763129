//! Proves the ledger from its entries.

pub(crate) mod account;
pub(crate) mod call;
pub(crate) mod fetch;
pub(crate) mod finding;
pub(crate) mod posting;
pub(crate) mod report;
pub(crate) mod walk;
