//! A key that this process works under.

use std::sync::Arc;

use idem_core::ErrorKind;
use idem_core::lease::{OwnedLease, WhenLost};
use tokio::time::Instant;

use super::lease::Run;
use crate::guard::gate::Gate;

/// A key that this process works under.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None`: nothing is recorded.
    pub(super) owned: Option<OwnedLease>,
    /// The records could not be reached, and the handler runs all the same.
    pub(super) fails_open: bool,
    /// What the run of the handler shares with this.
    pub(super) run: Option<Arc<Run>>,
    pub(super) when_lost: WhenLost,
    pub(super) max_outcome: usize,
}

/// What became of a key that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freed {
    /// It is free.
    Free,
    /// Another owner has it.
    Elsewhere,
    /// Whether its work was done is not known, or not recorded yet.
    Unknown,
    /// Nothing is recorded of it.
    Unrecorded,
}

impl Turn {
    /// Ends work that was not handed back: something may have gone out, by this owner or by one before it; or nothing has.
    pub(super) async fn give_up(&mut self, gate: &Arc<Gate>, until: Instant) -> Freed {
        let is_touched = self.run.take().is_some_and(|run| Run::is_touched_or_kept(&run));
        match &self.owned {
            None if is_touched => return Freed::Unrecorded,
            Some(owned) if is_touched || owned.lease().attempt() > 1 => {}
            _ => return self.release(gate, until).await,
        }
        if let Some(owned) = self.owned.take() {
            let _ = owned.abandon().await;
        }
        Freed::Unknown
    }

    /// Frees the key: nothing was done. A store that refuses that for a moment is asked again until then.
    pub(super) async fn release(&mut self, gate: &Arc<Gate>, until: Instant) -> Freed {
        let Some(owned) = self.owned.take() else { return Freed::Free };
        let lease = owned.lease().clone();
        match owned.retry_until(until.into_std()).release().await {
            Ok(()) => Freed::Free,
            Err(error) if error.kind() == ErrorKind::Fenced => Freed::Elsewhere,
            // It is tried again in the background, and until then the key is not free.
            Err(_) => {
                let (freeing, settled) = (gate.frees(), lease.settled());
                drop(tokio::spawn(async move {
                    settled.await;
                    drop(freeing);
                }));
                Freed::Unknown
            }
        }
    }
}
