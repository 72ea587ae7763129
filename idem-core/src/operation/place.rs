//! What a seat and its units share: a key, the request that it names, and who works under it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::shared::Shared;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::lease::leased::check_operation;
use crate::lease::remembered::{Remembered, reused};
use crate::lease::working::WorkHere;
use crate::model::claim::call::{ClaimKey, Recalled};
use crate::model::claim::record::ClaimState;
use crate::store::Database;
use crate::store::claims::queries::{self, Query};
use crate::store::error::Class;

/// What a seat and its units share.
pub(crate) struct Place<DB: Database> {
    pub(crate) shared: Arc<Shared<DB>>,
    /// Of the operation.
    pub(crate) name: Arc<str>,
    pub(crate) key: Key,
    pub(crate) hash: KeyHash,
    pub(crate) fingerprint: Fingerprint,
    /// How long the outcome is remembered.
    pub(crate) keep: Duration,
    /// When the record was last looked for, and was missing.
    looked: Mutex<Option<Instant>>,
    _work: Option<WorkHere>,
}

impl<DB: Database> Place<DB> {
    /// The place of who works under a key, of the operation of this name.
    pub(crate) fn new(
        (shared, name): (Arc<Shared<DB>>, Arc<str>),
        (key, hash, fingerprint): (Key, KeyHash, Fingerprint),
        keep: Duration,
        work: Option<WorkHere>,
    ) -> Self {
        Self { shared, name, key, hash, fingerprint, keep, looked: Mutex::new(None), _work: work }
    }

    /// # Errors
    /// [`Error::TooLarge`].
    pub(crate) fn fits(&self, outcome: &[u8]) -> Result<(), Error> {
        let (bytes, limit) = (outcome.len(), self.shared.settings.limits.payload);
        if bytes > limit { Err(Error::TooLarge { what: "the outcome", bytes, limit }) } else { Ok(()) }
    }
}

impl<DB: Database> Place<DB> {
    /// Whether there can be a record of this name and key.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Key`].
    pub(crate) fn checked(&self) -> Result<(), Error> {
        check_operation(&self.name)?;
        self.key.checked()?;
        Ok(())
    }

    pub(crate) async fn recall(&self) -> Result<Option<Remembered>, Error> {
        self.checked()?;
        let shared = &self.shared;
        let began = Instant::now();
        let mut made = 1;
        loop {
            let mut lease = shared.readers.acquire().await?;
            let Query { text, binder } = queries::recall::<DB>(&shared.sql, &self.hash);
            let rows = lease.session().fetch(&text, binder).await;
            match rows.and_then(|rows| queries::recalled(&rows)) {
                Ok(recalled) => {
                    drop(lease);
                    return self.remembered(recalled, began);
                }
                // A connection that died while it was idle.
                Err(error) if error.class == Class::Broken && !shared.settings.retry.spent(made) => made += 1,
                Err(error) => return shared.answer(lease, Err(error)).await,
            }
        }
    }

    pub(crate) fn remembered(&self, recalled: Recalled, looked: Instant) -> Result<Option<Remembered>, Error> {
        let Recalled { now, claim } = recalled;
        let found = claim.filter(|claim| {
            claim.record.state != ClaimState::Released
                && (!claim.record.is_expired(now) || seeded_bug!("expired-stays"))
        });
        let Some(claim) = found else {
            *self.looked() = Some(looked);
            return Ok(None);
        };
        let record = &claim.record;
        if record.fingerprint != self.fingerprint {
            return Err(reused(&self.hash, &self.name, record.at));
        }
        match record.state {
            ClaimState::Claimed if record.is_lost(now) => {
                Err(Error::Lost { since: record.until, epoch: record.epoch, source: None })
            }
            ClaimState::Claimed => {
                let retry_after = Some(record.until.saturating_since(now));
                Err(Error::InFlight { waited: Duration::ZERO, retry_after })
            }
            ClaimState::Completed | ClaimState::Released => Remembered::of(claim).map(Some),
        }
    }

    pub(crate) fn looked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn claim_key(&self) -> ClaimKey<'_> {
        ClaimKey { hash: &self.hash, surface: &self.name, scope: self.key.scope() }
    }
}
