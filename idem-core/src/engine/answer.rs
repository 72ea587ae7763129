//! What the engine answers.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::store::ledger::rows::EntryRow;
use crate::store::machine::rows::Name;
use crate::wire::Stored;

/// What a plan came to.
pub(crate) type Answered = Result<Answer, Refusal>;

/// The outcome of a plan, before its type is put back on.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) outcome: AnswerValue,
    pub(crate) fresh: bool,
    pub(crate) superseded: bool,
    /// The state that a command led to, by its name on the wire.
    pub(crate) state: Option<Name>,
}

#[derive(Debug, Clone)]
pub(crate) enum AnswerValue {
    /// As it is stored.
    Stored(Stored),
    /// Of a change of the ledger.
    Entries(Arc<[EntryRow]>),
    /// The entries at these places of the write, once it is written.
    Drafted(Range<usize>),
    /// The version of the row that the write leads to, as the answer's seq, once it is written.
    Version,
}

impl Answer {
    /// Whether it is whole as it was decided; the rest is known once the write's rows are read.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.outcome, AnswerValue::Stored(_) | AnswerValue::Entries(_))
    }
}

/// Why a plan has no answer.
pub(crate) enum Refusal {
    /// A value of the machine's rejection type; and when it was rejected, if the key remembers it.
    Rejected(Box<dyn Any + Send + Sync>, Option<Timestamp>),
    Failed(Error),
    /// The caller's rule panicked, with this; it does so again where it was called.
    Panicked(Box<dyn Any + Send>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The one answer of one plan.
pub(crate) fn only(answers: Vec<Answered>) -> Answered {
    debug_assert_eq!(answers.len(), 1, "one plan has one answer");
    answers.into_iter().next().unwrap_or(Err(Error::Internal { what: "a call was decided without an answer" }.into()))
}

/// In the load after a lost reply, what this very call wrote looks like a replay and is fresh. The database's time to the
/// microsecond distinguishes it from another caller's.
pub(crate) fn restore_fresh(answer: Answered, written: Option<Answer>) -> Answered {
    match (answer, written) {
        (Ok(mut answer), Some(written)) => {
            answer.fresh |= written.fresh && (answer.seq, answer.at) == (written.seq, written.at);
            Ok(answer)
        }
        (answer, _) => answer,
    }
}
