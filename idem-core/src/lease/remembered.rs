//! What is remembered of a key, and what becomes of one whose owner is lost.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::clock::Timestamp;
use crate::error::{Effect, Error, KeyReused};
use crate::key::KeyHash;
use crate::model::claim::call::StoredClaim;
use crate::outcome::Outcome;
use crate::wire::Stored;

/// What becomes of a key whose owner lost its lease: it died, or was paused for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WhenLost {
    /// Whether the work was done is not known, so it is not done again: a repeat is [`Error::Lost`] until an operator says what became of
    /// it. The default.
    #[default]
    Indeterminate,
    /// The next repeat does it again, under the same [`Lease::key`](crate::lease::Lease::key): for a foreign side that honours that key.
    Reexecute,
    /// The next repeat does it again, and finds what the owner before had [saved](crate::lease::Lease::save).
    Resume,
}

impl WhenLost {
    pub(crate) fn takes_over(self) -> bool {
        self != Self::Indeterminate
    }
}

/// What is remembered of a key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remembered {
    /// The outcome, as it was given.
    pub outcome: Vec<u8>,
    /// When it was recorded, on the store's clock.
    pub at: Timestamp,
    /// Until when it is remembered.
    pub expires_at: Timestamp,
    /// The last machine that its transaction moved has moved since.
    pub superseded: bool,
}

/// How the work under a key ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "the outcome is this call's or another's")]
pub enum Completed {
    /// The outcome of this call is recorded.
    Fresh {
        /// When, on the store's clock.
        at: Timestamp,
    },
    /// Another call was faster; what this one did in its transaction is undone.
    Remembered(Remembered),
}

impl Remembered {
    /// What a completed record holds.
    ///
    /// # Errors
    /// [`Error::Forgotten`] if it was erased.
    pub(crate) fn of(claim: StoredClaim) -> Result<Self, Error> {
        let StoredClaim { record, is_forgotten, superseded } = claim;
        if is_forgotten {
            return Err(Error::Forgotten { at: record.at, effect: Effect::Applied });
        }
        // SQLite makes NULL of a value without bytes.
        let outcome = record.outcome.map(|outcome| outcome.to_vec()).unwrap_or_default();
        Ok(Self { outcome, at: record.at, expires_at: record.expires_at.unwrap_or(record.at), superseded })
    }

    /// As the outcome of a call.
    pub(crate) fn replay<T: DeserializeOwned>(self, surface: &str) -> Result<Outcome<T>, Error> {
        let value = Stored(Arc::from(self.outcome)).decode().map_err(|error| Error::Undecodable {
            what: format!("the outcome of the operation `{surface}`"),
            effect: Effect::Applied,
            source: error.into(),
        })?;
        Ok(Outcome::new(value, 0, self.at, false, self.superseded))
    }
}

/// The outcome may be personal: its length is shown.
impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outcome, at, expires_at, superseded } = self;
        f.debug_struct("Remembered")
            .field("bytes", &outcome.len())
            .field("at", at)
            .field("expires_at", expires_at)
            .field("superseded", superseded)
            .finish()
    }
}

/// The key names another request.
pub(crate) fn reused(hash: &KeyHash, surface: &str, first_seen: Timestamp) -> Error {
    let (first, second) = (format!("one request of `{surface}`"), "another one of it".to_owned());
    Error::KeyReused(Box::new(KeyReused::new(hash, first_seen, first, second)))
}
