//! The main job, run as its users run it: the real binary, killed and run again.
#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

mod api;
mod audit;
mod browser;
mod input;
mod kills;
mod oracle;
mod page;
mod runs;
mod sdk;
mod server;
mod shared;
mod storm;
mod support;
mod usage;
mod webhooks;
