//! Rows as they are written.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::message::NewMessage;
use crate::store::machine::rows::{AliasRow, Name, TransitionRow};
use crate::wire::Stored;

/// How a write in a transaction of its own takes its locks.
#[derive(Debug, Clone, Copy)]
pub struct Locks {
    /// The longest wait for each.
    pub(crate) wait: Duration,
    /// Rows that others hold are not waited for, but reported.
    pub(crate) skip: bool,
    /// Past this time of the database's nothing is written, where a write is one statement: its caller no longer waits for it.
    /// Elsewhere, and if the time is not known, there is no such bound.
    pub(crate) until: Option<Timestamp>,
}

impl Locks {
    /// Of statements that take none, or in a transaction that has its own bounds.
    pub(crate) const NONE: Self = Self { wait: Duration::ZERO, skip: false, until: None };
}

/// The new state of a machine, if its version still is `expected`.
#[derive(Debug)]
pub struct MachineWrite {
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) state: Name,
    pub(crate) body: Stored,
    pub(crate) last_by_command: Stored,
    /// 0: the machine must not exist.
    pub(crate) expected: i64,
    pub(crate) version: i64,
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
    /// How many messages its steps have emitted.
    pub(crate) emitted: i64,
    /// When its newest transition is made. It is not stored with the machine.
    pub(crate) at: Timestamp,
}

/// A row of a machine's history to add. A key that is there is a lost race.
#[derive(Debug)]
pub struct TransitionWrite {
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) row: HistoryRow,
}

/// What a row of a machine's history is.
#[derive(Debug)]
pub(crate) enum HistoryRow {
    Transition(TransitionRow),
    Alias(AliasRow),
}

impl TransitionWrite {
    pub(crate) fn transition(&self) -> Option<&TransitionRow> {
        match &self.row {
            HistoryRow::Transition(row) => Some(row),
            HistoryRow::Alias(_) => None,
        }
    }

    pub(crate) fn alias(&self) -> Option<&AliasRow> {
        match &self.row {
            HistoryRow::Transition(_) => None,
            HistoryRow::Alias(row) => Some(row),
        }
    }

    /// The hash of its key.
    pub(crate) fn hash(&self) -> Option<&KeyHash> {
        match &self.row {
            HistoryRow::Transition(row) => row.hash.as_ref(),
            HistoryRow::Alias(row) => Some(&row.hash),
        }
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        match &self.row {
            HistoryRow::Transition(row) => row.key.as_ref(),
            HistoryRow::Alias(row) => Some(&row.key),
        }
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        match &self.row {
            HistoryRow::Transition(row) => &row.fingerprint,
            HistoryRow::Alias(row) => &row.fingerprint,
        }
    }

    pub(crate) fn at(&self) -> Timestamp {
        match &self.row {
            HistoryRow::Transition(row) => row.at,
            HistoryRow::Alias(row) => row.at,
        }
    }

    /// `None`: it can be gone before it is asked for.
    pub(super) fn witness(&self) -> Option<CommitWitness> {
        const ASKED_WITHIN: Duration = Duration::from_hours(1);
        match &self.row {
            HistoryRow::Transition(row) => Some(CommitWitness::Transition {
                machine: self.machine,
                id: self.id.clone(),
                seq: row.seq,
                at: row.at,
                fingerprint: row.fingerprint,
                hash: row.hash,
            }),
            HistoryRow::Alias(row) => {
                let lasts = row.expires_at >= row.at.saturating_add(ASKED_WITHIN);
                lasts.then_some(CommitWitness::Key { of: KeyTable::Transitions, hash: row.hash, at: Some(row.at) })
            }
        }
    }
}

/// The change of an account: relative, so that a busy account is not a lost race. A missing account opens itself.
#[derive(Debug)]
pub struct AccountWrite {
    pub(crate) account: Arc<str>,
    pub(crate) delta: i64,
    /// The change of what is held.
    pub(crate) reserved: i64,
    /// The lowest running sum of what is available, and the highest running sum of the balance: with each, the account must
    /// stay within its bounds.
    pub(crate) lowest: i64,
    pub(crate) highest: i64,
    /// How many entries it gets that count. Without any it keeps its time.
    pub(crate) entries: i64,
    /// The seq it must have before; `None`: any.
    pub(crate) expected: Option<i64>,
    /// It is a tally, and this must be its balance before.
    pub(crate) tallied: Option<i64>,
    /// The unit it must have.
    pub(crate) unit: Option<Arc<str>>,
}

/// A tally that gets entries: it must be one, of that unit, far from the edge of 64 bits.
#[derive(Debug)]
pub struct TallyWrite {
    pub(crate) account: Arc<str>,
    pub(crate) unit: Option<Arc<str>>,
    /// The sum of its entries in this write.
    pub(crate) delta: i64,
}

