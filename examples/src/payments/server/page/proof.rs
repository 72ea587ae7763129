//! The proof of the books: an audit of the ledger, made when the page is read, at most one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idem_core::ledger::AuditReport;
use idem_core::{Database, Idem, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// An audit is shown again for this long.
const FRESH: Duration = Duration::from_secs(2);
/// The page waits for this long, and then shows the audit before.
const PATIENCE: Duration = Duration::from_secs(1);

/// An audit, and when it began.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    pub(super) report: Arc<AuditReport>,
    pub(super) at: Timestamp,
    begun: Instant,
}

/// Makes audits.
#[derive(Clone)]
pub(super) struct Prover(Arc<Inner>);

struct Inner {
    last: watch::Sender<Option<Proof>>,
    is_busy: AtomicBool,
}

impl Default for Prover {
    fn default() -> Self {
        Self(Arc::new(Inner { last: watch::Sender::new(None), is_busy: AtomicBool::new(false) }))
    }
}

impl Prover {
    /// The newest audit. `None` if the first has not ended.
    pub(super) async fn proof<DB: Database>(&self, idem: &Idem<DB>) -> Option<Proof> {
        let mut news = self.0.last.subscribe();
        let last = news.borrow_and_update().clone();
        if last.as_ref().is_some_and(|proof| proof.begun.elapsed() < FRESH) {
            return last;
        }
        if !self.0.is_busy.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().make(idem.clone()));
        }
        // Its end, or the time's.
        let _ = timeout(PATIENCE, news.changed()).await;
        self.0.last.borrow().clone()
    }

    /// One that fails leaves the last one there; the next reader of the page begins another.
    async fn make<DB: Database>(self, idem: Idem<DB>) {
        let begun = Instant::now();
        if let Ok(at) = idem.now().await
            && let Ok(report) = idem.ledger().audit().await
        {
            self.0.last.send_replace(Some(Proof { report: Arc::new(report), at, begun }));
        }
        self.0.is_busy.store(false, Ordering::Release);
    }
}
