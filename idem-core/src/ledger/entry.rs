//! What changes of the ledger are answered with.

use crate::clock::Timestamp;
use crate::key::Key;
use crate::ledger::metadata::Metadata;
use crate::seq::shown;
use crate::store::ledger::rows::EntryRow;

/// One entry of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The account.
    pub account: String,
    /// Its number in the account, from 1 without a gap. Of a tally: a number in the order of time.
    pub seq: u64,
    /// By how much it changed the balance, in minor units.
    pub delta: i64,
    /// The balance after it; `None` in a tally.
    pub balance: Option<i64>,
    /// When it was made, on the database's clock; never earlier than the account's entry before.
    pub at: Timestamp,
    /// What made it: `delta`, `set`, `transfer`, `post`, `hold`, `capture`, `release` or `expire`.
    pub kind: String,
    /// The hold it is about, and by how much it changed what is held.
    pub hold: Option<(String, i64)>,
    /// The key of the change that made it; `None` as well if it was erased, or what is stored there cannot be one.
    pub key: Option<Key>,
    /// The transition that made it: machine, id and number.
    pub step: Option<(String, String, u64)>,
    /// What the caller noted with the change; `None` as well if it was erased.
    pub metadata: Option<Metadata>,
}

/// Both sides of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer {
    /// The payer's entry.
    pub from: Entry,
    /// The payee's entry.
    pub to: Entry,
}

/// An amount that is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hold {
    /// Its name: what captures and releases it.
    pub id: String,
    /// The account it is of.
    pub account: String,
    /// What it reserved when it was made, in minor units.
    pub amount: i64,
    /// The account's entry for it.
    pub entry: Entry,
}

impl Entry {
    pub(super) fn of(row: &EntryRow) -> Self {
        Self {
            account: row.account.to_string(),
            seq: shown(row.seq),
            delta: row.delta,
            balance: row.balance,
            at: row.at,
            kind: row.kind.to_string(),
            hold: row.hold.as_ref().map(|(hold, reserved)| (hold.to_string(), *reserved)),
            // What a person has made of it may be none.
            key: row.key.as_ref().and_then(|key| key.checked().ok()).cloned(),
            step: row.step.clone().map(|(machine, id, seq)| (machine, id, shown(seq))),
            metadata: row.metadata.as_ref().filter(|noted| !noted.is_forgotten()).map(Metadata::of),
        }
    }

    pub(super) fn read(entries: &[EntryRow]) -> Option<Self> {
        entries.first().map(Self::of)
    }

    #[allow(clippy::unnecessary_wraps, reason = "read as the outcomes that can lack an entry are")]
    pub(super) fn read_all(entries: &[EntryRow]) -> Option<Vec<Self>> {
        Some(entries.iter().map(Self::of).collect())
    }
}

impl Transfer {
    pub(super) fn read(entries: &[EntryRow]) -> Option<Self> {
        let [from, to] = entries else { return None };
        Some(Self { from: Entry::of(from), to: Entry::of(to) })
    }
}

impl Hold {
    pub(super) fn read(entries: &[EntryRow]) -> Option<Self> {
        let entry = Entry::read(entries)?;
        let (id, amount) = entry.hold.clone()?;
        Some(Self { id, account: entry.account.clone(), amount, entry })
    }
}
