//! Group commit.

mod flush;
pub(crate) mod queue;
pub(crate) mod settings;
