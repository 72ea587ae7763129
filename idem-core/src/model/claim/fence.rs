//! What fences a write.

use std::sync::Arc;

use crate::epoch::Epoch;
use crate::key::KeyHash;

/// A claim that a write is fenced by: it happens only while the claim is its owner's.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    /// The name of the store that keeps the claim.
    pub(crate) store: Arc<str>,
    pub(crate) hash: KeyHash,
    pub(crate) epoch: Epoch,
    /// What the claim is called where another store keeps it.
    pub(crate) name: Arc<str>,
}
