//! The schema, step by step.

pub(crate) mod run;
pub(crate) mod texts;
