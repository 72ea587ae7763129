//! Errors: what a call was refused for, and what that means for its effect.

mod away;
mod command;
mod display;
mod kind;
mod ledger;
mod open;
mod public;
#[cfg(feature = "_sql")]
mod repeat;
mod update;
mod variants;

#[cfg(feature = "_sql")]
pub(crate) use command::MayFail;
pub use command::{CommandError, Never, Rejection};
pub(crate) use display::BackTicked;
pub use kind::ErrorKind;
pub use ledger::{LedgerError, OutOfBounds};
pub use open::OpenProblem;
#[cfg(feature = "_sql")]
pub(crate) use update::MAX_IDENTIFIER_BYTES;
pub use update::UpdateProblem;
pub use variants::{Effect, Error, KeyReused, Source};

pub use crate::key::KeyError;
