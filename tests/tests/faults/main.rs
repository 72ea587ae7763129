//! The fault battery: processes that die, futures that are dropped, connections that are lost, a server that is killed,
//! and requests that come many times at once. After every strike all that the library promises is checked anew.
//!
//! What is struck, and how often: `docs/FAULTS.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod abort;
mod clearing;
mod dropped;
mod duplicates;
mod first_use;
mod ground;
mod http;
mod invariants;
mod late;
mod lost;
mod memory;
mod operations;
mod operations_lost;
mod pooler;
mod pools;
mod processes;
mod redis;
mod refused;
mod server;
mod settled;
mod silent;
