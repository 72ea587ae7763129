//! The algorithm, once: load, decide, write; for one plan or for many, on every database.

pub(crate) mod account;
pub(crate) mod answer;
pub(crate) mod attempt;
pub(crate) mod decide;
pub(crate) mod fence;
pub(crate) mod graph_record;
pub(crate) mod group;
pub(crate) mod load;
pub(crate) mod lost;
pub(crate) mod memory;
pub(crate) mod observe;
pub(crate) mod plan;
pub(crate) mod row_name;
pub(crate) mod run;
mod seeded;
pub(crate) mod session;
pub(crate) mod shared;
pub(crate) mod verdict_log;
mod verdicts;
