//! The outbox: messages that are written with their effect, and delivered after it.

mod emit;
