//! What an update is answered with.

use std::ops::Deref;

use crate::clock::Timestamp;
use crate::outcome::Origin;

/// The new version of a row, and whether this call made it or an earlier one.
///
/// Dereferences to the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Updated {
    version: i64,
    replayed: Option<Timestamp>,
}

impl Updated {
    pub(crate) fn fresh(version: i64) -> Self {
        Self { version, replayed: None }
    }

    pub(crate) fn replayed(version: i64, at: Timestamp) -> Self {
        Self { version, replayed: Some(at) }
    }

    /// The version that the update led to; 0 in a table that counts none. By now the row may have a later one.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether this call had the effect, or an earlier one under the same key. `seq` there is the version.
    ///
    /// If the reply to the write was lost and the database had to be asked, the answer is a replay, also of this call.
    pub fn origin(&self) -> Origin {
        match self.replayed {
            None => Origin::Fresh,
            Some(at) => Origin::Replayed { seq: u64::try_from(self.version).unwrap_or(0), at },
        }
    }

    /// True if this call had the effect.
    pub fn is_fresh(&self) -> bool {
        self.replayed.is_none()
    }

    /// True if an earlier call had the effect.
    pub fn is_replay(&self) -> bool {
        self.replayed.is_some()
    }
}

impl Deref for Updated {
    type Target = i64;

    fn deref(&self) -> &i64 {
        &self.version
    }
}
