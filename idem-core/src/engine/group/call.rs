//! A queued call, and the slot for its reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::engine::answer::{Answer, Answered, restore_fresh};
use crate::engine::lost::{Found, LostWrite, LostWrites};
use crate::engine::plan::{BoxedPlan, Plan, borrowed};
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
    /// How often it was parked.
    pub(crate) parked: u32,
    /// The call is right whatever is at its targets: it may be sent while another one that is so too is written.
    pub(crate) relative: bool,
    pub(crate) deadline: Option<Instant>,
    /// Where the caller waits: a flusher is run there for it if no other is at work.
    pub(crate) runtime: Handle,
    /// What the call was to be answered, if it had its effect in a write that was committed and whose reply was lost.
    written: Option<Answer>,
    /// The same of writes that may still come.
    pending: Vec<(Arc<LostWrite>, Answer)>,
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
        (targets, relative): (Vec<LockTarget>, bool),
        deadline: Option<Instant>,
        permit: OwnedSemaphorePermit,
    ) -> (Self, Reply) {
        let (reply, answer) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let runtime = Handle::current();
        let slot = Self {
            targets,
            parked: 0,
            relative,
            deadline,
            runtime,
            written: None,
            pending: Vec::new(),
            reply,
            taken: taken.clone(),
            _permit: permit,
        };
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

    /// Notes what a lost write that was committed had for an answer, which is to be read however long that takes.
    pub(crate) fn note_written(&mut self, effect: Answer) {
        (self.written, self.deadline) = (Some(effect), None);
    }

    /// Notes what a lost write that may still come has for an answer.
    pub(crate) fn note_pending(&mut self, write: &Arc<LostWrite>, answer: Option<Answer>) {
        if seeded_bug!("group-forgets-losses") {
            return;
        }
        self.pending.extend(answer.map(|answer| (write.clone(), answer)));
    }

    /// Whether a lost write may still have the call's effect.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.pending.iter().any(|(write, answer)| answer.fresh && !write.is_undone())
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
    pub(crate) fn new() -> Self {
        Self { plans: Vec::new(), slots: Vec::new() }
    }

    pub(crate) fn answer(self, answers: Vec<Answered>) {
        debug_assert_eq!(answers.len(), self.slots.len(), "every call of a group has its answer");
        self.slots.into_iter().zip(answers).for_each(|(slot, answer)| slot.answer(answer));
    }

    pub(crate) fn fail(self, error: &Error) {
        self.slots.into_iter().for_each(|slot| slot.fail(error));
    }

    /// Answers all but those that would be answered "not applied" about what a lost write may still do; these are returned.
    pub(crate) fn answer_certain(self, answers: Vec<Answered>) -> Self {
        let is_fresh = |answer: &Answered| answer.as_ref().is_ok_and(|answer| answer.fresh);
        for (slot, _) in self.slots.iter().zip(&answers).filter(|(_, answer)| is_fresh(answer)) {
            // Its effect is there now, in the place of the lost one. A replay may be of the lost one.
            slot.pending.iter().filter(|(_, had)| had.fresh).for_each(|(write, _)| write.settle(Found::Undone));
        }
        let mut doubtful = Self::new();
        for ((plan, slot), answer) in self.into_calls().zip(answers) {
            if answer.is_err() && slot.is_in_doubt() { doubtful.push(plan, slot) } else { slot.answer(answer) }
        }
        doubtful
    }

    /// The same with an error for all.
    pub(crate) fn fail_certain(self, error: &Error) -> Self {
        let mut doubtful = Self::new();
        for (plan, slot) in self.into_calls() {
            if slot.is_in_doubt() { doubtful.push(plan, slot) } else { slot.fail(error) }
        }
        doubtful
    }

    pub(crate) fn into_calls(self) -> impl Iterator<Item = (BoxedPlan<DB>, ReplySlot)> {
        self.plans.into_iter().zip(self.slots)
    }

    pub(crate) fn push(&mut self, plan: BoxedPlan<DB>, slot: ReplySlot) {
        self.plans.push(plan);
        self.slots.push(slot);
    }

    /// The lost writes that may still come.
    pub(crate) fn lost(&self) -> LostWrites {
        let mut lost = LostWrites::default();
        let mut writes: Vec<&Arc<LostWrite>> = Vec::new();
        for (write, _) in self.slots.iter().flat_map(|slot| &slot.pending) {
            if !write.is_undone() && !writes.iter().any(|known| Arc::ptr_eq(known, write)) {
                writes.push(write);
            }
        }
        for write in writes {
            let of_this = |slot: &ReplySlot| {
                let of_this = slot.pending.iter().find(|(of, _)| Arc::ptr_eq(of, write));
                of_this.map(|(_, answer)| answer.clone())
            };
            lost.add(write.clone(), self.slots.iter().map(of_this).collect());
        }
        lost
    }

    pub(crate) fn plans(&self) -> Vec<&dyn Plan<DB>> {
        borrowed(&self.plans)
    }

    /// Takes out the second half.
    pub(crate) fn split_half(&mut self) -> Self {
        let half = self.plans.len() / 2;
        Self { plans: self.plans.split_off(half), slots: self.slots.split_off(half) }
    }

    /// Takes out the calls whose slots are `theirs`.
    pub(crate) fn split_off(&mut self, theirs: impl Fn(&ReplySlot) -> bool) -> Self {
        let calls = std::mem::replace(self, Self::new()).into_calls();
        let (off, rest): (Vec<_>, Vec<_>) = calls.partition(|(_, slot)| theirs(slot));
        (self.plans, self.slots) = rest.into_iter().unzip();
        let (plans, slots) = off.into_iter().unzip();
        Self { plans, slots }
    }
}
