//! Machines: their rows, their transitions and their graphs.

pub(crate) mod queries;
pub(crate) mod rows;
pub(crate) mod texts;
