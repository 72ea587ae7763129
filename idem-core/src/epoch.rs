//! Epochs: which of several owners of a lease or lock is the newer one.

use std::fmt;

/// Which of several owners of a lease or lock is the newer one: each claim of a key has a higher epoch than all claims of it before, also
/// after its record was swept and after the store's clock was set back.
///
/// It is the time of the claim on the store's clock in microseconds, or one more than the last. A resource that is given it with each
/// request and refuses a lower one than it has seen fences off owners that lost their lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub(crate) i64);

impl Epoch {
    /// As a number, above 0.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// The epoch of a claim at the time `now`, after claims of up to `self`.
    #[cfg(feature = "leases")]
    #[must_use]
    pub(crate) fn next(self, now: i64) -> Self {
        Self(self.0.saturating_add(1).max(now))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
