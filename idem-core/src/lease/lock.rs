//! Locks: leases without an outcome.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::epoch::Epoch;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, check_name};
use crate::lease::claim::Claim;
use crate::lease::leased::{ClaimOf, LeaseSettings};
use crate::lease::leases::{Leases, fitting};
use crate::lease::owned::{Lease, OwnedLease};
use crate::lease::remembered::WhenLost;
use crate::lease::store::End;
use crate::namespace::LOCK;
#[cfg(feature = "_sql")]
use crate::namespace::RELAY;

/// A lock by name: one owner at a time, as far as leases can say so. Cheap to clone.
///
/// It spares work that would be done twice. It does not keep a paused owner from going on after its lease: what must not happen twice is
/// fenced by the guard.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::time::Duration;
///
/// use idem_core::lease::Leases;
///
/// let report = Leases::memory().lock("nightly-report").lease(Duration::from_secs(60));
/// let guard = report.acquire(Duration::from_secs(5)).await?;
/// assert!(report.try_acquire().await?.is_none());
/// guard.check()?;                                                                 // between two steps of the work
/// guard.release().await?;
/// assert!(report.try_acquire().await?.is_some());
/// # Ok::<(), idem_core::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Lock {
    leases: Leases,
    surface: Arc<str>,
    name: Arc<str>,
    lease: Duration,
}

/// A lock that is held, and renewed in the background. Dropped, it is released in the background, or else by its end.
#[must_use = "dropped, it is released"]
pub struct LockGuard(OwnedLease);

impl Leases {
    /// A lock.
    pub fn lock(&self, name: impl Into<Arc<str>>) -> Lock {
        Lock::new(self.clone(), LOCK, name.into())
    }

    /// The lock of the one that relays the outbox.
    #[cfg(feature = "_sql")]
    pub(crate) fn relay_lock(&self) -> Lock {
        Lock::new(self.clone(), RELAY, "outbox".into())
    }
}

impl Lock {
    fn new(leases: Leases, surface: &str, name: Arc<str>) -> Self {
        Self { leases, surface: surface.into(), name, lease: LeaseSettings::default().lease }
    }

    /// How long it holds without a renewal: 100 milliseconds to 30 days, default 30 seconds; a value outside is the nearest one inside: so long others wait for it after its owner
    /// died.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = fitting(lease);
        self
    }

    /// Acquires it, and waits at most for `wait` while another owner has it: for a notification where that is in this process,
    /// otherwise with looks that are 50 milliseconds to a second apart. There is no order among those who wait.
    ///
    /// # Errors
    /// [`Error::InFlight`] after `wait`, with what is left of the owner's lease; [`Error::Key`] for a name that is empty, longer than 255
    /// bytes, or has control characters; [`Error::ShutDown`]; those of the store.
    ///
    /// # Cancel safety
    /// Dropped, it is not acquired; if it was, it is released in the background.
    pub async fn acquire(&self, wait: Duration) -> Result<LockGuard, Error> {
        let _call = self.leases.keeper.store.enter()?;
        let began = Instant::now();
        self.with_claim(async |claim| match claim.claim_within(wait).await? {
            Claim::Mine(owned) => Ok(LockGuard(owned)),
            Claim::Held { left } => Err(Error::InFlight { waited: began.elapsed(), retry_after: Some(left) }),
            Claim::Remembered(_) | Claim::Lost { .. } => Err(Error::Internal { what: "a lock had an outcome" }),
        })
        .await
    }

    /// Acquires it if nobody has it.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), without the wait.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    pub async fn try_acquire(&self) -> Result<Option<LockGuard>, Error> {
        match self.acquire(Duration::ZERO).await {
            Ok(guard) => Ok(Some(guard)),
            Err(Error::InFlight { retry_after: Some(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn with_claim<T>(&self, work: impl AsyncFnOnce(&ClaimOf<'_>) -> Result<T, Error>) -> Result<T, Error> {
        check_name("name of the lock", &self.name)?;
        let key = Key::joined(String::new(), &self.name);
        work(&ClaimOf {
            leases: &self.leases,
            surface: &self.surface,
            key: &key,
            hash: key.hash_in(&self.surface),
            fingerprint: Fingerprint::of(&self.surface, &self.name, b"", &[]),
            settings: LeaseSettings { lease: self.lease, when_lost: WhenLost::Reexecute, keep: Duration::ZERO },
            when_dropped: End::Release,
        })
        .await
    }
}

impl LockGuard {
    /// Which owner of the lock this is: a resource that refuses a lower one than it has seen fences off the others.
    pub fn epoch(&self) -> Epoch {
        self.0.lease().epoch()
    }

    /// When it ends at the earliest, if it is not renewed until then.
    pub fn ends(&self) -> Instant {
        self.0.lease().ends()
    }

    /// Resolves when the owner has to stop: another one has the lock, or it was not renewed for four fifths of its lease.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn lost(&self) {
        self.0.lease().lost().await;
    }

    /// Whether the owner may go on, as far as this process knows. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Fenced`] once [`lost`](Self::lost) would resolve.
    pub fn check(&self) -> Result<(), Error> {
        self.0.lease().check()
    }

    /// Releases it.
    ///
    /// # Errors
    /// [`Error::Fenced`] if another owner has it by now, or it was not renewed in time: what was committed under its fence stays. Those of
    /// the store: it is then tried again in the background.
    ///
    /// # Cancel safety
    /// Dropped, it is released in the background.
    pub async fn release(self) -> Result<(), Error> {
        self.0.release().await
    }
}

impl AsRef<Lease> for LockGuard {
    fn as_ref(&self) -> &Lease {
        self.0.lease()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("name", &self.name).field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LockGuard").field(&self.0).finish()
    }
}
