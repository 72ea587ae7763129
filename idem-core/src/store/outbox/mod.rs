//! The outbox: messages until they are delivered.

pub(crate) mod queries;
pub(crate) mod relay;
pub(crate) mod rows;
pub(crate) mod texts;
