//! The outbox: messages until they are delivered.

pub(crate) mod queries;
pub(crate) mod texts;
