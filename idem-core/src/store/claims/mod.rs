//! Claims: keys that have no row of their own.

pub(crate) mod fence_write;
pub(crate) mod queries;
pub(crate) mod rows;
pub(crate) mod texts;
