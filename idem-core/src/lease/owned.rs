//! The lease of an owner.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::epoch::Epoch;
use crate::error::{Effect, Error};
use crate::fingerprint::Fingerprint;
#[cfg(feature = "_sql")]
use crate::key::Hex;
use crate::key::{Key, KeyHash};
use crate::lease::claim_id::ClaimId;
use crate::lease::keeper::{Ending, Keeper};
use crate::lease::live::LiveLease;
use crate::lease::remembered::{Completed, Remembered};
use crate::lease::store::{End, NotOwned};
use crate::lease::working::{Ended, WorkHere};
use crate::model::claim::call::Claimed;
#[cfg(feature = "_sql")]
use crate::model::claim::fence::Fence;
use crate::model::claim::record::ClaimState;
#[cfg(feature = "_sql")]
use crate::namespace::LOCK;
use crate::wire::Stored;

/// A claimed key, for those who work under it. A clone of it is given to a closure of
/// [`Operation::leased`](crate::operation::Operation::leased), and it fences what is written elsewhere.
///
/// It is renewed in the background while its owner has it, at a third of its length.
#[derive(Clone)]
pub struct Lease(pub(crate) Arc<Shared>);

/// What all clones of a lease share.
pub(crate) struct Shared {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) surface: Arc<str>,
    pub(crate) key: Key,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) claimed: Claimed,
    pub(crate) live: Arc<LiveLease>,
    pub(crate) keep: Duration,
    pub(crate) resumes: bool,
    /// The largest outcome or checkpoint, in bytes.
    pub(crate) largest: usize,
    /// The name of the store.
    pub(crate) store: Arc<str>,
}

/// The lease of the one who claimed the key, and ends it: by [`complete`](Self::complete), [`release`](Self::release) or
/// [`abandon`](Self::abandon). Dropped, it is abandoned in the background.
#[must_use = "dropped, it is abandoned: whether the work was done is not known"]
pub struct OwnedLease {
    lease: Lease,
    /// Taken when it ends.
    work: Option<WorkHere>,
    /// How it ends if it is dropped.
    when_dropped: End,
    /// Until when a store that refuses its end for a moment is asked again.
    until: Option<Instant>,
}

