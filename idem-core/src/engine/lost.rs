//! Calls whose writes were lost: none of them is told that nothing happened while it still may.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, Answered, restore_fresh};
use crate::error::{Effect, Error};
use crate::store::write::rows::CommitWitness;

/// A write whose reply was lost.
#[derive(Debug)]
pub(crate) struct LostWrite {
    pub(crate) witness: Option<CommitWitness>,
    pub(crate) expiry: Expiry,
    /// What was lost, in words.
    why: String,
    /// What became of it is known.
    settled: AtomicBool,
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
        Self { witness, expiry, why, settled: AtomicBool::new(false) }
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// What became of it is known by other means: another write has taken its place.
    pub(crate) fn settle(&self) {
        self.settled.store(true, Ordering::Release);
    }

    /// Nobody knows what became of it.
    pub(crate) fn unknown(&self) -> Error {
        Error::Indeterminate { source: self.why.clone().into() }
    }
}

/// The lost writes of some plans, and what became of them.
#[derive(Default)]
pub(crate) struct LostWrites {
    pub(crate) pending: Vec<PendingWrite>,
    /// For each plan what it was to be answered, if it had its effect in a write that was committed.
    written: Vec<Option<Answer>>,
}

/// A lost write that is not there and may still come.
pub(crate) struct PendingWrite {
    pub(crate) write: Arc<LostWrite>,
    /// For each plan what it was to be answered, if it had an effect in this write.
    pub(crate) effects: Vec<Option<Answer>>,
}

/// What plans were to be answered that had an effect in a write.
pub(crate) fn effects(answers: Vec<Answered>) -> Vec<Option<Answer>> {
    answers.into_iter().map(|answer| answer.ok().filter(|answer| answer.fresh)).collect()
}

impl LostWrites {
    pub(crate) fn add_pending(&mut self, write: Arc<LostWrite>, effects: Vec<Option<Answer>>) {
        self.pending.push(PendingWrite { write, effects });
    }

    /// Notes what plans were to be answered in a write that was committed.
    pub(crate) fn add_written(&mut self, effects: Vec<Option<Answer>>) {
        self.written.resize_with(effects.len(), || None);
        let written = self.written.iter_mut().zip(effects);
        written.filter(|(_, effect)| effect.is_some()).for_each(|(written, effect)| *written = effect);
    }

    /// Whether a plan would be told "not applied" of what a lost write may still do, or has done by now. One that had its effect
    /// afresh has taken the place of the lost one, which can no longer happen, whole as it is; a replay may be of the lost one.
    pub(crate) fn is_doubtful(&self, answered: &Result<Vec<Answered>, Error>) -> bool {
        self.pending.iter().filter(|pending| !pending.write.is_settled()).any(|pending| match answered {
            Ok(answers) => {
                let of_effects = || pending.effects.iter().zip(answers).filter(|(effect, _)| effect.is_some());
                if of_effects().any(|(_, answer)| answer.as_ref().is_ok_and(|answer| answer.fresh)) {
                    pending.write.settle();
                    return false;
                }
                of_effects().any(|(_, answer)| answer.is_err())
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
            for (answer, _) in answers.iter_mut().zip(&pending.effects).filter(|(_, effect)| effect.is_some()) {
                if answer.is_err() {
                    *answer = Err(unknown.repeat().into());
                }
            }
        }
        Ok(answers)
    }

    /// The answers, where what a lost write had done is fresh.
    pub(crate) fn restore(self, answered: Result<Vec<Answered>, Error>) -> Result<Vec<Answered>, Error> {
        match answered {
            Ok(answers) => {
                let written = self.written.into_iter().chain(std::iter::repeat_with(|| None));
                Ok(answers.into_iter().zip(written).map(|(answer, written)| restore_fresh(answer, written)).collect())
            }
            // It happened: that its answer could not be read again does not undo it.
            Err(error) if self.written.iter().any(Option::is_some) => {
                Err(Error::Indeterminate { source: error.into() })
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::answer::{AnswerValue, Refusal};

    fn answer(fresh: bool) -> Answer {
        Answer { seq: 1, at: Timestamp::from_micros(1), outcome: AnswerValue::Version, fresh, superseded: false }
    }

    fn refused() -> Answered {
        Err(Refusal::Failed(Error::InFlight { waited: std::time::Duration::ZERO }))
    }

    /// Of a lost write that has two effects: what was answered since, whether that is doubtful, and whether the write is settled.
    #[test]
    fn only_a_fresh_effect_takes_the_place_of_a_lost_write() {
        for (first, second, doubtful, settled) in [
            (Ok(answer(true)), refused(), false, true),
            (Ok(answer(false)), refused(), true, false),
            (Ok(answer(false)), Ok(answer(false)), false, false),
            (refused(), refused(), true, false),
        ] {
            let write = Arc::new(LostWrite::new(None, Expiry::Unknown, String::new()));
            let mut lost = LostWrites::default();
            lost.add_pending(write.clone(), vec![Some(answer(true)), Some(answer(true))]);
            assert_eq!((lost.is_doubtful(&Ok(vec![first, second])), write.is_settled()), (doubtful, settled));
        }
    }
}
