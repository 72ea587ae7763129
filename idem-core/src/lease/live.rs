//! A lease as its owner knows it: by the clock of this process that is never set.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::epoch::Epoch;
use crate::key::KeyHash;
use crate::model::claim::call::Renewal;
#[cfg(feature = "_sql")]
use crate::model::claim::fence::Holding;

/// A lease that is renewed until its owner ends it.
#[derive(Debug)]
pub(crate) struct LiveLease {
    pub(crate) hash: KeyHash,
    pub(crate) epoch: Epoch,
    pub(crate) lease: Duration,
    times: Mutex<Times>,
    /// The owner may have seen that it is lost. It stays so, whatever becomes of the record.
    lost: AtomicBool,
    changed: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    /// When the claim, or its newest renewal, was sent. The store counted from a later time.
    renewed: Instant,
    /// When it is to be renewed.
    due: Instant,
}

impl LiveLease {
    /// One that was claimed by a statement that was sent at this time.
    pub(crate) fn new(hash: KeyHash, epoch: Epoch, lease: Duration, sent: Instant) -> Self {
        let times = Mutex::new(Times { renewed: sent, due: sent + third(lease) });
        Self { hash, epoch, lease, times, lost: AtomicBool::new(false), changed: Notify::new() }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it ends at the earliest.
    pub(crate) fn ends(&self) -> Instant {
        self.times().renewed + self.lease
    }

    /// When its owner stops relying on it: at four fifths, so that what it has sent by then arrives within the lease.
    fn relied_on_until(&self) -> Instant {
        self.times().renewed + self.lease / 5 * 4
    }

    /// When it is to be renewed.
    pub(crate) fn due(&self) -> Instant {
        self.times().due
    }

    /// Whether it is renewed with those that are due now: then leases of one length are all renewed at once before long.
    pub(crate) fn is_due_at(&self, now: Instant) -> bool {
        self.due() <= now + third(self.lease) / 2
    }

    pub(crate) fn renewal(&self) -> Renewal {
        Renewal { hash: self.hash, epoch: self.epoch, lease: self.lease }
    }

    /// A renewal was answered that was sent at this time.
    pub(crate) fn renewed(&self, sent: Instant) {
        *self.times() = Times { renewed: sent, due: sent + third(self.lease) };
        self.changed.notify_waiters();
    }

    /// A renewal failed, or the claim is held by a fenced transaction: it is tried again soon.
    pub(crate) fn not_renewed(&self, now: Instant) {
        const SHORTEST: Duration = Duration::from_millis(20);
        self.times().due = now + (self.lease / 20).max(SHORTEST);
    }

    /// Another owner has it.
    pub(crate) fn set_lost(&self) {
        self.lost.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Whether the owner has to stop. Once it has, it stays so.
    pub(crate) fn is_lost(&self) -> bool {
        if seeded_bug!("lease-outlived") {
            return false;
        }
        if !self.lost.load(Ordering::Acquire) && Instant::now() >= self.relied_on_until() {
            self.set_lost();
        }
        self.lost.load(Ordering::Acquire)
    }

    /// Waits until the owner has to stop.
    pub(crate) async fn until_lost(&self) {
        loop {
            // Before the look: what changes after it is noticed.
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if self.is_lost() {
                return;
            }
            if seeded_bug!("lease-outlived") {
                std::future::pending::<()>().await;
            }
            let _ = timeout_at(self.relied_on_until(), changed).await;
        }
    }
}

#[cfg(feature = "_sql")]
impl Holding for LiveLease {
    fn is_lost(&self) -> bool {
        Self::is_lost(self)
    }
}

fn third(lease: Duration) -> Duration {
    lease / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(seconds: u64) -> LiveLease {
        LiveLease::new(KeyHash::UNKNOWN, Epoch(1), Duration::from_secs(seconds), Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn lease_is_lost_at_four_fifths_and_stays_lost() {
        let lease = lease(10);
        tokio::time::advance(Duration::from_millis(7_999)).await;
        assert!(!lease.is_lost());
        tokio::time::advance(Duration::from_millis(1)).await;
        lease.until_lost().await;
        lease.renewed(Instant::now());
        assert!(lease.is_lost(), "its owner may have seen it");
    }

    #[tokio::test(start_paused = true)]
    async fn renewed_lease_is_lost_later() {
        let lease = lease(10);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(lease.is_due_at(Instant::now()) && lease.due() > Instant::now());
        lease.renewed(Instant::now());
        let began = Instant::now();
        lease.until_lost().await;
        assert_eq!(began.elapsed(), Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn lease_that_was_not_renewed_is_tried_again_soon() {
        let lease = lease(10);
        tokio::time::advance(Duration::from_secs(4)).await;
        lease.not_renewed(Instant::now());
        assert_eq!(lease.due() - Instant::now(), Duration::from_millis(500));
    }
}
