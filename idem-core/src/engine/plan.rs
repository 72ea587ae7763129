//! What the engine is asked, and what it answers.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::model::ledger::change::LedgerChange;
use crate::model::machine::driver::Driver;
#[cfg(feature = "tracing")]
use crate::namespace::LEDGER;
use crate::namespace::{OVERRIDE, START};
use crate::store::rows::EntryRow;
use crate::wire::Stored;

/// One thing to do.
pub(crate) enum Item {
    Command(Command),
    Posting(Posting),
}

/// One thing to do to one machine.
pub(crate) struct Command {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) id: Arc<str>,
    pub(crate) key: Option<(Key, KeyHash)>,
    pub(crate) payload: Stored,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) action: Action,
    pub(crate) correlation: Option<Arc<str>>,
}

/// One change of the ledger under a key of its own.
pub(crate) struct Posting {
    pub(crate) key: Key,
    pub(crate) hash: KeyHash,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) change: LedgerChange,
    /// The seq that the account must be at.
    pub(crate) expected: Option<i64>,
    /// A refusal uses up the key.
    pub(crate) remember_refusal: bool,
}

impl Item {
    pub(crate) fn key(&self) -> Option<&KeyHash> {
        match self {
            Self::Command(command) => command.key.as_ref().map(|(_, hash)| hash),
            Self::Posting(posting) => Some(&posting.hash),
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn surface(&self) -> &'static str {
        match self {
            Self::Command(command) => command.machine(),
            Self::Posting(_) => LEDGER,
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Command(command) => command.operation(),
            Self::Posting(posting) => posting.change.kind(),
        }
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        const ROW: usize = 128;
        match self {
            Self::Command(command) => ROW + command.payload.len(),
            Self::Posting(posting) => {
                ROW * crate::model::ledger::change::accounts_and_hold(&posting.change).0.len().max(1)
            }
        }
    }
}

pub(crate) enum Action {
    /// Run a command: its position, and the value for the rules.
    Command { index: usize, value: Box<dyn Any + Send + Sync> },
    /// Bring the machine into being in its initial state.
    Start { body: Stored },
    /// Put the machine into a state by hand.
    Override { state: usize, body: Stored, reopen: bool },
}

impl Command {
    pub(crate) fn machine(&self) -> &'static str {
        self.driver.graph().name
    }

    /// The name the transition is stored under.
    pub(crate) fn operation(&self) -> &'static str {
        match &self.action {
            Action::Command { index, .. } => self.driver.graph().commands[*index].name,
            Action::Start { .. } => START,
            Action::Override { .. } => OVERRIDE,
        }
    }

    /// The names that earlier runs of the same may be stored under.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static str> {
        let was = match &self.action {
            Action::Command { index, .. } => self.driver.graph().commands[*index].was,
            Action::Start { .. } | Action::Override { .. } => &[],
        };
        std::iter::once(self.operation()).chain(was.iter().copied())
    }
}

/// The outcome of an item, before its type is put back on.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Value,
    pub(crate) fresh: bool,
    pub(crate) superseded: bool,
}

/// What an item came to.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Of a command: as it is stored.
    Stored(Stored),
    /// Of a change of the ledger.
    Entries(Vec<EntryRow>),
    /// The entries at these places of the write, once it is written.
    Drafted(Range<usize>),
}

/// Why an item has no answer.
pub(crate) enum Refusal {
    /// A value of the machine's rejection type.
    Rejected(Box<dyn Any + Send + Sync>),
    Failed(Error),
    /// The user's rule panicked, with this; it does so again where it was called.
    Panicked(Box<dyn Any + Send>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(crate) type Answered = Result<Answer, Refusal>;
