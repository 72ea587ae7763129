//! Where calls come in: alone, or into the queue. And the flushers, which take groups out of it.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::engine::answer::{Answered, only};
use crate::engine::attempt::Strategy;
use crate::engine::fence::run_fenced;
use crate::engine::group::call::{LockTarget, QueuedCall, ReplySlot};
use crate::engine::group::flush::{Delivery, flush};
use crate::engine::group::targets::TargetLocks;
use crate::engine::load::{Lock, load_and_decide};
use crate::engine::plan::{BoxedPlan, Plan};
use crate::engine::run::run_own;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::watch;

impl<DB: Database> Shared<DB> {
    /// Answers one plan: alone, or together with those that wait at the same time.
    ///
    /// # Errors
    /// As the plan's own, and those of the database.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        plan: BoxedPlan<DB>,
        deadline: Option<Duration>,
    ) -> Result<Answered, Error> {
        let queue = &self.queue;
        let _caller = queue.enter()?;
        if let Some(by) = plan.fence() {
            return Box::pin(run_fenced(self, &*plan, by, deadline)).await;
        }
        if let Some(answered) = plan.identity().and_then(|call| self.memory.recall(call)) {
            // The database was not asked.
            watch::attempts(0);
            return Ok(answered);
        }
        if !queue.settings.on {
            return self.alone(plan, deadline).await;
        }
        let targets = queue.targets(&*plan);
        if queue.take_alone(&targets, DB::MAX_CALLERS_ALONE) {
            let _targets = TargetLocks::new(self.clone(), targets, wake);
            return self.alone(plan, deadline).await;
        }
        let began = Instant::now();
        let patience = deadline.unwrap_or(self.settings.wait);
        if self.readers_apart
            && queue.load_first()
            && let Ok(Some(answered)) = timeout(patience, Box::pin(self.read(&plan))).await
        {
            return Ok(answered);
        }
        let in_flight = || Error::in_flight(began.elapsed());
        let place = timeout(patience.saturating_sub(began.elapsed()), queue.places.clone().acquire_owned()).await;
        let closed = |_| Error::Internal { what: "the places of the queue were closed" };
        let place = place.map_err(|_| in_flight())?.map_err(closed)?;
        let until = deadline.and_then(|deadline| began.checked_add(deadline));
        let (slot, reply) = ReplySlot::new((targets, plan.is_relative()), until, place);
        queue.push(QueuedCall { plan, slot });
        wake(self);
        let left = deadline.map(|deadline| deadline.saturating_sub(began.elapsed()));
        reply.wait(left).await.unwrap_or_else(|| Err(in_flight()))
    }

    /// Answers one plan that shares no transaction.
    ///
    /// # Errors
    /// As the plan's own, and those of the database.
    pub(crate) async fn submit_alone(self: &Arc<Self>, plan: BoxedPlan<DB>) -> Result<Answered, Error> {
        let _caller = self.queue.enter()?;
        if let Some(by) = plan.fence() {
            return Box::pin(run_fenced(self, &*plan, by, None)).await;
        }
        run_own(self, &[&*plan], None, Strategy::Blind).await.map(only)
    }

    /// Answers one plan that is decided under locks alone.
    ///
    /// # Errors
    /// As the plan's own, and those of the database.
    pub(crate) async fn submit_locked(&self, plan: BoxedPlan<DB>) -> Result<Answered, Error> {
        let _caller = self.queue.enter()?;
        run_own(self, &[&*plan], None, Strategy::Locked).await.map(only)
    }

    /// Answers plans that came together, in a transaction of their own.
    ///
    /// # Errors
    /// Those of the database; each plan has its own.
    pub(crate) async fn submit_all(&self, plans: &[&dyn Plan<DB>]) -> Result<Vec<Answered>, Error> {
        let _caller = self.queue.enter()?;
        run_own(self, plans, None, Strategy::Blind).await
    }

    async fn alone(&self, plan: BoxedPlan<DB>, deadline: Option<Duration>) -> Result<Answered, Error> {
        run_own(self, &[&*plan], deadline, Strategy::Blind).await.map(only)
    }

    /// The answer of a plan that needs no write. Where readers have their own connections it needs no group, and waits for no
    /// writer. `None` if a write is needed, or the read failed: the group decides then.
    async fn read(&self, plan: &BoxedPlan<DB>) -> Option<Answered> {
        let mut lease = self.readers.acquire().await.ok()?;
        let decision = load_and_decide(self, &mut lease.session(), &[&**plan], Lock::None).await.ok()?;
        if decision.write.is_empty() { Some(only(decision.answers)) } else { None }
    }
}

