//! What is asked of a store of claims, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use super::record::ClaimRecord;
use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::key::KeyHash;

/// Whose key it is: its hash, surface and scope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClaimKey<'k> {
    pub(crate) hash: &'k KeyHash,
    pub(crate) surface: &'k str,
    pub(crate) scope: &'k str,
}

/// A claim that was made.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) epoch: Epoch,
    pub(crate) attempts: i64,
    pub(crate) checkpoint: Option<Arc<[u8]>>,
}

/// A claim that goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renewal {
    pub(crate) hash: KeyHash,
    pub(crate) epoch: Epoch,
    pub(crate) lease: Duration,
}

/// A record, and what else is known of it.
#[derive(Debug, Clone)]
pub(crate) struct StoredClaim {
    pub(crate) record: ClaimRecord,
    /// What it held was erased.
    pub(crate) is_forgotten: bool,
    /// The machine that its unit moved has moved since.
    pub(crate) superseded: bool,
}

/// What is recorded of a key, at this time of the store.
#[derive(Debug, Clone)]
pub(crate) struct Recalled {
    pub(crate) now: Timestamp,
    pub(crate) claim: Option<StoredClaim>,
}

/// A claim whose owner lost its lease.
#[derive(Debug, Clone)]
pub(crate) struct LostRow {
    pub(crate) hash: KeyHash,
    pub(crate) scope: String,
    pub(crate) epoch: Epoch,
    pub(crate) attempts: i64,
    pub(crate) until: Timestamp,
    pub(crate) at: Timestamp,
}