/// Between two tries of its end, at first.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Lease {
    /// The key for the foreign side: derived from the caller's, so two services that share a scope cannot collide, and the same for
    /// every owner of this claim.
    pub fn key(&self) -> Key {
        self.0.key.derive(&format!("lease of {}", self.0.surface))
    }

    /// The id under which [`lost`](crate::lease::LeasedOperation::lost) lists this claim, if its owner is lost. Stored beside a row of the
    /// application, it leads an operator from the claim to that row.
    pub fn id(&self) -> ClaimId {
        ClaimId::new(self.0.live.hash, self.epoch(), &self.0.surface)
    }

    /// Which of the key's owners this is: a resource that refuses a lower one than it has seen fences off the others.
    pub fn epoch(&self) -> Epoch {
        self.0.claimed.epoch
    }

    /// How many owners worked on it, this one included: above 1 it is done again.
    pub fn attempt(&self) -> u64 {
        u64::try_from(self.0.claimed.attempts).unwrap_or(1)
    }

    /// When it ends at the earliest, if it is not renewed until then.
    pub fn ends(&self) -> Instant {
        self.0.live.ends().into_std()
    }

    /// Resolves once this process works on the claim no more: it was ended, also in the background where its store did not answer at first,
    /// or that was given up.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub fn settled(&self) -> Ended {
        self.0.keeper.working.end_of(self.hash()).unwrap_or_else(Ended::over)
    }

    /// Resolves when the owner has to stop: another one has the key, or the lease was not renewed for four fifths of its length.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn lost(&self) {
        self.0.live.until_lost().await;
    }

    /// Whether the owner may go on, as far as this process knows. Asks nobody.
    ///
    /// # Errors
    /// [`Error::Fenced`] once [`lost`](Self::lost) would resolve.
    pub fn check(&self) -> Result<(), Error> {
        if self.0.live.is_lost() { Err(Error::Fenced { mine: self.epoch(), current: None }) } else { Ok(()) }
    }

    /// Stores how far the work is, for an owner that takes over after this one ([`WhenLost::Resume`](crate::lease::WhenLost::Resume)).
    /// At most [`Builder::max_payload`](crate::Builder::max_payload) bytes as JSON.
    ///
    /// # Errors
    /// [`Error::Fenced`] if another owner has the key; [`Error::Unencodable`], [`Error::TooLarge`]; those of the store. The work may
    /// go on: what was saved before stays.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be saved.
    pub async fn save<T: Serialize + ?Sized>(&self, checkpoint: &T) -> Result<(), Error> {
        let what = "the checkpoint";
        let unfit = |error: crate::wire::WireError| Error::Unencodable { what: what.into(), source: error.into() };
        let stored = Stored::encode(checkpoint).map_err(unfit)?;
        self.fits(what, stored.0.len())?;
        let saved = self.0.keeper.store.save((&self.0.live.hash, self.epoch()), &stored.0).await?;
        saved.map_err(|not_owned| self.fenced(&not_owned))
    }

    /// What an owner before has saved; `None` for the first owner, and where nothing was saved.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if it does not fit the type: what the owner before did is not known.
    pub fn resumed<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let Some(checkpoint) = self.0.claimed.checkpoint.clone().filter(|_| self.0.resumes) else { return Ok(None) };
        let unfit = |error: crate::wire::WireError| Error::Undecodable {
            what: format!("the checkpoint of the operation `{}`", self.0.surface),
            effect: Effect::Unknown,
            source: error.into(),
        };
        Stored(checkpoint).decode().map(Some).map_err(unfit)
    }

    /// # Errors
    /// [`Error::TooLarge`].
    pub(crate) fn fits(&self, what: &'static str, bytes: usize) -> Result<(), Error> {
        let limit = self.0.largest;
        if bytes > limit { Err(Error::TooLarge { what, bytes, limit }) } else { Ok(()) }
    }

    /// Another one is the owner.
    pub(crate) fn fenced(&self, NotOwned(claim): &NotOwned) -> Error {
        self.0.live.set_lost();
        Error::Fenced { mine: self.epoch(), current: claim.as_ref().map(|claim| claim.record.epoch) }
    }

    /// What is written under it is fenced by this.
    #[cfg(feature = "_sql")]
    pub(crate) fn fence(&self) -> Fence {
        let shared = &self.0;
        let space = shared.keeper.store.space();
        let name = match &*shared.surface {
            LOCK => format!("{space}{LOCK} {}", shared.key.as_str()),
            surface => format!("{space}{surface} {}", Hex(&self.hash().0)),
        };
        Fence {
            store: shared.store.clone(),
            hash: *self.hash(),
            epoch: self.epoch(),
            name: name.into(),
            known: shared.live.clone(),
        }
    }

    fn hash(&self) -> &KeyHash {
        &self.0.live.hash
    }
}

impl AsRef<Self> for Lease {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl OwnedLease {
    /// One that was just claimed, and is renewed from now on.
    pub(crate) fn new(shared: Shared, when_dropped: End) -> Self {
        let work = shared.keeper.working.claimed(shared.live.hash, shared.fingerprint);
        shared.keeper.keep(shared.live.clone());
        Self { lease: Lease(Arc::new(shared)), work: Some(work), when_dropped, until: None }
    }

    /// For those who work under it.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Until when a store that refuses its end for a moment, or does not answer, is asked again, as long as the lease is held. Default: for
    /// [`complete`](Self::complete) until the lease ends, as it is known then; [`release`](Self::release) is asked for once. Not for
    /// [`abandon`](Self::abandon), which is as the end of the lease.
    pub fn retry_until(mut self, until: Instant) -> Self {
        self.until = Some(until);
        self
    }

