//! Verdicts: what calls were answered, in a table of bounded length.

pub(crate) mod queries;
pub(crate) mod rows;
pub(crate) mod texts;
