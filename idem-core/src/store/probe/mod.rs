//! Lost commits.

pub(crate) mod run;
pub(crate) mod texts;
