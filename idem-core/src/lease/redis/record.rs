//! Records as the scripts give them: a list of fields, each may be missing.

use redis::{FromRedisValue, ParsingError, Value};

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;
use crate::key::KeyHash;
use crate::model::claim::call::{LostRow, Recalled, StoredClaim};
use crate::model::claim::record::{ClaimRecord, ClaimState};

use std::sync::Arc;

/// Fields, each may be missing.
pub(super) struct Fields(Vec<Option<Vec<u8>>>);

impl FromRedisValue for Fields {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        Vec::from_redis_value(value).map(Self)
    }
}

impl Fields {
    fn field(&self, at: usize) -> Option<&[u8]> {
        self.0.get(at).and_then(|field| field.as_deref())
    }

    fn text(&self, at: usize) -> &str {
        self.field(at).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    pub(super) fn int(&self, at: usize) -> i64 {
        self.text(at).parse().unwrap_or_default()
    }

    pub(super) fn time(&self, at: usize) -> Timestamp {
        Timestamp::from_micros(self.int(at))
    }

    pub(super) fn bytes(&self, at: usize) -> Option<Arc<[u8]>> {
        self.field(at).map(Into::into)
    }

    /// What is recorded, and the time: the fields that `claim.lua` and `change.lua` name, in that order.
    pub(super) fn recalled(&self) -> Recalled {
        let fingerprint = self.field(0).and_then(|bytes| bytes.try_into().ok()).map(Fingerprint);
        let state = ClaimState::of(self.int(1));
        let record = fingerprint.zip(state).map(|(fingerprint, state)| ClaimRecord {
            fingerprint,
            state,
            epoch: Epoch(self.int(2)),
            owner: self.int(3),
            until: self.time(4),
            attempts: self.int(5),
            outcome: self.bytes(6),
            checkpoint: self.bytes(7),
            at: self.time(8),
            expires_at: self.field(9).map(|_| self.time(9)),
        });
        let claim = record.map(|record| StoredClaim { record, is_forgotten: false, superseded: false });
        Recalled { now: self.time(11), claim }
    }
}

/// A lost claim, as `lost.lua` gives it.
pub(super) fn lost_row(fields: &Fields) -> Option<LostRow> {
    let digit = |at: usize| fields.text(0).get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes: Vec<u8> = (0..KeyHash::BYTES).map(|at| digit(at * 2)).collect::<Option<_>>()?;
    Some(LostRow {
        hash: KeyHash(bytes.try_into().ok()?),
        scope: fields.text(1).to_owned(),
        epoch: Epoch(fields.int(2)),
        attempts: fields.int(3),
        until: fields.time(4),
        at: fields.time(5),
    })
}
