//! Outcomes of this process's own calls, so that a repeat soon after costs the database nothing.
//!
//! An outcome may be answered from memory because a commit that was acknowledged stays: the answer to the same key with the same
//! fingerprint never changes. So only what was acknowledged is kept, no key that expires, and nothing across a break of a
//! connection, after which another server may answer that does not have the commit. Another fingerprint is for the database to
//! refuse. It is a short while: rows can be deleted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue, Answered, Refusal};
use crate::engine::memory::generations::{Forgotten, Generations};
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::KeyHash;
use crate::store::ledger::rows::EntryRow;
use crate::store::machine::rows::Name;
use crate::wire::Stored;

/// Outcomes by their keys.
pub(crate) struct Outcomes(Mutex<Generations<KeyHash, Kept>>);

struct Kept {
    request: Fingerprint,
    outcome: Outcome,
    /// The breaks of connections until then.
    breaks: u64,
}

/// What names a call: repeats of it have the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'p> {
    pub(crate) hash: &'p KeyHash,
    pub(crate) fingerprint: &'p Fingerprint,
    /// The machine that it commands.
    pub(crate) machine: Option<(&'static str, &'p Arc<str>)>,
}

/// An outcome that stays.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The transition of a machine, which has that seq there.
    Transition {
        seq: i64,
        at: Timestamp,
        outcome: Stored,
        state: Option<Name>,
    },
    Entries(Arc<[EntryRow]>),
    /// A refusal that used up the key.
    Refusal(Error),
}

impl Outcomes {
    /// Longer than most repeats take to come, and shorter than any clearing up of rows.
    const LONGEST: Duration = Duration::from_secs(10);

    pub(crate) fn new(most_bytes: usize) -> Self {
        Self(Mutex::new(Generations::new(most_bytes, Self::LONGEST)))
    }

    /// Keeps the outcomes of calls.
    pub(crate) fn keep(&self, outcomes: Vec<(Identity<'_>, Outcome)>, breaks: u64) {
        let (mut kept, now) = (self.lock(), Instant::now());
        let mut forgotten = Forgotten::none();
        for (Identity { hash, fingerprint, .. }, outcome) in outcomes {
            let bytes = size_of::<(KeyHash, Kept)>() + outcome.bytes();
            kept.put(*hash, Kept { request: *fingerprint, outcome, breaks }, bytes, now, &mut forgotten);
        }
        drop(kept);
    }

    /// Keeps none of those so far.
    pub(crate) fn clear(&self) {
        let forgotten = self.lock().clear();
        drop(forgotten);
    }

    /// Whether the key has an outcome that was kept.
    pub(crate) fn knows(&self, hash: &KeyHash) -> bool {
        self.lock().get(hash, Instant::now()).is_some()
    }

    /// The answer to a repeat, if it is kept. `newest`: the newest transition that is known of the machine of the call.
    pub(crate) fn recall(
        &self,
        call: Identity<'_>,
        newest: impl FnOnce() -> Option<i64>,
        breaks: u64,
    ) -> Option<Answered> {
        let kept = self.lock();
        let kept = kept.get(call.hash, Instant::now())?;
        let is_same = kept.request == *call.fingerprint || seeded_bug!("memory-without-fingerprint");
        let is_sure = kept.breaks == breaks || seeded_bug!("memory-across-breaks");
        if is_same && is_sure { kept.outcome.answer(newest) } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, Generations<KeyHash, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcome {
    /// About how many bytes it has beside itself.
    fn bytes(&self) -> usize {
        const ENTRY: usize = size_of::<EntryRow>() + 128;
        match self {
            Self::Transition { outcome, .. } => outcome.len(),
            Self::Entries(entries) => {
                let metadata = entries.iter().filter_map(|entry| entry.metadata.as_ref()).map(Stored::len);
                entries.len() * ENTRY + metadata.sum::<usize>()
            }
            Self::Refusal(_) => ENTRY,
        }
    }

    /// Whether the machine has gone on since is part of the answer: where that is not known to be so, it is asked.
    fn answer(&self, newest: impl FnOnce() -> Option<i64>) -> Option<Answered> {
        let (seq, at, outcome, superseded, state) = match self {
            Self::Refusal(error) => return Some(Err(Refusal::Failed(error.repeat()))),
            Self::Entries(entries) => {
                let first = entries.first()?;
                (first.seq, first.at, AnswerValue::Entries(entries.clone()), false, None)
            }
            Self::Transition { seq, at, outcome, state } => {
                let superseded = newest().is_some_and(|newest| newest > *seq);
                if !superseded && !seeded_bug!("memory-of-the-newest") {
                    return None;
                }
                (*seq, *at, AnswerValue::Stored(outcome.clone()), superseded, state.clone())
            }
        };
        Some(Ok(Answer { seq, at, outcome, fresh: false, superseded, state }))
    }
}
