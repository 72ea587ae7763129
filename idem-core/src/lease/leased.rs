//! Operations whose work is done under a lease.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash, check_name};
use crate::lease::claim::Claim;
use crate::lease::keeper::{Ending, Keeper};
use crate::lease::leases::{Leases, fitting};
use crate::lease::live::LiveLease;
use crate::lease::owned::{OwnedLease, Shared};
use crate::lease::remembered::{Remembered, WhenLost, reused};
use crate::lease::store::{ClaimAnswer, End};
use crate::model::claim::call::{ClaimKey, Claimed};
use crate::model::claim::transition::{ClaimRefusal, ClaimRequest};
use crate::request::Request;

/// The longest time between two looks at a claim of another process.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// An operation whose work is done under a lease: one recorded outcome for each key, and at most one owner at a time, as far as leases
/// can say so. Cheap to clone.
///
/// With a closure: [`leased`](Self::leased). In the open form, for layers: [`claim`](Self::claim).
#[derive(Clone)]
pub struct LeasedOperation {
    pub(crate) leases: Leases,
    pub(crate) name: Arc<str>,
    pub(crate) settings: LeaseSettings,
}

/// What belongs to an operation and not to a call of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeaseSettings {
    pub(crate) keep: Duration,
    pub(crate) lease: Duration,
    pub(crate) when_lost: WhenLost,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self { keep: Duration::from_hours(24), lease: Duration::from_secs(30), when_lost: WhenLost::default() }
    }
}

/// A claim of one key.
pub(crate) struct ClaimOf<'c> {
    pub(crate) leases: &'c Leases,
    pub(crate) surface: &'c Arc<str>,
    pub(crate) key: &'c Key,
    pub(crate) hash: KeyHash,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) settings: LeaseSettings,
    pub(crate) when_dropped: End,
}

impl Leases {
    /// An operation whose work is done under a lease. Its name and the key are what a repeat is recognised by; names that begin with `@`
    /// are idem's own.
    pub fn operation(&self, name: impl Into<Arc<str>>) -> LeasedOperation {
        LeasedOperation::new(self.clone(), name.into())
    }
}

impl LeasedOperation {
    pub(crate) fn new(leases: Leases, name: Arc<str>) -> Self {
        Self { leases, name, settings: LeaseSettings::default() }
    }

    /// How long an outcome is remembered, counted from completion on the store's clock. Default 24 hours. A key that comes later is a new
    /// request.
    #[must_use]
    pub fn remember_for(mut self, retention: Duration) -> Self {
        self.settings.keep = retention;
        self
    }

    /// How long a claim holds without a renewal: 100 milliseconds to 30 days, default 30 seconds; a value outside is the nearest one inside. It is renewed at a third of that while
    /// its owner works: so it is how long a repeat waits after its owner died.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = fitting(lease);
        self
    }

    /// What becomes of a key whose owner lost its lease. Default [`WhenLost::Indeterminate`].
    #[must_use]
    pub fn when_lost(mut self, when_lost: WhenLost) -> Self {
        self.settings.when_lost = when_lost;
        self
    }

    /// The largest outcome that can be recorded, in bytes: of a database [`Builder::max_payload`](crate::Builder::max_payload), otherwise 256
    /// KiB.
    pub fn max_outcome(&self) -> usize {
        self.leases.largest
    }

    /// Claims a key for a request, or says what is recorded of it. One statement, and another one where the key is known.
    ///
    /// # Errors
    /// [`Error::KeyReused`] if the key names another request, [`Error::Forgotten`] if its outcome was erased, [`Error::Key`],
    /// [`Error::ShutDown`]; those of the store: nothing was begun.
    ///
    /// # Cancel safety
    /// Dropped, the key is not claimed; if the claim was made, it is given up in the background.
    pub async fn claim(&self, key: &Key, request: &Request) -> Result<Claim, Error> {
        let _call = self.leases.keeper.store.enter()?;
        self.claim_of(key, request.fingerprint())?.claim().await
    }

    /// The same; while another owner works on the key, it is waited for: by a notification where it is in this process, otherwise with
    /// looks that are 50 milliseconds to a second apart. No connection is held meanwhile. [`Claim::Held`] after `wait`.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    ///
    /// # Cancel safety
    /// As [`claim`](Self::claim).
    pub async fn claim_within(&self, key: &Key, request: &Request, wait: Duration) -> Result<Claim, Error> {
        let _call = self.leases.keeper.store.enter()?;
        self.claim_of(key, request.fingerprint())?.claim_within(wait).await
    }

    pub(crate) fn claim_of<'c>(&'c self, key: &'c Key, fingerprint: Fingerprint) -> Result<ClaimOf<'c>, Error> {
        check_operation(&self.name)?;
        Ok(ClaimOf {
            leases: &self.leases,
            surface: &self.name,
            key: key.checked()?,
            hash: key.hash_in(&self.name),
            fingerprint,
            settings: self.settings,
            when_dropped: End::Abandon,
        })
    }
}

