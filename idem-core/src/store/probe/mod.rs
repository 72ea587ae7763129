//! Lost commits.

pub(crate) mod store;
pub(crate) mod texts;
