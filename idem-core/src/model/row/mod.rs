//! Conditional updates of one row of a caller's table.
#![allow(unreachable_pub, reason = "what the sealed trait of the stores names is public, and nobody can reach it")]

pub(crate) mod check;
pub(crate) mod identifier;
pub(crate) mod request;
pub(crate) mod row_update;
pub(crate) mod table_schema;
pub(crate) mod verdict;
pub(crate) mod version;
