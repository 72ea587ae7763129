//! A store of leases and locks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::lease::keeper::Keeper;
use crate::lease::memory::MemoryLeases;

/// The largest outcome or checkpoint of a store that is no database, in bytes.
pub(crate) const LARGEST: usize = 256 * 1024;

/// A store of leases and locks: a database (`Leases::from(&idem)`), or the memory of this process. Cheap to clone; one layer serves
/// every store.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use idem_core::Key;
/// use idem_core::lease::{Claim, Leases};
/// use idem_core::operation::Request;
///
/// let charge = Leases::memory().operation("charge");
/// let (key, request) = (Key::new("shop-1", "req-17")?, Request::to("card-7").json(b"500"));
/// let Claim::Mine(lease) = charge.claim(&key, &request).await? else { panic!("nobody else works on it") };
/// assert!(matches!(charge.claim(&key, &request).await?, Claim::Held { .. }));
/// lease.complete(b"charged").await?;
/// let Claim::Remembered(again) = charge.claim(&key, &request).await? else { panic!("it is done") };
/// assert_eq!(again.outcome, b"charged");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Leases {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) largest: usize,
}

impl Leases {
    /// In the memory of this process, for tests: all ends with the last clone.
    pub fn memory() -> Self {
        Self::memory_with(Timestamp::local)
    }

    /// The same by a clock of your own, for tests of what expires.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
    ///
    /// use idem_core::Timestamp;
    /// use idem_core::lease::Leases;
    ///
    /// let seconds = Arc::new(AtomicI64::new(0));
    /// let clock = seconds.clone();
    /// let leases = Leases::memory_with(move || Timestamp::from_micros(clock.load(Relaxed) * 1_000_000));
    /// let held = leases.lock("report").try_acquire().await?.expect("it is free");
    /// assert!(leases.lock("report").try_acquire().await?.is_none());
    /// seconds.store(31, Relaxed);                                            // the lease of 30 seconds is over
    /// let next = leases.lock("report").try_acquire().await?.expect("its owner did not renew it");
    /// assert!(next.epoch() > held.epoch());
    /// # Ok::<(), idem_core::Error>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memory_with(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { keeper: Keeper::new(Arc::new(MemoryLeases::new(clock))), largest: LARGEST }
    }
}

/// How long a lease is at least: what a renewal and its reply take has to fit into a third of it.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);
const LONGEST_LEASE: Duration = Duration::from_hours(24 * 30);

/// The nearest length that a lease may have.
pub(crate) fn fitting(lease: Duration) -> Duration {
    lease.clamp(SHORTEST_LEASE, LONGEST_LEASE)
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leases").field(&self.keeper).finish()
    }
}
