//! What makes entries, and what each of them says of that.

use std::sync::Arc;

use crate::key::Key;
use crate::store::write::rows::StepEntry;
use crate::wire::Stored;

/// What makes entries.
#[derive(Clone, Copy)]
pub(crate) enum EntryOrigin<'a> {
    /// A change of the ledger under a key of its own.
    Key {
        key: &'a Key,
        /// The seq that its account must be at.
        expected: Option<i64>,
        metadata: Option<&'a Stored>,
    },
    Step {
        machine: &'static str,
        id: &'a Arc<str>,
        seq: i64,
    },
    /// Time: a hold expired.
    Expiry,
}

impl EntryOrigin<'_> {
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::Key { key, .. } => Some((*key).clone()),
            Self::Step { .. } | Self::Expiry => None,
        }
    }

    pub(super) fn expected(&self) -> Option<i64> {
        match self {
            Self::Key { expected, .. } => *expected,
            Self::Step { .. } | Self::Expiry => None,
        }
    }

    pub(super) fn metadata(&self) -> Option<Stored> {
        match self {
            Self::Key { metadata, .. } => metadata.cloned(),
            Self::Step { .. } | Self::Expiry => None,
        }
    }

    pub(super) fn step(&self, entry_no: i64) -> Option<StepEntry> {
        match self {
            Self::Key { .. } | Self::Expiry => None,
            Self::Step { machine, id, seq } => Some(StepEntry { machine, id: (*id).clone(), seq: *seq, entry_no }),
        }
    }
}
