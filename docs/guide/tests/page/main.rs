//! `docs/GUIDE.md`, as a reader follows it: its blocks give the files of this crate, and its commands print what it shows.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

mod blocks;
mod curl;
mod files;
mod from_nothing;
mod run;

/// Step 2, before the money: its unit test runs here, that of the end in the crate.
#[path = "../../before/order.rs"]
#[allow(dead_code, reason = "the programs use the order of the end")]
mod before;
