//! Claims in the memory of this process, for tests: they end with it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::KeyHash;
use crate::lease::store::{Answer, ClaimAnswer, End, LeaseStore, NotOwned, UnderWay};
use crate::map::Map;
use crate::model::claim::call::{ClaimKey, Claimed, LostRow, Recalled, Renewal, StoredClaim};
use crate::model::claim::record::{ClaimRecord, ClaimState};
use crate::model::claim::transition::{
    self, ClaimRequest, NotOwner, Resolution, abandon, claim, complete, release, renew, resolve, save,
};

/// After this number of claims what has expired is swept.
const SWEPT_AFTER: usize = 1_024;

/// Claims in memory, by an injected clock.
pub(crate) struct MemoryLeases {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    claims: Mutex<Claims>,
    name: Arc<str>,
}

#[derive(Default)]
struct Claims {
    records: Map<KeyHash, Kind>,
    floor: Option<Epoch>,
    since_sweep: usize,
}

/// A record, with what lists need.
struct Kind {
    record: ClaimRecord,
    surface: String,
    scope: String,
}

impl MemoryLeases {
    pub(crate) fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        // No two of them have one name, nor one of a database.
        let name = format!("memory {:x}", getrandom::u64().unwrap_or_default()).into();
        Self { clock: Box::new(clock), claims: Mutex::default(), name }
    }

    #[cfg(test)]
    pub(crate) fn sweep(&self) {
        self.claims().sweep((self.clock)());
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a record that is there.
    fn change(
        &self,
        hash: &KeyHash,
        change: impl FnOnce(&mut ClaimRecord, Timestamp) -> Result<(), NotOwner>,
    ) -> Result<(), NotOwned> {
        let (mut claims, now) = (self.claims(), (self.clock)());
        match claims.records.get_mut(hash) {
            None => Err(NotOwned(None)),
            Some(found) => {
                change(&mut found.record, now).map_err(|NotOwner| NotOwned(Some(Box::new(stored(&found.record)))))
            }
        }
    }
}

impl Claims {
    fn sweep(&mut self, now: Timestamp) {
        let expired = self.records.extract_if(|_, kind| kind.record.is_expired(now));
        let highest = expired.map(|(_, kind)| kind.record.epoch).max();
        self.floor = self.floor.max(highest);
    }
}

impl LeaseStore for MemoryLeases {
    fn claim<'a>(&'a self, key: ClaimKey<'a>, request: &'a ClaimRequest) -> Answer<'a, ClaimAnswer> {
        let (mut claims, now) = (self.claims(), (self.clock)());
        claims.since_sweep += 1;
        if claims.since_sweep >= SWEPT_AFTER {
            claims.since_sweep = 0;
            claims.sweep(now);
        }
        let floor = claims.floor.unwrap_or(Epoch(0));
        let found = claims.records.get(key.hash).map(|kind| &kind.record);
        let answer = match claim(found, request, now, floor) {
            Ok(record) => {
                let (epoch, attempts, checkpoint) = (record.epoch, record.attempts, record.checkpoint.clone());
                let kind = Kind { record, surface: key.surface.to_owned(), scope: key.scope.to_owned() };
                claims.records.insert(*key.hash, kind);
                Ok(ClaimAnswer::Mine(Claimed { epoch, attempts, checkpoint }))
            }
            Err(refusal) => found
                .map(|record| ClaimAnswer::Refused(refusal, stored(record)))
                .ok_or(Error::Internal { what: "a claim was refused without a record" }),
        };
        ready(answer)
    }

    fn renew<'a>(&'a self, renewals: &'a [Renewal]) -> Answer<'a, Vec<KeyHash>> {
        let one = |renewal: &&Renewal| {
            self.change(&renewal.hash, |record, now| renew(record, renewal.epoch, renewal.lease, now)).is_ok()
        };
        ready(Ok(renewals.iter().filter(one).map(|renewal| renewal.hash).collect()))
    }

    fn complete<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        outcome: &'a [u8],
        keep: Duration,
    ) -> Answer<'a, Result<Timestamp, NotOwned>> {
        let mut at = Timestamp::from_micros(0);
        let done = self.change(hash, |record, now| {
            complete(record, epoch, (outcome.into(), keep), now)?;
            at = record.at;
            Ok(())
        });
        ready(Ok(done.map(|()| at)))
    }

    fn end<'a>(&'a self, (hash, epoch): (&'a KeyHash, Epoch), how: End) -> Answer<'a, Result<(), NotOwned>> {
        ready(Ok(self.change(hash, |record, now| match how {
            End::Release => release(record, epoch, now),
            End::Abandon => abandon(record, epoch, now),
        })))
    }

    fn disown<'a>(&'a self, hash: &'a KeyHash, owner: i64) -> Answer<'a, ()> {
        // One that is not its owner's has nothing to give up.
        let _ = self.change(hash, |record, now| transition::disown(record, owner, now));
        ready(Ok(()))
    }

    fn save<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        checkpoint: &'a [u8],
    ) -> Answer<'a, Result<(), NotOwned>> {
        ready(Ok(self.change(hash, |record, _| save(record, epoch, checkpoint.into()))))
    }

    fn recall<'a>(&'a self, hash: &'a KeyHash) -> Answer<'a, Recalled> {
        let claim = self.claims().records.get(hash).map(|kind| stored(&kind.record));
        ready(Ok(Recalled { now: (self.clock)(), claim }))
    }

    fn lost<'a>(&'a self, surface: &'a str, limit: u32) -> Answer<'a, Vec<LostRow>> {
        let (claims, now) = (self.claims(), (self.clock)());
        let is_lost = |(_, kind): &(&KeyHash, &Kind)| kind.surface == surface && kind.record.is_lost(now);
        let row = |(hash, kind): (&KeyHash, &Kind)| LostRow {
            hash: *hash,
            scope: kind.scope.clone(),
            epoch: kind.record.epoch,
            attempts: kind.record.attempts,
            until: kind.record.until,
            at: kind.record.at,
        };
        let mut rows: Vec<LostRow> = claims.records.iter().filter(is_lost).map(row).collect();
        rows.sort_by_key(|row| (row.until, row.hash));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        ready(Ok(rows))
    }

    fn resolve<'a>(
        &'a self,
        (hash, epoch): (&'a KeyHash, Epoch),
        how: &'a Resolution,
        _reason: &'a str,
    ) -> Answer<'a, Result<(), NotOwned>> {
        ready(Ok(self.change(hash, |record, now| resolve(record, epoch, how.clone(), now))))
    }

    fn name(&self) -> Answer<'_, Arc<str>> {
        ready(Ok(self.name.clone()))
    }

    fn space(&self) -> &'static str {
        ""
    }

    fn enter(&self) -> Result<UnderWay, Error> {
        Ok(Box::new(()))
    }
}

fn stored(record: &ClaimRecord) -> StoredClaim {
    StoredClaim { record: record.clone(), is_forgotten: false, superseded: false }
}

fn ready<'a, T: Send + 'a>(answer: Result<T, Error>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl fmt::Debug for MemoryLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.claims().records.values().filter(|kind| kind.record.state == ClaimState::Claimed).count();
        f.debug_struct("MemoryLeases").field("claimed", &held).finish_non_exhaustive()
    }
}
