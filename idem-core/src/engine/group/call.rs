//! A queued call, and the slot for its reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::engine::answer::{Answered, restore_fresh};
use crate::engine::plan::BoxedPlan;
use crate::error::Error;
use crate::store::Database;

/// A machine or an account, by its hash: two that collide only wait for each other.
pub(crate) type LockTarget = u64;

/// A call in the queue.
pub(crate) struct QueuedCall<DB: Database> {
    pub(crate) plan: BoxedPlan<DB>,
    pub(crate) slot: ReplySlot,
}

/// Where the caller of a queued call waits for its reply.
pub(crate) struct ReplySlot {
    pub(crate) targets: Vec<LockTarget>,
    pub(crate) deadline: Option<Instant>,
    /// Where the caller waits: a flusher is run there for it if no other is at work.
    pub(crate) runtime: Handle,
    /// What the call was to be answered, if it had its effect in a write that was committed and whose reply was lost.
    written: Option<Answered>,
    reply: oneshot::Sender<Result<Answered, Error>>,
    /// The flusher has it, or the caller gave up: whoever sets it first.
    taken: Arc<AtomicBool>,
    _permit: OwnedSemaphorePermit,
}

/// The calls of a group that are not answered yet.
pub(crate) struct Group<DB: Database> {
    pub(crate) plans: Vec<BoxedPlan<DB>>,
    pub(crate) slots: Vec<ReplySlot>,
}

/// The caller's side of a [`ReplySlot`].
pub(crate) struct Reply {
    answer: oneshot::Receiver<Result<Answered, Error>>,
    taken: Arc<AtomicBool>,
}

impl ReplySlot {
    pub(crate) fn new(
        targets: Vec<LockTarget>,
        deadline: Option<Instant>,
        permit: OwnedSemaphorePermit,
    ) -> (Self, Reply) {
        let (reply, answer) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let runtime = Handle::current();
        let slot = Self { targets, deadline, runtime, written: None, reply, taken: taken.clone(), _permit: permit };
        (slot, Reply { answer, taken })
    }

    pub(crate) fn answer(self, answer: Answered) {
        // A caller that is gone needs no answer.
        let _ = self.reply.send(Ok(restore_fresh(answer, self.written)));
    }

    /// Answers with an error. If the effect is known to be there, the error says that the result is unknown, never that nothing
    /// happened.
    pub(crate) fn fail(self, error: &Error) {
        let error = match self.written {
            Some(_) if !seeded_bug!("group-loss-denied") => Error::Indeterminate { source: error.repeat().into() },
            _ => error.repeat(),
        };
        // As above.
        let _ = self.reply.send(Err(error));
    }

    /// Notes what a write that was committed had for an answer.
    pub(crate) fn note_written(&mut self, answer: Answered) {
        if answer.as_ref().is_ok_and(|answer| answer.fresh) {
            self.written = Some(answer);
        }
    }

    /// Takes the call on, unless its caller gave up or is gone.
    pub(crate) fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::AcqRel) && !self.reply.is_closed()
    }

    pub(crate) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl Reply {
    /// Waits for the answer; `None` if the call was not begun by the deadline, and never will be.
    pub(crate) async fn wait(mut self, deadline: Option<Duration>) -> Option<Result<Answered, Error>> {
        if let Some(left) = deadline {
            match tokio::time::timeout(left, &mut self.answer).await {
                Ok(answered) => return Some(answered.unwrap_or_else(|_| Err(self.dropped()))),
                Err(_) if !self.taken.swap(true, Ordering::AcqRel) => return None,
                Err(_) => {}
            }
        }
        let answered = (&mut self.answer).await;
        Some(answered.unwrap_or_else(|_| Err(self.dropped())))
    }

    /// The slot was dropped without an answer.
    fn dropped(&self) -> Error {
        if self.taken.load(Ordering::Acquire) {
            Error::Indeterminate { source: "the task that wrote for this call is gone".into() }
        } else {
            Error::Unavailable { source: "the runtime that was to run this call has ended before it was begun".into() }
        }
    }
}

impl<DB: Database> Group<DB> {
    pub(crate) fn answer(self, answers: Vec<Answered>) {
        debug_assert_eq!(answers.len(), self.slots.len(), "every call of a group has its answer");
        self.slots.into_iter().zip(answers).for_each(|(slot, answer)| slot.answer(answer));
    }

    pub(crate) fn fail(self, error: &Error) {
        self.slots.into_iter().for_each(|slot| slot.fail(error));
    }

    /// Takes out the second half.
    pub(crate) fn split_half(&mut self) -> Self {
        let half = self.plans.len() / 2;
        Self { plans: self.plans.split_off(half), slots: self.slots.split_off(half) }
    }

    /// Takes out the calls whose slots are `theirs`.
    pub(crate) fn split_off(&mut self, theirs: impl Fn(&ReplySlot) -> bool) -> Self {
        let (plans, slots) = (std::mem::take(&mut self.plans), std::mem::take(&mut self.slots));
        let (off, rest): (Vec<_>, Vec<_>) = plans.into_iter().zip(slots).partition(|(_, slot)| theirs(slot));
        (self.plans, self.slots) = rest.into_iter().unzip();
        let (plans, slots) = off.into_iter().unzip();
        Self { plans, slots }
    }
}
