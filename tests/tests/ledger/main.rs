//! The ledger against a model of it, call by call, and against a checker of what many callers at once were told.
//!
//! `IDEM_OPERATIONS` says how many operations each test makes; without it a run takes seconds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "a panic is how a test fails"
)]

mod checker;
mod many_callers;
mod model;
mod plan;
mod script;

/// How many operations to make.
fn operations(short: usize) -> usize {
    std::env::var("IDEM_OPERATIONS").map_or(short, |text| text.parse().expect("IDEM_OPERATIONS is a number"))
}