/// Sees to it that a flusher is at work if anyone waits.
fn wake<DB: Database>(shared: &Arc<Shared<DB>>) {
    thread_local! { static WAKING: Cell<bool> = const { Cell::new(false) } }
    // A runtime that has ended drops the flusher within `spawn`, and so wakes again: the loop below goes on instead.
    if WAKING.replace(true) {
        return;
    }
    while let Some(runtime) = shared.queue.start_flusher() {
        runtime.spawn(flush_all(Flusher { shared: shared.clone(), in_flight: 0, stage: Stage::Spawned }));
    }
    WAKING.set(false);
}

/// A flusher at work.
struct Flusher<DB: Database> {
    shared: Arc<Shared<DB>>,
    in_flight: usize,
    stage: Stage,
}

/// How far a flusher came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Spawned,
    AtWork,
    Done,
}

impl<DB: Database> Flusher<DB> {
    fn next_group(&mut self) -> (Vec<QueuedCall<DB>>, bool) {
        let (group, behind) = self.shared.queue.next_group();
        self.in_flight = group.len();
        (group, behind)
    }

    fn group_done(&mut self) {
        self.shared.queue.group_done(std::mem::take(&mut self.in_flight));
    }
}

impl<DB: Database> Drop for Flusher<DB> {
    fn drop(&mut self) {
        if self.stage == Stage::Done {
            return;
        }
        // Its runtime has ended. Those of its group are told; for those who wait elsewhere another one starts.
        self.group_done();
        self.shared.queue.flusher_gone();
        if self.stage == Stage::Spawned {
            drop(self.shared.queue.drop_first());
        }
        wake(&self.shared);
    }
}

async fn flush_all<DB: Database>(mut flusher: Flusher<DB>) {
    flusher.stage = Stage::AtWork;
    let shared = flusher.shared.clone();
    let queue = &shared.queue;
    let mut delivery = Delivery::none();
    loop {
        // What waits already is sent before those of the last group are answered. Otherwise these are about to come again.
        if delivery.is_empty() || !queue.has_next() {
            give(&mut delivery);
            tokio::task::yield_now().await;
        }
        let (group, behind) = flusher.next_group();
        if group.is_empty() {
            give(&mut delivery);
            flusher.stage = Stage::Done;
            if seeded_bug!("group-flusher-lingers") {
                tokio::task::yield_now().await;
                flusher.shared.queue.flusher_gone();
            }
            return;
        }
        let targets: Vec<LockTarget> = group.iter().flat_map(|call| call.slot.targets.iter().copied()).collect();
        let targets = TargetLocks::new(shared.clone(), targets, wake);
        let work = pin!(flush(&shared, group, targets, (queue.load_first(), behind)));
        let mut flushing = pin!(guarded(work));
        let begun = poll_fn(|cx| Poll::Ready(flushing.as_mut().poll(cx))).await;
        give(&mut delivery);
        let done = match begun {
            Poll::Ready(done) => done,
            Poll::Pending => flushing.await,
        };
        queue.set_load_first(done.as_ref().is_none_or(|done| done.load_first));
        delivery = done.map_or_else(Delivery::none, |done| done.delivery);
        flusher.group_done();
    }
}

/// Gives answers to their callers. What panics is a caller's value that is dropped with its call: those after it get
/// `Indeterminate`.
fn give<DB: Database>(delivery: &mut Delivery<DB>) {
    let delivery = std::mem::replace(delivery, Delivery::none());
    let _ = catch_unwind(AssertUnwindSafe(|| delivery.give()));
}

/// Polls, and catches a panic: of a caller's value that is dropped with its call, or a fault of the engine. The calls whose slots
/// are dropped get `Indeterminate`, and the flusher continues. `None`: it panicked.
async fn guarded<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
