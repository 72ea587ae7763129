//! A machine as it is stored.

use crate::clock::Timestamp;

/// A machine as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMachine<M> {
    pub(super) id: String,
    pub(super) state: M,
    pub(super) version: u64,
    pub(super) entered_at: Timestamp,
}

impl<M> StoredMachine<M> {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The state it is in.
    pub fn state(&self) -> &M {
        &self.state
    }

    /// The state it is in.
    pub fn into_state(self) -> M {
        self.state
    }

    /// The number of its newest transition, counted from 1, its start.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When it came into this state from another.
    pub fn entered_at(&self) -> Timestamp {
        self.entered_at
    }
}
