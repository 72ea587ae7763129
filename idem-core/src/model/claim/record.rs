//! What is stored of a key.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;

/// What is stored of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ClaimRecord {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) state: ClaimState,
    /// Of the newest claim.
    pub(crate) epoch: Epoch,
    /// The newest claim, by a random number: a claim whose reply was lost is sent again, and recognised.
    pub(crate) owner: i64,
    /// The end of the lease. It says nothing unless the key is claimed.
    pub(crate) until: Timestamp,
    /// How many owners worked on it since it was new, this one included.
    pub(crate) attempts: i64,
    /// Of one that is completed.
    pub(crate) outcome: Option<Arc<[u8]>>,
    /// What an owner has saved for those after it.
    pub(crate) checkpoint: Option<Arc<[u8]>>,
    /// When it was completed or released; before that, when it was claimed.
    pub(crate) at: Timestamp,
    /// Of one that is completed or released.
    pub(crate) expires_at: Option<Timestamp>,
}

/// How far the work under a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ClaimState {
    Claimed,
    Completed,
    Released,
}

#[cfg(any(feature = "_sql", feature = "redis"))]
impl ClaimState {
    /// As it is stored.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Claimed => 1,
            Self::Completed => 2,
            Self::Released => 3,
        }
    }

    /// What was stored; `None` for what no release has stored.
    pub(crate) fn of(code: i64) -> Option<Self> {
        [Self::Claimed, Self::Completed, Self::Released].into_iter().find(|state| state.code() == code)
    }
}
