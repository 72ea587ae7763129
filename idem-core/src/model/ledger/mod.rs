//! Changes of the ledger, and what they do to balances.

pub(crate) mod books;
pub(crate) mod change;
