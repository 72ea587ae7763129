//! Changes of the ledger, and what they do to balances.
#![allow(unreachable_pub, reason = "what the sealed trait of the stores names is public, and nobody can reach it")]

pub(crate) mod books;
pub(crate) mod change;
mod meaning;
#[cfg(feature = "_sql")]
pub(crate) mod settings;
pub(crate) mod tally;
