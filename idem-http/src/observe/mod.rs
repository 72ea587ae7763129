//! What is seen of guarded requests from outside: a span (feature `tracing`), metrics (feature `metrics`), and an auditor on demand. Never a
//! key, a path or a body.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "some parts are for transactions")
)]

mod meter;
mod span;
mod verdict;
mod watch;

pub(crate) use meter::{Step, adopted, describe, fail_open, not_recorded};
pub(crate) use span::{encoded, panicked, problem, unreadable, weak_key};
pub use verdict::Verdict;
pub use watch::Audit;
pub(crate) use watch::{Auditor, Watch};
