//! Rows as the engine reads and writes them.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::wire::Stored;

/// What one load statement gives, in the order asked.
#[derive(Debug)]
pub struct Loaded {
    /// The database's time.
    pub(crate) now: Timestamp,
    pub(crate) machines: Vec<Option<MachineRow>>,
    pub(crate) keys: Vec<Option<KeyRow>>,
}

/// A machine as it stands.
#[derive(Debug, Clone)]
pub struct MachineRow {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) body: Stored,
    /// The seq of each command's newest run.
    pub(crate) runs: Stored,
    /// The seq of its newest transition.
    pub(crate) version: i64,
    /// The seq of the transition that began the current visit.
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
}

/// A known key, with what it names.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub(crate) fingerprint: Vec<u8>,
    /// The id of the machine that was commanded, or the account.
    pub(crate) target: String,
    pub(crate) seq: i64,
    /// When the key was first seen.
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) named: Named,
}

impl KeyRow {
    /// Whether it names a posting of several entries.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_of_many(&self) -> bool {
        matches!(&self.named, Named::Entries(entries) if entries.iter().any(|entry| entry.next.is_some()))
    }
}

/// What `target` and `seq` of a key name.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// Nothing that is there.
    Gone,
    Run(RunRow),
    /// The entries of one posting, in their order.
    Entries(Vec<EntryRow>),
    /// Nothing beside what the key itself remembers.
    Outcome(Stored),
}

/// A transition as a replay needs it.
#[derive(Debug, Clone)]
pub struct RunRow {
    pub(crate) seq: i64,
    pub(crate) command: String,
    pub(crate) payload: Stored,
    pub(crate) outcome: Stored,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) at: Timestamp,
    /// The visit it ran in: the seq of the transition that had entered its source.
    pub(crate) from_visit: i64,
}

/// A transition, whole.
#[derive(Debug, Clone)]
pub struct TransitionRow {
    pub(crate) machine: String,
    pub(crate) id: String,
    pub(crate) seq: i64,
    /// The wire name; `@start` and `@override` for the two that are not commands.
    pub(crate) command: String,
    /// The state before; empty for the first.
    pub(crate) from_state: String,
    pub(crate) state: String,
    /// The state's content after.
    pub(crate) body: Stored,
    pub(crate) payload: Stored,
    pub(crate) outcome: Stored,
    pub(crate) fingerprint: Fingerprint,
    /// Scope and key, as the caller gave them.
    pub(crate) key: Option<(String, String)>,
    /// The visit it ran in, and the visit it led to.
    pub(crate) from_visit: i64,
    pub(crate) visit: i64,
    pub(crate) at: Timestamp,
    pub(crate) correlation: Option<String>,
}

/// What one load of ledger keys gives, in the order asked.
#[derive(Debug)]
pub struct LoadedLedger {
    /// The database's time.
    pub(crate) now: Timestamp,
    pub(crate) keys: Vec<Option<KeyRow>>,
    pub(crate) accounts: Vec<Option<AccountRow>>,
}

/// An account as it stands.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Of a tally: without the tail.
    pub(crate) balance: i64,
    /// The seq of its newest entry; 0 for a tally.
    pub(crate) seq: i64,
    /// What its holds reserve.
    pub(crate) held: i64,
    /// When its newest entry was made; 0 for a tally.
    pub(crate) at: Timestamp,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub(crate) unit: Option<Arc<str>>,
    pub(crate) tally: bool,
    pub(crate) closed_at: Option<Timestamp>,
}

impl AccountRow {
    /// As if it was never opened.
    pub(crate) fn unopened() -> Self {
        let at = Timestamp::from_micros(0);
        Self { balance: 0, seq: 0, held: 0, at, floor: None, ceiling: None, unit: None, tally: false, closed_at: None }
    }
}

/// What an account is opened with, or closed.
#[derive(Debug)]
pub struct AccountSettings<'a> {
    pub(crate) account: &'a str,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub(crate) unit: Option<&'a str>,
    pub(crate) tally: bool,
    pub(crate) closed_at: Option<Timestamp>,
}

/// An entry of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub(crate) account: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) delta: i64,
    /// After it; none in a tally.
    pub(crate) balance: Option<i64>,
    pub(crate) at: Timestamp,
    /// What made it: `delta`, `transfer`, `hold`, …
    pub(crate) kind: Arc<str>,
    /// The hold it opens, captures or releases, and by how much it changes what is reserved.
    pub(crate) hold: Option<(Arc<str>, i64)>,
    /// Scope and key, as the caller gave them.
    pub(crate) key: Option<(String, String)>,
    /// The transition that made it: machine, id and seq.
    pub(crate) step: Option<(String, String, i64)>,
    /// The next entry of the same posting; of the last one it is the first.
    pub(crate) next: Option<(Arc<str>, i64)>,
}

/// A hold as it stands.
#[derive(Debug, Clone)]
pub struct HoldRow {
    pub(crate) account: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) remaining: i64,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Everything that one decision, or many, changes.
#[derive(Debug, Default)]
pub struct Write {
    /// The database's time when it was decided; `None` if that was not asked: the statement takes its own.
    pub(crate) now: Option<Timestamp>,
    /// Sorted by (machine, id).
    pub(crate) machines: Vec<MachineWrite>,
    pub(crate) transitions: Vec<TransitionRow>,
    /// Sorted by hash.
    pub(crate) keys: Vec<KeyWrite>,
    /// Sorted by name; no tallies.
    pub(crate) accounts: Vec<AccountWrite>,
    /// Sorted by name.
    pub(crate) tallies: Vec<TallyWrite>,
    pub(crate) entries: Vec<EntryWrite>,
    /// Sorted by name.
    pub(crate) holds: Vec<HoldWrite>,
    pub(crate) messages: Vec<MessageWrite>,
}

