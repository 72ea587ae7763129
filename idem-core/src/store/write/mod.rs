//! Writes: everything that one decision, or many, changes, as a list of parts.

pub(crate) mod cache;
pub(crate) mod list_part;
pub(crate) mod lists;
pub(crate) mod part;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod store;
pub(crate) mod text;
pub(crate) mod written;
