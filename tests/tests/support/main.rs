//! The support code itself: a fault that does not strike would make every fault test pass.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod databases;
mod kill;
mod polls;
mod proxy;
mod server;