/// Names that begin with `@` are idem's own.
pub(crate) fn check_operation(name: &str) -> Result<(), Error> {
    check_name("name of the operation", name)?;
    if name.starts_with('@') {
        let problem = format!("an operation cannot be named {name:?}: names that begin with `@` are idem's own");
        return Err(Error::Config { problem });
    }
    Ok(())
}

impl ClaimOf<'_> {
    pub(crate) async fn claim(&self) -> Result<Claim, Error> {
        let ClaimOf { leases, surface, key, hash, fingerprint, settings, .. } = self;
        let request = ClaimRequest {
            fingerprint: *fingerprint,
            // Another one of this number would be taken for a claim of this owner.
            owner: getrandom::u64().map_err(no_randomness)?.cast_signed(),
            lease: settings.lease,
            takes_over: settings.when_lost.takes_over(),
        };
        let store = leases.keeper.store.name().await?;
        let unanswered = Unanswered { keeper: &leases.keeper, hash: *hash, owner: Some(request.owner) };
        let sent = Instant::now();
        let claim_key = ClaimKey { hash, surface, scope: key.scope() };
        let answer = leases.keeper.store.claim(claim_key, &request).await;
        let claimed = match unanswered.answered(answer)? {
            ClaimAnswer::Mine(claimed) => claimed,
            ClaimAnswer::Refused(refusal, claim) => {
                return match refusal {
                    ClaimRefusal::Completed => Remembered::of(claim).map(Claim::Remembered),
                    ClaimRefusal::Held { left } => Ok(Claim::Held { left }),
                    ClaimRefusal::Lost => Ok(Claim::Lost { since: claim.record.until, epoch: claim.record.epoch }),
                    ClaimRefusal::OtherRequest => Err(reused(hash, surface, claim.record.at)),
                };
            }
        };
        Ok(Claim::Mine(self.owned(claimed, sent, store)))
    }

    fn owned(&self, claimed: Claimed, sent: Instant, store: Arc<str>) -> OwnedLease {
        let live = Arc::new(LiveLease::new(self.hash, claimed.epoch, self.settings.lease, sent));
        let shared = Shared {
            keeper: self.leases.keeper.clone(),
            surface: self.surface.clone(),
            key: self.key.clone(),
            fingerprint: self.fingerprint,
            claimed,
            live,
            keep: self.settings.keep,
            resumes: self.settings.when_lost == WhenLost::Resume,
            largest: self.leases.largest,
            store,
        };
        OwnedLease::new(shared, self.when_dropped)
    }

    pub(crate) async fn claim_within(&self, wait: Duration) -> Result<Claim, Error> {
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            // Before the store is asked: an end after its answer is noticed.
            let ended = self.leases.keeper.working.end_of(&self.hash);
            let left = match self.claim().await? {
                Claim::Held { left } => left,
                claim => return Ok(claim),
            };
            let Some(rest) = wait.checked_sub(began.elapsed()).filter(|rest| !rest.is_zero()) else {
                return Ok(Claim::Held { left });
            };
            // Another call of this process may have claimed it meanwhile.
            if let Some(ended) = ended.or_else(|| self.leases.keeper.working.end_of(&self.hash)) {
                // One that is not renewed ends without a notification.
                let _ = timeout(rest.min(left.max(FIRST_PAUSE)), ended).await;
            } else {
                sleep(rest.min(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// A claim that is on its way. Dropped before it is answered, it is given up.
struct Unanswered<'k> {
    keeper: &'k Arc<Keeper>,
    hash: KeyHash,
    owner: Option<i64>,
}

impl Unanswered<'_> {
    fn answered<T>(mut self, answer: Result<T, Error>) -> Result<T, Error> {
        if !matches!(answer, Err(Error::Indeterminate { .. })) {
            self.owner = None;
        }
        answer
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(owner) = self.owner {
            self.keeper.end_in_background(self.hash, Ending::Unanswered(owner), None);
        }
    }
}

fn no_randomness(error: getrandom::Error) -> Error {
    Error::Unavailable { source: Box::new(error) }
}

impl fmt::Debug for LeasedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedOperation")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
