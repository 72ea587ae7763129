//! Decides plans one after the other: each sees what the ones before it changed.
//!
//! - `snapshot`: the rows loaded from the database for one decision
//! - `draft`, `ledger_draft`, `account_draft`: the write that decisions add up to, and the rows as they would be after it
//! - `entry_origin`: what makes entries
//! - `history`: a machine's transitions, folded
//! - `command`, `repeat`: what is asked of a machine, and whether it was asked before
//! - `rejection`: what a rule said, as a key remembers it
//! - `command_plan`, `posting`, `row_update`, `rebuild`: the plans of the surfaces
//! - `decision`: all plans of one attempt

mod account_draft;
pub(crate) mod command;
mod command_plan;
pub(crate) mod decision;
pub(crate) mod draft;
mod entry_origin;
pub(crate) mod history;
pub(crate) mod last_transitions;
pub(crate) mod ledger_draft;
pub(crate) mod posting;
pub(crate) mod rebuild;
pub(crate) mod rejection;
mod repeat;
pub(crate) mod row_update;
pub(crate) mod snapshot;
