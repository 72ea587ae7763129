//! Calls whose writes were lost: none of them is answered "not applied" while the write may still happen.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, Answered};
use crate::error::{Effect, Error};
use crate::store::write::rows::CommitWitness;

/// A write whose reply was lost.
#[derive(Debug)]
pub(crate) struct LostWrite {
    pub(crate) witness: Option<CommitWitness>,
    pub(crate) expiry: Expiry,
    /// What was lost, in words.
    why: String,
    /// Several calls may ask what became of it, and one is answered first.
    found: Mutex<Option<Found>>,
}

/// What became of a lost write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It happened.
    Committed,
    /// It did not, and cannot any more.
    Undone,
}

/// Until when a lost write may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It holds its locks until it ends.
    Locked,
    /// It may come until then, by the database's clock.
    At(Timestamp),
    /// It may come at any time.
    Unknown,
}

impl LostWrite {
    pub(crate) fn new(witness: Option<CommitWitness>, expiry: Expiry, why: String) -> Self {
        Self { witness, expiry, why, found: Mutex::new(None) }
    }

    pub(crate) fn found(&self) -> Option<Found> {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of it. What was found first stays.
    pub(crate) fn settle(&self, found: Found) {
        let mut known = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert(if seeded_bug!("settled-is-undone") { Found::Undone } else { found });
    }

    /// Whether it did not happen, and cannot any more.
    pub(crate) fn is_undone(&self) -> bool {
        self.found() == Some(Found::Undone)
    }

    /// Nobody knows what became of it.
    pub(crate) fn unknown(&self) -> Error {
        Error::Indeterminate { source: self.why.clone().into() }
    }
}

/// The lost writes of some plans that may still come.
#[derive(Default)]
pub(crate) struct LostWrites {
    pub(crate) pending: Vec<PendingWrite>,
}

/// A lost write that did not happen yet and may still happen.
pub(crate) struct PendingWrite {
    pub(crate) write: Arc<LostWrite>,
    /// For each plan what it was to be answered, if that was no refusal. A fresh one is an effect of this write.
    pub(crate) decided: Vec<Option<Answer>>,
}

impl PendingWrite {
    /// The places of the plans that had an effect in it.
    fn effects(&self) -> impl Iterator<Item = usize> + Clone {
        let places = self.decided.iter().enumerate();
        places.filter(|(_, answer)| answer.as_ref().is_some_and(|answer| answer.fresh)).map(|(at, _)| at)
    }
}

impl LostWrites {
    pub(crate) fn add(&mut self, write: Arc<LostWrite>, decided: Vec<Option<Answer>>) {
        self.pending.push(PendingWrite { write, decided });
    }

    /// Whether one of them may still have the effect of a plan that `is_such`.
    pub(crate) fn may_have(&self, is_such: impl Fn(usize) -> bool) -> bool {
        let unsettled = self.pending.iter().filter(|pending| !pending.write.is_undone());
        unsettled.flat_map(PendingWrite::effects).any(is_such)
    }

    /// Whether a plan would be answered "not applied" about what a lost write may still do, or has done by now. One that had its effect
    /// afresh has taken the place of the lost one, which can no longer happen, whole as it is; a replay may be of the lost one.
    pub(crate) fn is_doubtful(&self, answered: &Result<Vec<Answered>, Error>) -> bool {
        self.pending.iter().filter(|pending| !pending.write.is_undone()).any(|pending| match answered {
            Ok(answers) => {
                let mut of_effects = pending.effects().filter_map(|at| answers.get(at));
                if of_effects.clone().any(|answer| answer.as_ref().is_ok_and(|answer| answer.fresh)) {
                    pending.write.settle(Found::Undone);
                    return false;
                }
                of_effects.any(Result::is_err)
            }
            Err(error) => error.effect() == Effect::NotApplied,
        })
    }

    /// The answers. Where one says "not applied" of what may still happen, it becomes `Indeterminate`.
    pub(crate) fn unknown(
        &self,
        answered: Result<Vec<Answered>, Error>,
        unknown: &Error,
    ) -> Result<Vec<Answered>, Error> {
        let Ok(mut answers) = answered else { return Err(unknown.repeat()) };
        for pending in &self.pending {
            for at in pending.effects() {
                if let Some(answer @ Err(_)) = answers.get_mut(at) {
                    *answer = Err(unknown.repeat().into());
                }
            }
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::answer::{AnswerValue, Refusal};

    fn answer(fresh: bool) -> Answer {
        Answer {
            seq: 1,
            at: Timestamp::from_micros(1),
            outcome: AnswerValue::Version,
            fresh,
            superseded: false,
            state: None,
        }
    }

    fn refused() -> Answered {
        Err(Refusal::Failed(Error::in_flight(std::time::Duration::ZERO)))
    }

    /// Of a lost write that has two effects: what was answered since, whether that is doubtful, and whether the write is settled.
    #[test]
    fn lost_write_is_settled_only_by_fresh_effect() {
        for (first, second, doubtful, settled) in [
            (Ok(answer(true)), refused(), false, true),
            (Ok(answer(false)), refused(), true, false),
            (Ok(answer(false)), Ok(answer(false)), false, false),
            (refused(), refused(), true, false),
        ] {
            let write = Arc::new(LostWrite::new(None, Expiry::Unknown, String::new()));
            let mut lost = LostWrites::default();
            lost.add(write.clone(), vec![Some(answer(true)), Some(answer(true))]);
            assert_eq!((lost.is_doubtful(&Ok(vec![first, second])), write.is_undone()), (doubtful, settled));
        }
    }
}
