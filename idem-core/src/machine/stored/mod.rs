//! Machines in a database.

pub(crate) mod apply_all;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod commands;
pub(crate) mod handles;
pub(crate) mod history;
#[cfg(feature = "testing")]
pub(crate) mod inspect;
pub(crate) mod item;
pub(crate) mod not_awaited;
pub(crate) mod operate;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod rebuild;
pub(crate) mod release;
pub(crate) mod stored_machine;
pub(crate) mod typed;
pub(crate) mod verify;
pub(crate) mod within;
