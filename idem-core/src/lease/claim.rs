//! What a claim of a key comes to.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::lease::owned::OwnedLease;
use crate::lease::remembered::Remembered;

/// What a claim of a key came to.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "these are the four things that can be recorded of a key")]
pub enum Claim {
    /// The key is claimed: do the work, and end the lease.
    Mine(OwnedLease),
    /// The work was done before.
    Remembered(Remembered),
    /// Another owner works on it.
    Held {
        /// What is left of its lease, if it is not renewed.
        left: Duration,
    },
    /// An owner lost its lease, and [`WhenLost::Indeterminate`](crate::lease::WhenLost::Indeterminate) says that nobody takes it over.
    Lost {
        /// When the lease ended, on the store's clock.
        since: Timestamp,
        /// The epoch of the claim.
        epoch: Epoch,
    },
}