impl Write {
    pub(crate) fn is_empty(&self) -> bool {
        self.transitions.is_empty() && self.keys.is_empty() && self.entries.is_empty()
    }
}

/// What came of a write in a transaction of its own.
#[derive(Debug)]
pub enum Written {
    Done(After),
    /// Nothing is: a machine's version, a key or a bound was not what the decision rested on.
    Lost(Missed),
}

/// What a write left behind.
#[derive(Debug)]
pub struct After {
    /// Its time.
    pub(crate) now: Timestamp,
    /// In the order of [`Write::accounts`].
    pub(crate) accounts: Vec<Funded>,
}

/// An account after a write.
#[derive(Debug, Clone, Copy)]
pub struct Funded {
    pub(crate) balance: i64,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
}

/// What a write did not obtain, by position: locked by others, or changed.
#[derive(Debug, Default)]
pub struct Missed {
    pub(crate) machines: Vec<usize>,
    pub(crate) accounts: Vec<usize>,
}

/// How a write in a transaction of its own takes its locks.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite has one lock"))]
pub struct Locks {
    /// The longest wait for each.
    pub(crate) wait: std::time::Duration,
    /// Machines and accounts that others hold are not waited for, but reported.
    pub(crate) skip: bool,
}

/// The new state of a machine, if its version still is `expected`.
#[derive(Debug)]
pub struct MachineWrite {
    pub(crate) machine: String,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) body: Stored,
    pub(crate) runs: Stored,
    /// 0: the machine must not exist.
    pub(crate) expected: i64,
    pub(crate) version: i64,
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
}

/// A key to record. One that is there and has expired by the write's time is taken over; any other is a lost race.
#[derive(Debug)]
pub struct KeyWrite {
    pub(crate) hash: KeyHash,
    pub(crate) surface: &'static str,
    pub(crate) target: Arc<str>,
    /// As decided. In a transaction of its own a key of an entry takes the seq that the entry then gets.
    pub(crate) seq: i64,
    /// The entry it names, by its place in [`Write::entries`].
    pub(crate) entry: Option<usize>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) outcome: Option<Stored>,
}

/// The change of an account: relative, so that a busy account is not a lost race. A missing account opens itself.
#[derive(Debug)]
pub struct AccountWrite {
    pub(crate) account: Arc<str>,
    pub(crate) delta: i64,
    /// The change of what is held.
    pub(crate) reserved: i64,
    /// The lowest of the running sums of what is available, and the highest of the balance's: with each, the account must
    /// stay within its bounds.
    pub(crate) lowest: i64,
    pub(crate) highest: i64,
    /// How many entries it gets.
    pub(crate) entries: i64,
    /// The seq it must have before; `None`: any.
    pub(crate) expected: Option<i64>,
    /// The unit it must have.
    pub(crate) unit: Option<Arc<str>>,
}

/// A tally that gets entries: it must be one, of that unit.
#[derive(Debug)]
pub struct TallyWrite {
    pub(crate) account: Arc<str>,
    pub(crate) unit: Option<Arc<str>>,
}

/// An entry to add.
#[derive(Debug)]
pub struct EntryWrite {
    pub(crate) account: Arc<str>,
    /// 1 for the account's first entry in this write, and so on.
    pub(crate) nth: i64,
    /// Of a tally, which does not count.
    pub(crate) seq: Option<i64>,
    pub(crate) delta: i64,
    /// The sum of the account's deltas in this write up to this one.
    pub(crate) running: i64,
    pub(crate) kind: &'static str,
    pub(crate) hold: Option<(Arc<str>, i64)>,
    pub(crate) key: Option<Key>,
    pub(crate) step: Option<StepLeg>,
    /// The next entry of the same posting, by its place in [`Write::entries`].
    pub(crate) next: Option<usize>,
}

/// The transition that made an entry, and which of its entries it is.
#[derive(Debug, Clone)]
pub struct StepLeg {
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) leg: i64,
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

/// A message for the outbox.
#[derive(Debug)]
pub struct MessageWrite {
    pub(crate) topic: String,
    pub(crate) payload: Stored,
    pub(crate) machine: String,
    pub(crate) id: String,
    pub(crate) seq: i64,
    pub(crate) leg: i64,
    pub(crate) at: Timestamp,
}

/// A row that a transaction wrote. Its place alone proves nothing: once that transaction is gone another may take it. Its
/// time tells whose row it is.
#[derive(Debug, Clone)]
pub enum Witness {
    /// Without a time where the write did not know it: whoever took its place, the key has its answer.
    Key {
        hash: KeyHash,
        at: Option<Timestamp>,
    },
    Transition {
        machine: String,
        id: String,
        seq: i64,
        at: Timestamp,
    },
}

/// A question for machines by state.
#[derive(Debug)]
pub struct StateQuery<'a> {
    pub(crate) machine: &'a str,
    pub(crate) states: &'a [&'a str],
    pub(crate) before: Option<Timestamp>,
    pub(crate) after: Option<(Timestamp, &'a str)>,
    pub(crate) limit: i64,
}

/// A machine's graph as it is stored: its hash, and its names as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphRow {
    pub(crate) hash: Vec<u8>,
    pub(crate) names: Stored,
}

/// One step of the schema.
#[derive(Debug)]
pub struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    /// The statements, separated by semicolons.
    pub(crate) sql: String,
}
