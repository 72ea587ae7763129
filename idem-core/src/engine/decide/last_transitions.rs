//! Which transition was the newest run of each command.
//!
//! It is kept with the machine, whose row is read and written anyway. An index of the transitions by command would tell as
//! well, but would cost each of them a page more to write, and grow with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wire::{Stored, WireError};

/// The seq of each command's newest run, as it is stored: a decision that carries a machine on shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastTransitions(Stored);

/// The same by the commands' names on the wire. They are sorted: the same runs are always stored alike.
#[derive(Default, Serialize, Deserialize)]
struct Runs<'s>(#[serde(borrow)] BTreeMap<CommandName<'s>, i64>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct CommandName<'s>(#[serde(borrow)] Cow<'s, str>);

impl LastTransitions {
    pub(crate) fn decode(stored: &Stored) -> Result<Self, WireError> {
        Runs::read(stored)?;
        Ok(Self(stored.clone()))
    }

    pub(crate) fn encode(&self) -> Stored {
        self.0.clone()
    }

    /// Notes that a command has run. A start or an override is no command.
    pub(crate) fn note(&mut self, operation: &str, seq: i64) {
        if operation.starts_with('@') {
            return;
        }
        let mut runs = self.runs();
        runs.0.insert(CommandName(operation.into()), seq);
        self.0 = runs.encode();
    }

    /// The newest run under any of these names.
    pub(crate) fn newest(&self, operations: impl Iterator<Item = &'static str>) -> Option<i64> {
        let Runs(runs) = self.runs();
        operations.filter_map(|operation| runs.get(&CommandName(operation.into())).copied()).max()
    }

    fn runs(&self) -> Runs<'_> {
        // It was read when it was decoded.
        Runs::read(&self.0).unwrap_or_default()
    }
}

impl Default for LastTransitions {
    /// Nothing has run.
    fn default() -> Self {
        Self(Runs::default().encode())
    }
}

impl<'s> Runs<'s> {
    fn read(stored: &'s Stored) -> Result<Self, WireError> {
        Ok(serde_json::from_slice(stored.json()?)?)
    }

    fn encode(&self) -> Stored {
        // Names and numbers always have JSON; what is empty would not be read again without an error.
        Stored::encode(self).unwrap_or_default()
    }
}
