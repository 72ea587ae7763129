//! How requests were answered: counted for the end, and for the page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use idem_http::Audit;

/// Requests by the word of their verdict.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdicts(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Verdicts {
    /// Counts one.
    pub(super) fn note(&self, audit: &Audit<'_>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(audit.verdict.word()).or_default() += 1;
    }

    /// Those so far.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
