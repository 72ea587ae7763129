//! How far calls share transactions.

use tokio::sync::Semaphore;

/// How calls of one process share transactions; see [`Builder::group_commit`](crate::Builder::group_commit).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
/// use idem_core::{Error, GroupCommit, Idem, Key};
///
/// let builder = Idem::<sqlx::Sqlite>::builder().group_commit(GroupCommit::default().max_calls(100));
/// let idem = builder.open_file(folder.join("shop.db")).await?;
/// let wallet = idem.ledger().account("wallet:7");
/// let calls: Vec<_> = (1..=50)
///     .map(|amount| {
///         let wallet = wallet.clone();
///         tokio::spawn(async move { wallet.apply_delta(&Key::new("shop", amount.to_string())?, amount).await })
///     })
///     .collect();
/// for call in calls {
///     assert!(call.await??.is_fresh());                                       // each has its own answer
/// }
/// assert_eq!(wallet.balance_after(50).await?, 1_275);
/// # Ok(()) }) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
