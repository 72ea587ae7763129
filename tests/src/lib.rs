//! What the tests share: databases, a proxy that cuts connections, a poll limiter, processes to kill, and the table
//! of strikes that a fault test prints.
//!
//! | to test | take |
//! |---|---|
//! | against a database of its own | [`Postgres::fresh`], [`Sqlite::fresh`] |
//! | a server that dies and comes back | [`PrivatePostgres`] |
//! | a Redis that dies, stops, or forgets | [`PrivateRedis`] |
//! | behind a pooler | [`PgBouncer`] |
//! | a connection lost before or after a message | [`Proxy`] |
//! | a future dropped at any await | [`PollLimit`], [`sweep`] |
//! | a process killed at any moment | [`Worker`] |
//! | a process that aborts at any point of the engine | [`list_points`], [`abort_at`] |
//! | a process killed at any write to SQLite's files | [`CrashShim`] |
//! | that the faults really struck | [`Report`] |
//! | longer in a long run | [`scale`] |
//! | with random choices that can be repeated | [`Seed`] |
//! | with every kind of call, on any database | [`lane::Lane`] on a [`Backend`] |
//! | with every kind of operation, lease and lock | [`operations::Operations`] |
//! | with payments over HTTP that are lost on their way | [`http::Client`], [`http::LossyProxy`] |
//! | that a store does what every store must do | [`conformance`] |
//!
//! Everything here panics when it cannot do its work, which fails the test that asked.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::exhaustive_enums,
    reason = "support for tests: a panic is how a test fails, and nobody matches these enums from outside the workspace"
)]

mod backend;
pub mod conformance;
pub mod copies;
mod databases;
pub mod http;
mod kill;
pub mod lane;
mod lane_accounts;
mod opening;
pub mod operations;
mod points;
mod polls;
mod pooler;
mod postgres_server;
mod proxy;
mod redis_server;
mod report;
mod requirement;
mod seed;
mod shim;
pub mod shop;

pub use backend::{Backend, Place};
pub use databases::{PgUrl, Postgres, Sqlite, postgres};
pub use kill::{Ended, Worker, interrupt, kill_group};
pub use opening::open_after_kill;
pub use points::{abort_at, has_points, list_points};
pub use polls::{PollLimit, polled, polled_again, sweep};
pub use pooler::PgBouncer;
pub use postgres_server::PrivatePostgres;
pub use proxy::{At, Cut, Hangup, Proxy};
pub use redis_server::PrivateRedis;
pub use report::Report;
pub use requirement::{scale, skip};
pub use seed::Seed;
pub use shim::{CrashShim, When};
