//! Makes retries harmless: one effect and one remembered outcome per command.

// `__private` and the documentation tests name the crate as its users do.
extern crate self as idem_core;

pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod engine;
pub mod error;
mod fingerprint;
#[cfg(feature = "_sql")]
mod idem;
mod key;
pub mod machine;
mod outcome;
#[cfg(feature = "_sql")]
mod store;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "_sql")]
mod trace;
mod wire;

pub use clock::Timestamp;
#[cfg(feature = "_sql")]
pub use engine::retry::Retry;
#[cfg(feature = "_sql")]
pub use engine::transaction::{Tx, TxFuture, UnitError};
pub use error::{Effect, Error, ErrorKind};
#[cfg(feature = "_sql")]
pub use idem::{Builder, Idem};
pub use idem_macros::idempotent_fsm;
pub use key::{Key, KeyError, MAX_NAME_BYTES};
pub use machine::{Context, Natural, Step};
pub use outcome::{Origin, Outcome};
#[cfg(feature = "_sql")]
pub use store::Database;

/// What generated code uses. Not covered by semver.
#[doc(hidden)]
pub mod __private {
    pub use ::serde;
    pub use idem_macros::Machine;

    pub use crate::machine::{
        CommandInfo, Edge, Graph, Machine, Named, Repeat, Repeatable, Rules, State, StateInfo, Taken, WhyNot,
    };
    pub use crate::wire::{Stored, WireError};
}

/// For generated code: what it names only exists with a store.
#[cfg(feature = "_sql")]
#[doc(hidden)]
#[macro_export]
macro_rules! __stored {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// For generated code: without a store nothing of it exists.
#[cfg(not(feature = "_sql"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __stored {
    ($($tokens:tt)*) => {};
}

#[cfg(all(doctest, feature = "sqlite"))]
mod documents {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/GUARANTEES.md")]
    mod guarantees {}
}