    /// Records the outcome; until when it is remembered is counted from now. A lost lease may still be completed while no other owner has
    /// the key: nobody else worked on it.
    ///
    /// # Errors
    /// [`Error::Fenced`] if another owner has the key and is not done; [`Error::TooLarge`], and nothing is recorded; those of the store,
    /// which is asked again for a while ([`retry_until`](Self::retry_until)): then the claim is abandoned, and what was done is not
    /// remembered.
    ///
    /// # Cancel safety
    /// Dropped, the outcome may be recorded or not; if it is not, the claim is abandoned.
    pub async fn complete(mut self, outcome: &[u8]) -> Result<Completed, Error> {
        self.lease.fits("the outcome", outcome.len())?;
        let shared = &self.lease.0;
        let claim = (self.lease.hash(), self.lease.epoch());
        let until = self.until.unwrap_or_else(|| self.lease.ends());
        let completed = self.tried(until, || shared.keeper.store.complete(claim, outcome, shared.keep));
        let not_owned = match completed.await? {
            Ok(at) => {
                self.end();
                return Ok(Completed::Fresh { at });
            }
            Err(not_owned) => not_owned,
        };
        self.end();
        let fenced = self.lease.fenced(&not_owned);
        match not_owned.0 {
            Some(claim) if claim.record.state == ClaimState::Completed => {
                Ok(Completed::Remembered(Remembered::of(*claim)?))
            }
            _ => Err(fenced),
        }
    }

    /// Frees the key: nothing was done. For any request, of the same kind or another.
    ///
    /// # Errors
    /// [`Error::Fenced`] if another owner has the key; those of the store: it is then tried again in the background for a few minutes
    /// ([`Lease::settled`]).
    ///
    /// # Cancel safety
    /// Dropped, it is freed in the background.
    pub async fn release(mut self) -> Result<(), Error> {
        self.when_dropped = End::Release;
        self.end_by(End::Release).await
    }

    /// Ends the lease without an outcome: whether the work was done is not known. What a repeat gets is said by
    /// [`WhenLost`](crate::lease::WhenLost).
    ///
    /// # Errors
    /// As [`release`](Self::release).
    ///
    /// # Cancel safety
    /// Dropped, it is abandoned in the background.
    pub async fn abandon(mut self) -> Result<(), Error> {
        self.when_dropped = End::Abandon;
        self.end_by(End::Abandon).await
    }

    async fn end_by(mut self, how: End) -> Result<(), Error> {
        let claim = (self.lease.hash(), self.lease.epoch());
        // A store that does not answer is asked again when this is dropped.
        let until = self.until.filter(|_| how == End::Release).unwrap_or_else(Instant::now);
        let ended = self.tried(until, || self.lease.0.keeper.store.end(claim, how)).await?;
        self.end();
        ended.map_err(|not_owned| self.lease.fenced(&not_owned))
    }

    /// Asks the store for an end until it answers, as long as that is worth it. Each end can be asked for twice.
    async fn tried<T, F>(&self, until: Instant, end: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match end().await {
                Err(error) if error.is_retryable() && !matches!(error, Error::ShutDown) => error,
                answered => return answered,
            };
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() || timeout(pause.min(rest), self.lease.lost()).await.is_ok() {
                return Err(error);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// It has ended in the store.
    fn end(&mut self) {
        self.lease.0.keeper.leave(&self.lease.0.live);
        // Clones of it have nothing to go on with.
        self.lease.0.live.set_lost();
        self.work = None;
    }
}

impl Drop for OwnedLease {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        self.lease.0.keeper.leave(&self.lease.0.live);
        // What a clone of it does from now on is nobody's.
        self.lease.0.live.set_lost();
        let ending = Ending::Of(self.lease.epoch(), self.when_dropped);
        self.lease.0.keeper.end_in_background(*self.lease.hash(), ending, Some(work));
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("surface", &self.0.surface)
            .field("key", self.hash())
            .field("epoch", &self.epoch())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedLease").field(&self.lease).finish()
    }
}
