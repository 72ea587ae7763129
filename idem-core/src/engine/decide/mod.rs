//! Decides plans one after the other: each sees what the ones before it changed.
//!
//! - `snapshot`: the rows loaded from the database for one decision
//! - `draft`, `ledger_draft`, `account_draft`: the write that decisions add up to, and the rows as they would be after it
//! - `history`: a machine's transitions, folded
//! - `command`, `posting`, `row_update`, `rebuild`: the plans of the surfaces
//! - `decision`: all plans of one attempt

mod account_draft;
pub(crate) mod command;
pub(crate) mod decision;
pub(crate) mod draft;
pub(crate) mod history;
pub(crate) mod last_transitions;
pub(crate) mod ledger_draft;
pub(crate) mod posting;
pub(crate) mod rebuild;
pub(crate) mod rejection;
pub(crate) mod row_update;
pub(crate) mod snapshot;
