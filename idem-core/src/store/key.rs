//! Keys as they are read, with what they were used for.

use std::sync::Arc;

use sqlx::Error;

use super::ledger::rows::EntryRow;
use super::machine::rows::TransitionSummary;
use super::reader::{Cells, Reader, columns, place};
use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::wire::Stored;

/// A key that is known.
#[derive(Debug, Clone)]
pub struct KnownKey {
    pub(crate) fingerprint: Fingerprint,
    /// When it was first seen.
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) used: KeyUse,
}

/// What a key was used for.
#[derive(Debug, Clone)]
pub(crate) enum KeyUse {
    /// A command on the machine `id`, by its transition `seq`, if that is there.
    Command { id: Arc<str>, seq: i64, transition: Option<TransitionSummary> },
    /// A command on the machine `id`, which was rejected.
    Rejection { id: Arc<str>, rejection: Stored },
    /// The entries of one posting, in their order.
    Posting(Vec<EntryRow>),
    /// A change of the ledger that was refused.
    Refusal(Stored),
}

/// The row of transitions that has a key.
#[derive(Debug)]
pub struct MachineKeyRow {
    fingerprint: Fingerprint,
    at: Timestamp,
    expires_at: Option<Timestamp>,
    id: Arc<str>,
    seq: Option<i64>,
    alias_of: Option<i64>,
    rejection: Option<Stored>,
}

columns! {
    MachineKeyRow {
        fingerprint: [fingerprint Bytes],
        at: [at Int],
        expires_at: [expires_at Int],
        id: [id Text],
        seq: [seq Int],
        alias_of: [alias_of Int],
        rejection: [rejection Bytes],
    }
}

/// The row of entries that has a key.
#[derive(Debug)]
pub struct LedgerKeyRow {
    fingerprint: Fingerprint,
    at: Timestamp,
    outcome: Option<Stored>,
}

columns! {
    LedgerKeyRow {
        fingerprint: [fingerprint Bytes],
        at: [at Int],
        outcome: [outcome Bytes],
    }
}

impl KnownKey {
    /// A key of a machine, with its transition. `None`: the key is not known.
    pub(crate) fn of_machine<C: Cells>(row: &mut Reader<'_, C>) -> Result<Option<Self>, Error> {
        let (key, transition) = (row.maybe::<MachineKeyRow>()?, row.maybe()?);
        Ok(key.map(|MachineKeyRow { fingerprint, at, expires_at, id, seq, alias_of, rejection }| {
            let used = match rejection {
                Some(rejection) => KeyUse::Rejection { id, rejection },
                None => KeyUse::Command { id, seq: seq.or(alias_of).unwrap_or_default(), transition },
            };
            Self { fingerprint, at, expires_at, used }
        }))
    }

    /// A key of the ledger, with one entry.
    pub(crate) fn of_ledger<C: Cells>(row: &mut Reader<'_, C>) -> Result<Option<Self>, Error> {
        let (key, entry) = (row.maybe::<LedgerKeyRow>()?, row.maybe::<EntryRow>()?);
        Ok(key.map(|LedgerKeyRow { fingerprint, at, outcome }| {
            let refusal = || KeyUse::Refusal(outcome.unwrap_or_default());
            let used = entry.map_or_else(refusal, |entry| KeyUse::Posting(vec![entry]));
            Self { fingerprint, at, expires_at: None, used }
        }))
    }

    /// Puts a key where the list that was bound had it; a row more of a known one is its next entry.
    pub(crate) fn place(keys: &mut [Option<Self>], position: usize, key: Option<Self>) -> Result<(), Error> {
        match (keys.get_mut(position), key) {
            (Some(Some(first)), Some(next)) => {
                if let (KeyUse::Posting(entries), KeyUse::Posting(more)) = (&mut first.used, next.used) {
                    entries.extend(more);
                }
                Ok(())
            }
            (_, key) => place(keys, position, key),
        }
    }
}
