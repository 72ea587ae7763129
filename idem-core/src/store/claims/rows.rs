//! Claims as they are read.

use sqlx::Error;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;
use crate::model::claim::call::{Claimed, LostRow, Recalled, StoredClaim};
use crate::model::claim::record::{ClaimRecord, ClaimState};
use crate::store::reader::{Cells, Reader, columns};

/// A record as it is stored.
#[derive(Debug)]
pub struct ClaimRow {
    fingerprint: Fingerprint,
    state: i64,
    epoch: i64,
    owner: Option<i64>,
    until: Option<Timestamp>,
    attempts: i64,
    outcome: Option<Vec<u8>>,
    checkpoint: Option<Vec<u8>>,
    at: Timestamp,
    expires_at: Option<Timestamp>,
    scope: String,
}

columns! {
    ClaimRow {
        fingerprint: [fingerprint Bytes],
        state: [state Int],
        epoch: [epoch Int],
        owner: [owner Int],
        until: [until Int],
        attempts: [attempts Int],
        outcome: [outcome Bytes],
        checkpoint: [checkpoint Bytes],
        at: [at Int],
        expires_at: [expires_at Int],
        scope: [scope Text],
    }
}

impl Recalled {
    /// Reads the time, the record or NULLs, and whether it is superseded.
    pub(in crate::store) fn read<C: Cells>(row: &C) -> Result<Self, Error> {
        let mut row = Reader::new(row);
        let (now, stored): (Timestamp, Option<ClaimRow>) = (row.field()?, row.maybe()?);
        let superseded = row.field::<Option<bool>>()? == Some(true);
        let claim = stored.map(|stored| {
            let is_forgotten = stored.scope.is_empty();
            Ok::<_, Error>(StoredClaim { record: stored.record()?, is_forgotten, superseded })
        });
        Ok(Self { now, claim: claim.transpose()? })
    }
}

impl ClaimRow {
    fn record(self) -> Result<ClaimRecord, Error> {
        let state = ClaimState::of(self.state).ok_or_else(|| {
            Error::Decode(format!("a claim is in the state {}, which this release does not know", self.state).into())
        })?;
        Ok(ClaimRecord {
            fingerprint: self.fingerprint,
            state,
            epoch: Epoch(self.epoch),
            owner: self.owner.unwrap_or_default(),
            until: self.until.unwrap_or(self.at),
            attempts: self.attempts,
            outcome: self.outcome.map(Into::into),
            checkpoint: self.checkpoint.map(Into::into),
            at: self.at,
            expires_at: self.expires_at,
        })
    }
}

impl Claimed {
    pub(in crate::store) fn read<C: Cells>(row: &C) -> Result<Self, Error> {
        let mut row = Reader::new(row);
        let (epoch, attempts): (i64, i64) = (row.field()?, row.field()?);
        Ok(Self { epoch: Epoch(epoch), attempts, checkpoint: row.field::<Option<Vec<u8>>>()?.map(Into::into) })
    }
}

impl LostRow {
    pub(in crate::store) fn read<C: Cells>(row: &C) -> Result<Self, Error> {
        let mut row = Reader::new(row);
        let (hash, scope) = (row.field()?, row.field()?);
        let (epoch, attempts): (i64, i64) = (row.field()?, row.field()?);
        Ok(Self { hash, scope, epoch: Epoch(epoch), attempts, until: row.field()?, at: row.field()? })
    }
}
