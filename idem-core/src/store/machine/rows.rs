//! Rows of machines as they are read.

use std::borrow::Cow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::store::reader::columns;
use crate::wire::Stored;

/// The wire name of a state or a command: of the graph, or as it was read.
pub(crate) type Name = Cow<'static, str>;

/// A machine as it stands.
#[derive(Debug, Clone)]
pub struct MachineRow {
    pub(crate) state: Name,
    pub(crate) body: Stored,
    /// The seq of each command's newest transition.
    pub(crate) last_by_command: Stored,
    /// The seq of its newest transition.
    pub(crate) version: i64,
    /// The visit it is in: the seq of the transition that entered the state from another one.
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
    /// How many messages its steps have emitted.
    pub(crate) emitted: i64,
}

columns! {
    MachineRow {
        state: [state Text],
        body: [body Bytes],
        last_by_command: [last_by_command Bytes],
        version: [version Int],
        visit: [visit Int],
        entered_at: [entered_at Int],
        emitted: [emitted Int],
    }
}

/// A machine with its id.
#[derive(Debug, Clone)]
pub struct NamedMachine {
    pub(crate) id: String,
    pub(crate) row: MachineRow,
}

/// A transition as a replay needs it.
#[derive(Debug, Clone)]
pub struct TransitionSummary {
    pub(crate) seq: i64,
    pub(crate) command: Name,
    /// The state that it led to.
    pub(crate) state: Name,
    pub(crate) payload: Stored,
    pub(crate) outcome: Stored,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) at: Timestamp,
    /// The visit it ran in.
    pub(crate) from_visit: i64,
}

columns! {
    TransitionSummary {
        seq: [seq Int],
        command: [command Text],
        state: [state Text],
        payload: [payload Bytes],
        outcome: [outcome Bytes],
        fingerprint: [fingerprint Bytes],
        at: [at Int],
        from_visit: [from_visit Int],
    }
}

/// A transition of a machine that is known.
#[derive(Debug, Clone)]
pub struct TransitionRow {
    pub(crate) seq: i64,
    /// The wire name; `@start` and `@override` for the two that are not commands.
    pub(crate) command: Name,
    /// The state before; empty for the first.
    pub(crate) from_state: Name,
    pub(crate) state: Name,
    /// The state's content after.
    pub(crate) body: Stored,
    pub(crate) payload: Stored,
    pub(crate) outcome: Stored,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) key: Option<Key>,
    /// The visit it ran in, and the visit it led to.
    pub(crate) from_visit: i64,
    pub(crate) visit: i64,
    pub(crate) at: Timestamp,
    pub(crate) correlation: Option<Arc<str>>,
    /// How many messages the machine has emitted after it; `None` if it emitted none.
    pub(crate) emitted: Option<i64>,
    pub(crate) hash: Option<KeyHash>,
}

impl TransitionRow {
    /// Whether `Idem::forget` has erased what it was asked.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.has_erased_key() && self.payload.is_forgotten()
    }

    /// Whether its key is erased and the rest is not.
    pub(crate) fn is_partly_erased(&self) -> bool {
        let rest = self.payload.is_forgotten() && self.outcome.is_forgotten() && self.correlation.is_none();
        self.has_erased_key() && !rest
    }

    fn has_erased_key(&self) -> bool {
        self.key.as_ref().is_some_and(Key::is_forgotten)
    }
}

columns! {
    TransitionRow {
        seq: [seq Int],
        command: [command Text],
        from_state: [from_state Text],
        state: [state Text],
        body: [body Bytes],
        payload: [payload Bytes],
        outcome: [outcome Bytes],
        fingerprint: [fingerprint Bytes],
        key: [scope Text, key Text],
        from_visit: [from_visit Int],
        visit: [visit Int],
        at: [at Int],
        correlation: [correlation Text],
        emitted: [emitted Int],
        hash: [hash Bytes],
    }
}

/// A key without a transition of its own.
#[derive(Debug, Clone)]
pub(crate) struct AliasRow {
    pub(crate) hash: KeyHash,
    pub(crate) key: Key,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) answer: AliasAnswer,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl AliasRow {
    pub(crate) fn alias_of(&self) -> Option<i64> {
        match self.answer {
            AliasAnswer::Transition(seq) => Some(seq),
            AliasAnswer::Rejection(_) => None,
        }
    }

    pub(crate) fn rejection(&self) -> Option<&[u8]> {
        match &self.answer {
            AliasAnswer::Transition(_) => None,
            AliasAnswer::Rejection(rejection) => Some(&rejection.0),
        }
    }
}

/// What a key without a transition of its own is answered by.
#[derive(Debug, Clone)]
pub(crate) enum AliasAnswer {
    /// The transition with this seq, which ran under another key, or under none.
    Transition(i64),
    /// A rejection, as `engine::decide::rejection` writes it.
    Rejection(Stored),
}

/// An alias as it is verified.
#[derive(Debug, Clone)]
pub struct StoredAlias {
    /// As it is stored: it leads on to the next page.
    pub(crate) hash: Vec<u8>,
    pub(crate) key: Option<Key>,
    pub(crate) alias_of: Option<i64>,
    pub(crate) rejection: Option<Stored>,
}

columns! {
    StoredAlias {
        hash: [hash Bytes],
        key: [scope Text, key Text],
        alias_of: [alias_of Int],
        rejection: [rejection Bytes],
    }
}

/// A machine's graph as it is stored: its hash, and its names as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphRow {
    pub(crate) hash: Vec<u8>,
    pub(crate) names: Stored,
}

columns! {
    GraphRow {
        hash: [hash Bytes],
        names: [names Bytes],
    }
}

/// What is asked of machines by state.
#[derive(Debug)]
pub struct StateQuery<'a> {
    pub(crate) machine: &'a str,
    pub(crate) states: &'a [&'a str],
    pub(crate) before: Option<Timestamp>,
    pub(crate) after: Option<(Timestamp, &'a str)>,
    pub(crate) limit: i64,
}
