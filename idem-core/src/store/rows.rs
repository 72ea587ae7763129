//! Rows as the engine reads and writes them.

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::KeyHash;
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
    /// The seq of its newest transition.
    pub(crate) version: i64,
    /// The seq of the transition that began the current visit.
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
}

/// A known key, with the transition it names.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub(crate) fingerprint: Vec<u8>,
    /// The id of the machine that was commanded.
    pub(crate) target: String,
    pub(crate) seq: i64,
    /// When the key was first seen.
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// The transition that `target` and `seq` name, if it is a machine's.
    pub(crate) run: Option<RunRow>,
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

/// An account as it stands.
#[derive(Debug, Clone)]
pub struct AccountRow {
    pub(crate) balance: i64,
    /// The seq of its newest entry.
    #[allow(dead_code, reason = "a write counts from the row it locks; this is for those who show an account")]
    pub(crate) seq: i64,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
}

/// Everything that one decision, or many, changes.
#[derive(Debug, Default)]
pub struct Write {
    pub(crate) now: i64,
    /// Sorted by (machine, id).
    pub(crate) machines: Vec<MachineWrite>,
    pub(crate) transitions: Vec<TransitionRow>,
    /// Sorted by hash.
    pub(crate) keys: Vec<KeyWrite>,
    /// Sorted by name.
    pub(crate) accounts: Vec<AccountWrite>,
    pub(crate) entries: Vec<EntryWrite>,
    pub(crate) messages: Vec<MessageWrite>,
}

impl Write {
    pub(crate) fn is_empty(&self) -> bool {
        self.transitions.is_empty() && self.keys.is_empty()
    }
}

/// The new state of a machine, if its version still is `expected`.
#[derive(Debug)]
pub struct MachineWrite {
    pub(crate) machine: String,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) body: Stored,
    /// 0: the machine must not exist.
    pub(crate) expected: i64,
    pub(crate) version: i64,
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
}

/// A key to record. One that is there and has expired by `Write::now` is taken over; any other is a lost race.
#[derive(Debug)]
pub struct KeyWrite {
    pub(crate) hash: KeyHash,
    pub(crate) surface: String,
    pub(crate) target: String,
    pub(crate) seq: i64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

/// The change of an account: relative, so that a busy account is not a lost race. A missing account opens itself.
#[derive(Debug)]
pub struct AccountWrite {
    pub(crate) account: String,
    pub(crate) delta: i64,
    /// The lowest and the highest of the running sums of `delta`: with each, the balance must stay within the bounds.
    pub(crate) lowest: i64,
    pub(crate) highest: i64,
    /// How many entries it gets.
    pub(crate) entries: i64,
}

/// An entry of an account.
#[derive(Debug)]
pub struct EntryWrite {
    pub(crate) account: String,
    /// 1 for the account's first entry in this write, and so on.
    pub(crate) nth: i64,
    pub(crate) delta: i64,
    /// The sum of the account's deltas in this write up to this one.
    pub(crate) running: i64,
    /// The transition that made it, and which of its entries it is.
    pub(crate) machine: String,
    pub(crate) id: String,
    pub(crate) seq: i64,
    pub(crate) leg: i64,
    pub(crate) at: Timestamp,
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
    Key { hash: KeyHash, at: Timestamp },
    Transition { machine: String, id: String, seq: i64, at: Timestamp },
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
