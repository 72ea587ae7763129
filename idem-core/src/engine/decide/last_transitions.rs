//! Which transition was the newest run of each command.
//!
//! It is kept with the machine, whose row is read and written anyway. An index of the transitions by command would tell as
//! well, but would cost each of them a page more to write, and grow with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wire::{Stored, WireError};

/// The seq of each command's newest run, by the command's name on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastTransitions(BTreeMap<Cow<'static, str>, i64>);

impl LastTransitions {
    pub(crate) fn decode(stored: &Stored) -> Result<Self, WireError> {
        stored.decode()
    }

    pub(crate) fn encode(&self) -> Stored {
        // Names and numbers always have JSON; what is empty would not be read again without an error.
        Stored::encode(self).unwrap_or_default()
    }

    /// Notes that a command has run. What the engine does by itself is no command.
    pub(crate) fn note(&mut self, operation: impl Into<Cow<'static, str>>, seq: i64) {
        let operation = operation.into();
        if !operation.starts_with('@') {
            self.0.insert(operation, seq);
        }
    }

    /// The newest run under any of these names.
    pub(crate) fn newest(&self, operations: impl Iterator<Item = &'static str>) -> Option<i64> {
        operations.filter_map(|operation| self.0.get(operation).copied()).max()
    }
}
