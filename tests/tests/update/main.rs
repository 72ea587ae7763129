//! Conditional updates of a caller's own tables: against a model under concurrency, on every type of PostgreSQL that text
//! is cast to, and with connections that are lost.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod lost;
mod model;
mod support;
mod tables;
mod types;
