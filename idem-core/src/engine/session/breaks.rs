//! How often another server may have begun to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count that all connections of one [`Idem`](crate::Idem) share, of those that broke and those that were opened. After each of
/// these another server may answer, which does not have what the first one had acknowledged: what is remembered of an earlier count is worth nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaks(Arc<AtomicU64>);

impl Breaks {
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}
