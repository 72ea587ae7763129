//! The algorithm, once: load, decide, settle, write; for one command or for many, in memory and on every database.

pub(crate) mod account_cache;
pub(crate) mod attempt;
pub(crate) mod decide;
pub(crate) mod graph_record;
pub(crate) mod group;
pub(crate) mod load;
pub(crate) mod plan;
pub(crate) mod row_update;
mod seeded;
pub(crate) mod session;
pub(crate) mod shared;
pub(crate) mod table_cache;
pub(crate) mod trace;
