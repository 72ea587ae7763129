//! PostgreSQL. A decision is written by compare-and-set in one statement; where rows are locked instead, the lock is one
//! statement and the read of what they hold the next.

mod claims;
mod classify;
mod connect;
mod dialect;
mod fits;
mod forget;
mod ledger;
mod list;
mod load;
mod machine;
mod migrate;
mod outbox;
mod parts;
mod post_one;
mod probe;
mod raise;
mod row;
mod sweep;
mod undo;
mod verdicts;
mod write;

impl super::Database for sqlx::Postgres {}
