//! How far calls share transactions.

use tokio::sync::Semaphore;

/// How calls of one process share transactions; see [`Builder::group_commit`](crate::Builder::group_commit).
#[derive(Debug, Clone, Copy)]
pub struct GroupCommit {
    pub(super) on: bool,
    pub(super) items: usize,
    pub(super) bytes: usize,
    pub(super) waiting: usize,
}

impl Default for GroupCommit {
    /// On; at most 500 calls and 4 MiB at a time, and at most 10,000 waiting.
    fn default() -> Self {
        Self { on: true, items: 500, bytes: 4 << 20, waiting: 10_000 }
    }
}

impl GroupCommit {
    /// Each call has its own transaction.
    pub fn off() -> Self {
        Self { on: false, ..Self::default() }
    }

    /// At most this many calls share a transaction; at least 1. Default 500.
    #[must_use]
    pub fn max_calls(self, calls: usize) -> Self {
        Self { items: calls.max(1), ..self }
    }

    /// About this many bytes of payloads share a transaction. Default 4 MiB. The call with which a group exceeds it is its last
    /// one, so 0 writes each call alone.
    #[must_use]
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// The capacity of the queue, in calls; at least 1. Default 10,000. When it is full, a call waits for a place up to
    /// [`Builder::lock_wait`](crate::Builder::lock_wait), then gets [`InFlight`](crate::Error::InFlight).
    #[must_use]
    pub fn max_waiting(self, calls: usize) -> Self {
        Self { waiting: calls.clamp(1, Semaphore::MAX_PERMITS), ..self }
    }
}
