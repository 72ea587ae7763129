//! Makes retries harmless: one effect and one remembered outcome per command.

pub mod clock;
mod fingerprint;
mod key;
pub mod machine;
mod outcome;
mod wire;

pub use clock::Timestamp;
pub use key::{Key, KeyError, MAX_NAME_BYTES};
pub use machine::{Context, Natural, Step};
pub use outcome::{Origin, Outcome};

/// What generated code uses. Not covered by semver.
#[doc(hidden)]
pub mod __private {
    pub use ::serde;

    pub use crate::machine::{
        CommandInfo, Edge, Graph, Machine, Named, Repeat, Repeatable, Rules, State, StateInfo, Taken, WhyNot,
    };
    pub use crate::wire::{Stored, WireError};
}

#[cfg(feature = "_sql")]
mod store;
#[cfg(feature = "_sql")]
pub use store::Database;
