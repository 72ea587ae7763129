//! What fences a write.

use std::fmt;
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
    /// What its owner knows of it.
    pub(crate) known: Arc<dyn Holding>,
}

/// A claim as its owner knows it.
pub(crate) trait Holding: fmt::Debug + Send + Sync {
    /// Whether the owner has to stop. Once it has, it stays so.
    fn is_lost(&self) -> bool;
}
