//! A key that this process works under.

use std::sync::Arc;

use idem_core::ErrorKind;
use idem_core::lease::{OwnedLease, WhenLost};

use super::lease::Run;

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
    /// It is free, or will be before long.
    Free,
    /// Another owner has it.
    Elsewhere,
    /// Whether its work was done is not known.
    Unknown,
    /// Nothing is recorded of it.
    Unrecorded,
}

impl Turn {
    /// Ends work that was not handed back: something may have gone out, by this owner or by one before it; or nothing has.
    pub(super) async fn give_up(&mut self) -> Freed {
        let is_touched = self.run.take().is_some_and(|run| Run::is_touched_or_kept(&run));
        let Some(owned) = self.owned.take() else {
            return if is_touched { Freed::Unrecorded } else { Freed::Free };
        };
        if is_touched || owned.lease().attempt() > 1 {
            let _ = owned.abandon().await;
            return Freed::Unknown;
        }
        freed(owned).await
    }

    /// Frees the key: nothing was done.
    pub(super) async fn release(&mut self) -> Freed {
        match self.owned.take() {
            Some(owned) => freed(owned).await,
            None => Freed::Free,
        }
    }
}

async fn freed(owned: OwnedLease) -> Freed {
    match owned.release().await {
        Err(error) if error.kind() == ErrorKind::Fenced => Freed::Elsewhere,
        // One that cannot be freed now is freed in the background.
        Ok(()) | Err(_) => Freed::Free,
    }
}
