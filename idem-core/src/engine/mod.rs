//! The algorithm, once: load, decide, settle, write; for one command or for many, in memory and on every database.
//!
//! - `answer`: the table that says what a command is answered with
//! - `driver`: a machine's rules with the types taken off
//! - `settle`: money against the bounds of accounts
//! - `decide`: all commands of a load, one after the other, into one write
//! - `run`: the loop around it, in a transaction of its own or in the caller's
//! - `update`: one row of a table of the user's, in a transaction of its own or in the caller's
//! - `resolve`: what to do when the reply to a write is lost

pub(crate) mod answer;
#[cfg(any(feature = "_sql", feature = "testing"))]
#[cfg_attr(not(feature = "_sql"), allow(dead_code, reason = "the explorer in memory needs the encodings alone"))]
pub(crate) mod driver;
pub(crate) mod settle;

#[cfg(feature = "_sql")]
pub(crate) mod connections;
#[cfg(feature = "_sql")]
pub(crate) mod decide;
#[cfg(feature = "_sql")]
mod draft;
#[cfg(feature = "_sql")]
mod flush;
#[cfg(feature = "_sql")]
pub(crate) mod item;
#[cfg(feature = "_sql")]
mod ledger;
#[cfg(feature = "_sql")]
pub(crate) mod load;
#[cfg(feature = "_sql")]
pub(crate) mod posting;
#[cfg(feature = "_sql")]
pub(crate) mod queue;
#[cfg(feature = "_sql")]
mod resolve;
#[cfg(feature = "_sql")]
pub(crate) mod retry;
#[cfg(feature = "_sql")]
pub(crate) mod run;
#[cfg(feature = "_sql")]
pub(crate) mod runs;
#[cfg(feature = "_sql")]
mod seeded;
#[cfg(feature = "_sql")]
pub(crate) mod snapshot;
#[cfg(feature = "_sql")]
pub(crate) mod traits;
#[cfg(feature = "_sql")]
pub(crate) mod transaction;
#[cfg(feature = "_sql")]
pub(crate) mod update;
