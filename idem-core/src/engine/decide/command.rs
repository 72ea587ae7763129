//! What is asked of one machine.

use std::any::Any;
use std::sync::Arc;

use crate::engine::decide::draft::Subject;
use crate::engine::plan::Limits;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::model::claim::fence::Fence;
use crate::model::machine::driver::Driver;
use crate::namespace::{OVERRIDE, START};
use crate::store::write::part::LockName;
use crate::wire::Stored;

/// One thing to do to one machine.
pub(crate) struct Command {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) id: Arc<str>,
    pub(crate) key: Option<(Key, KeyHash)>,
    pub(crate) payload: Stored,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) action: Action,
    pub(crate) correlation: Option<Arc<str>>,
    pub(crate) fence: Option<Fence>,
    /// Of several that are to be answered as if one came after the other.
    pub(crate) in_batch: bool,
}

pub(crate) enum Action {
    /// Run a command: its position, and the value for the rules.
    Command { index: usize, value: Box<dyn Any + Send + Sync> },
    /// Bring the machine into being in its initial state.
    Start { body: Stored },
    /// Start it, unless it is started with the same, and run a command, whose own fingerprint is `request`.
    StartAnd { body: Stored, request: Fingerprint, index: usize, value: Box<dyn Any + Send + Sync> },
    /// Put the machine into a state by hand.
    Override { state: usize, body: Stored, reopen: bool },
}

impl Action {
    /// The command that it runs: its position, and the value for the rules.
    pub(super) fn command(&self) -> Option<(usize, &(dyn Any + Send + Sync))> {
        match self {
            Self::Command { index, value } | Self::StartAnd { index, value, .. } => Some((*index, &**value)),
            Self::Start { .. } | Self::Override { .. } => None,
        }
    }
}

impl Command {
    pub(super) fn machine(&self) -> &'static str {
        self.driver.graph().name
    }

    /// The name the transition is stored under.
    pub(super) fn operation(&self) -> &'static str {
        match &self.action {
            Action::Command { index, .. } | Action::StartAnd { index, .. } => self.driver.graph().commands[*index].name,
            Action::Start { .. } => START,
            Action::Override { .. } => OVERRIDE,
        }
    }

    /// The names that earlier transitions of the same may be stored under.
    pub(super) fn operations(&self) -> impl Iterator<Item = &'static str> {
        let was = self.action.command().map_or(&[][..], |(index, _)| self.driver.graph().commands[index].was);
        std::iter::once(self.operation()).chain(was.iter().copied())
    }

    /// Whether a transition of this name may be by the same.
    pub(super) fn is_stored_as(&self, name: &str) -> bool {
        self.operations().any(|operation| operation == name)
    }

    /// The initial state, if it is made together with a start.
    pub(super) fn start(&self) -> Option<&Stored> {
        match &self.action {
            Action::StartAnd { body, .. } => Some(body),
            _ => None,
        }
    }

    /// The fingerprint of the command alone, or of whatever it is.
    pub(super) fn request(&self) -> Fingerprint {
        match &self.action {
            Action::StartAnd { request, .. } => *request,
            _ => self.fingerprint,
        }
    }

    pub(super) fn lock_name(&self) -> LockName {
        LockName { namespace: self.machine(), name: self.id.clone() }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            graph: self.driver.graph(),
            id: &self.id,
            key: self.key.as_ref(),
            fingerprint: self.fingerprint,
            correlation: self.correlation.as_ref(),
        }
    }
}

pub(crate) fn fits(what: &'static str, value: &Stored, limits: &Limits) -> Result<(), Error> {
    let (bytes, limit) = (value.len(), limits.payload);
    if bytes > limit { Err(Error::TooLarge { what, bytes, limit }) } else { Ok(()) }
}
