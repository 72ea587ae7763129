//! What the engine is asked, and what it answers.

use std::any::Any;
use std::sync::Arc;

use super::driver::Driver;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::wire::Stored;

/// The names that the two transitions which are no commands are stored under.
pub(crate) const START: &str = "@start";
pub(crate) const OVERRIDE: &str = "@override";

/// One thing to do to one machine.
pub(crate) struct Item {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) id: Arc<str>,
    pub(crate) key: Option<(Key, KeyHash)>,
    pub(crate) payload: Stored,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) action: Action,
    pub(crate) correlation: Option<Arc<str>>,
}

pub(crate) enum Action {
    /// Run a command: its position, and the value for the rules.
    Command { index: usize, value: Box<dyn Any + Send + Sync> },
    /// Bring the machine into being in its initial state.
    Start { body: Stored },
    /// Put the machine into a state by hand.
    Override { state: usize, body: Stored, reopen: bool },
}

impl Item {
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
    pub(crate) outcome: Stored,
    pub(crate) fresh: bool,
    pub(crate) superseded: bool,
}

/// Why an item has no answer.
pub(crate) enum Refusal {
    /// A value of the machine's rejection type.
    Rejected(Box<dyn Any + Send + Sync>),
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(crate) type Answered = Result<Answer, Refusal>;