/// Where an entry stands among those of its account in one write. The account is changed by their sum; each entry's seq and
/// balance are counted back from the account as it is then.
///
/// An account at seq 6 with a balance of 100 gets +30 and -10 in one write. It is then at seq 8 with 120. The first entry has
/// one after it, which changes the balance by -10: seq 8 - 1 = 7, balance 120 - -10 = 130. The second has none after it:
/// seq 8, balance 120.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPosition {
    /// The account's place in [`Write::accounts`], counted from 1 as in an array of PostgreSQL.
    pub(crate) account: i64,
    /// How many entries of the account follow it.
    pub(crate) back: i64,
    /// By how much the entries that follow it change the balance.
    pub(crate) below: i64,
}

/// Where an entry's seq comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryNumber {
    /// Counted back from its account.
    Counted(EntryPosition),
    /// Of a tally, which does not count: a number in the order of time.
    Given(i64),
    /// It is no entry of its account: it remembers a refusal.
    None,
}

impl EntryNumber {
    pub(crate) fn position(self) -> Option<EntryPosition> {
        match self {
            Self::Counted(position) => Some(position),
            Self::Given(_) | Self::None => None,
        }
    }

    pub(crate) fn given(self) -> Option<i64> {
        match self {
            Self::Given(seq) => Some(seq),
            Self::Counted(_) | Self::None => None,
        }
    }
}

/// An entry to add, or a refusal to remember. A key that is there is a lost race.
#[derive(Debug)]
pub struct EntryWrite {
    pub(crate) account: Arc<str>,
    pub(crate) number: EntryNumber,
    /// Of a tally: it stands in the tail until that is compacted.
    pub(crate) in_tail: bool,
    pub(crate) delta: i64,
    pub(crate) kind: &'static str,
    /// The hold it opens, captures or releases, and by how much it changes what is reserved.
    pub(crate) hold: Option<(Arc<str>, i64)>,
    pub(crate) key: Option<Key>,
    /// The key stands in the first entry of its posting: its hash, and the fingerprint of the change.
    pub(crate) named: Option<(KeyHash, Fingerprint)>,
    pub(crate) step: Option<StepEntry>,
    /// The next entry of the same posting; of the last one it is the first.
    pub(crate) next: Option<NextEntry>,
    /// What the caller noted with the change.
    pub(crate) metadata: Option<Stored>,
    /// The refusal that it remembers.
    pub(crate) refusal: Option<Stored>,
}

/// The transition that made an entry, and which of its entries it is.
#[derive(Debug, Clone)]
pub struct StepEntry {
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) entry_no: i64,
}

/// The entry that another one links to.
#[derive(Debug, Clone)]
pub struct NextEntry {
    pub(crate) account: Arc<str>,
    pub(crate) number: EntryNumber,
}

/// The new state of a hold, if `expected` is what remains of it.
#[derive(Debug)]
pub struct HoldWrite {
    pub(crate) hold: Arc<str>,
    pub(crate) account: Arc<str>,
    pub(crate) amount: i64,
    /// `None`: the hold must not exist.
    pub(crate) expected: Option<i64>,
    pub(crate) remaining: i64,
    pub(crate) expires_at: Option<Timestamp>,
}

/// A message of a machine, for the outbox.
#[derive(Debug)]
pub struct MessageWrite {
    pub(crate) message: NewMessage,
    /// As they are stored.
    pub(crate) headers: Option<Stored>,
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) entry_no: i64,
    /// Its number among the messages of the machine.
    pub(crate) number: i64,
    pub(crate) correlation: Option<Arc<str>>,
    pub(crate) at: Timestamp,
}

/// A row that a transaction wrote. Its place alone proves nothing: once that transaction is gone another may take it. Its
/// time shows whose row it is.
#[derive(Debug, Clone)]
pub enum CommitWitness {
    /// Without a time where the write did not know it: whoever took its place, the key has its answer.
    Key { of: KeyTable, hash: KeyHash, at: Option<Timestamp> },
    /// Another writer's may have its seq, and its time where the clock was set back: its request and its key tell them apart.
    Transition {
        machine: &'static str,
        id: Arc<str>,
        seq: i64,
        at: Timestamp,
        fingerprint: Fingerprint,
        hash: Option<KeyHash>,
    },
}

/// The table that a key stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTable {
    Transitions,
    Entries,
    /// Of conditional updates.
    Claims,
}

/// An account after a write.
#[derive(Debug, Clone, Copy)]
pub struct AccountAfter {
    pub(crate) balance: i64,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
}

/// What a write left behind.
#[derive(Debug)]
pub struct After {
    /// Its time.
    pub(crate) now: Timestamp,
    /// In the order of [`Write::accounts`].
    pub(crate) accounts: Vec<AccountAfter>,
    /// The caller's row that was written.
    pub(crate) row: Option<RowAfter>,
}

impl After {
    /// Nothing but the time; 0 where it was not asked.
    pub(crate) fn at(now: Option<Timestamp>) -> Self {
        Self { now: now.unwrap_or(Timestamp::from_micros(0)), accounts: Vec::new(), row: None }
    }
}

/// A caller's row after a write.
#[derive(Debug, Clone, Copy)]
pub struct RowAfter {
    /// Its new version, or that of a row that was deleted; 0 where none is counted.
    pub(crate) version: i64,
    /// The time of the write, and of the key that was recorded with it.
    pub(crate) at: Timestamp,
}
