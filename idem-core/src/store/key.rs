//! Rows of keys as they are read.

use std::sync::Arc;

use sqlx::Error;

use super::ledger::rows::EntryRow;
use super::machine::rows::TransitionSummary;
use super::reader::{Cells, Reader, columns, place};
use crate::clock::Timestamp;
use crate::wire::Stored;

/// A key that is recorded.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub(crate) fingerprint: Vec<u8>,
    /// The id of the machine that was commanded, the account, or the table.
    pub(crate) target: Arc<str>,
    pub(crate) seq: i64,
    /// When the key was first seen.
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// What the key remembers where it names no row.
    pub(crate) outcome: Option<Stored>,
}

columns! {
    KeyRow {
        fingerprint: [fingerprint Bytes],
        target: [target Text],
        seq: [seq Int],
        at: [at Int],
        expires_at: [expires_at Int],
        outcome: [outcome Bytes],
    }
}

/// A key with the row that its target and seq name.
#[derive(Debug, Clone)]
pub struct KnownKey {
    pub(crate) row: KeyRow,
    pub(crate) names: KeyTarget,
}

/// What a key names.
#[derive(Debug, Clone)]
pub(crate) enum KeyTarget {
    /// No row that is there: nothing beside what the key itself remembers.
    Nothing,
    Transition(TransitionSummary),
    /// The entries of one posting, in their order.
    Entries(Vec<EntryRow>),
}

impl KnownKey {
    /// A key of a machine, with its transition. `None`: the key is not known.
    pub(crate) fn of_machine<C: Cells>(row: &mut Reader<'_, C>) -> Result<Option<Self>, Error> {
        let (key, transition) = (row.maybe()?, row.maybe()?);
        let names = transition.map_or(KeyTarget::Nothing, KeyTarget::Transition);
        Ok(key.map(|row| Self { row, names }))
    }

    /// A key of the ledger, with one entry.
    pub(crate) fn of_ledger<C: Cells>(row: &mut Reader<'_, C>) -> Result<Option<Self>, Error> {
        let (key, entry) = (row.maybe()?, row.maybe()?);
        let names = entry.map_or(KeyTarget::Nothing, |entry| KeyTarget::Entries(vec![entry]));
        Ok(key.map(|row| Self { row, names }))
    }

    /// Puts a key where the list that was bound had it; a row more of a known one is its next entry.
    pub(crate) fn place(keys: &mut [Option<Self>], position: usize, key: Option<Self>) -> Result<(), Error> {
        match (keys.get_mut(position), key) {
            (Some(Some(first)), Some(next)) => {
                if let (KeyTarget::Entries(entries), KeyTarget::Entries(more)) = (&mut first.names, next.names) {
                    entries.extend(more);
                }
                Ok(())
            }
            (_, key) => place(keys, position, key),
        }
    }
}
