//! One row of a caller's table.

pub(crate) mod queries;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod writer;
