//! Decides what was asked on what was loaded.

pub(crate) mod command;
pub(crate) mod draft;
pub(crate) mod last_transitions;
mod ledger_draft;
pub(crate) mod posting;
pub(crate) mod snapshot;
