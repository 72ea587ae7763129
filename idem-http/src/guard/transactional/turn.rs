//! A key that this process works under.

use std::sync::Arc;
use std::time::Duration;

use idem_core::operation::Seat;
use idem_core::{Database, Idem, RetryPolicy};
use tokio::time::Instant;

use super::work::Run;

/// A key that this process works under.
#[derive(Debug)]
pub(crate) struct Turn<DB: Database> {
    pub(super) idem: Idem<DB>,
    /// `None`: nothing is recorded.
    pub(super) seat: Option<Arc<Seat<DB>>>,
    /// The records could not be reached, and the handler runs all the same.
    pub(super) fails_open: bool,
    /// What the present run of the handler shares with this.
    pub(super) run: Option<Arc<Run<DB>>>,
    pub(super) retry: RetryPolicy,
    /// Runs that lost to other writers.
    pub(super) lost_runs: u32,
    /// How long another process may be waited for.
    pub(super) wait: Duration,
    /// Until when it is, from the first time that it was found.
    pub(super) waits_until: Option<Instant>,
    /// How long until the next look at what it records.
    pub(super) pause: Duration,
    pub(super) max_answer: usize,
    pub(super) max_outcome: usize,
}
