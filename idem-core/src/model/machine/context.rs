//! What a transition may know beside state and command.

use std::fmt;

use crate::clock::Timestamp;
use crate::key::{Hasher, Key, Uuid};

/// The surroundings of one transition: stored with it, so that re-running it gives the same answer.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub(crate) machine: &'a str,
    pub(crate) id: &'a str,
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
    pub(crate) key: Option<&'a Key>,
}

impl<'a> Context<'a> {
    /// The time of the transition, on the database's clock; never earlier than the entry into the state that it runs
    /// from.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The id of the machine.
    pub fn machine_id(&self) -> &'a str {
        self.id
    }

    /// The number this transition will have, counted from 1 within the machine.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The caller's key, if it gave one. For a foreign call use [`Key::derive`].
    pub fn key(&self) -> Option<&'a Key> {
        self.key
    }

    /// An id for a thing that this transition makes, the same for every attempt and unique for ever: a hash of
    /// machine, id, seq and `name`.
    pub fn id(&self, name: &str) -> StableId {
        let hash = Hasher::new("idem id v1")
            .with(self.machine.as_bytes())
            .with(self.id.as_bytes())
            .with(&self.seq.to_le_bytes())
            .with(name.as_bytes())
            .finish();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        StableId(Uuid::stamped(bytes, 8))
    }
}

/// An id made from a transition, written as a UUID of version 8 (RFC 9562).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StableId(Uuid);

impl StableId {
    /// The sixteen bytes of the UUID.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0.0
    }
}

impl fmt::Display for StableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for StableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StableId({self})")
    }
}
