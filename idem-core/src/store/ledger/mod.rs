//! The ledger: accounts, entries and holds, and what is asked of them.

pub(crate) mod queries;
pub(crate) mod rows;
pub(crate) mod texts;
