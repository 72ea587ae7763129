//! What changes of the ledger are answered with.

use std::fmt;

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
    /// What made it.
    pub kind: EntryKind,
    /// The hold it is about.
    pub hold: Option<HoldChange>,
    /// The key of the change that made it; `None` as well if it was erased, or what is stored there cannot be one.
    pub key: Option<Key>,
    /// The transition that made it.
    pub transition: Option<TransitionId>,
    /// What the caller noted with the change; `None` as well if it was erased.
    pub metadata: Option<Metadata>,
}

/// What made an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// A change of one balance by an amount.
    Delta,
    /// A balance was set; the entry has the difference.
    Set,
    /// One side of a transfer.
    Transfer,
    /// One of the entries of a posting.
    Post,
    /// A hold was opened.
    Hold,
    /// One side of a capture of a hold.
    Capture,
    /// What a hold still reserved was given back.
    Release,
    /// A hold had expired, and what it reserved was needed.
    Expire,
    /// What another release of idem stores.
    Other(String),
}

/// What an entry changed of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HoldChange {
    /// The hold's id.
    pub hold: String,
    /// By how much it changed what the hold reserves, in minor units.
    pub reserved: i64,
}

/// One transition of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TransitionId {
    /// The machine's name.
    pub machine: String,
    /// The machine's id.
    pub id: String,
    /// The number of the transition, from 1.
    pub seq: u64,
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
            kind: EntryKind::of(&row.kind),
            hold: row.hold.as_ref().map(|(hold, reserved)| HoldChange { hold: hold.to_string(), reserved: *reserved }),
            // What a person has made of it may be none.
            key: row.key.as_ref().and_then(|key| key.checked().ok()).cloned(),
            transition: row.step.clone().map(|(machine, id, seq)| TransitionId { machine, id, seq: shown(seq) }),
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
        let HoldChange { hold: id, reserved: amount } = entry.hold.clone()?;
        Some(Self { id, account: entry.account.clone(), amount, entry })
    }
}

impl EntryKind {
    /// Its name as it is stored.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Delta => "delta",
            Self::Set => "set",
            Self::Transfer => "transfer",
            Self::Post => "post",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Expire => "expire",
            Self::Other(name) => name,
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "delta" => Self::Delta,
            "set" => Self::Set,
            "transfer" => Self::Transfer,
            "post" => Self::Post,
            "hold" => Self::Hold,
            "capture" => Self::Capture,
            "release" => Self::Release,
            "expire" => Self::Expire,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
