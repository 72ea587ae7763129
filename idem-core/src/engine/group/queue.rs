//! Group commit: calls that wait at the same time share a transaction.
//!
//! There is no timer. A call that has the database to itself, or nearly, runs alone; while others are at work calls queue, and
//! a *flusher* takes whatever is there: all of it is loaded, decided and written at once. A second one prepares the next group
//! while the first is being written, as soon as that is as large. What nobody can have at the moment, because a stranger holds
//! its machine or account, is taken out of the group and run *apart*, so that it delays only those who wait for the same.
//!
//! A *target* is a machine or an account. Whoever works on one, alone, in the group or apart, has it in `busy`; calls that
//! want it meanwhile wait there, in order, and queue together when it is free. So one process never races with itself.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::engine::attempt::{Start, restore_fresh, run_own};
use crate::engine::group::flush::flush;
use crate::engine::group::settings::GroupCommit;
use crate::engine::load::load_and_decide;
use crate::engine::plan::{Answered, Item};
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::model::ledger::change::accounts_and_hold;
use crate::store::Database;

/// How many groups of a process are under way at most: one is written while the next is prepared.
pub(crate) const FLUSHERS: u32 = 2;

/// The calls of one [`Idem`](crate::Idem) that are under way.
pub(crate) struct Queue {
    settings: GroupCommit,
    state: Mutex<State>,
    places: Arc<Semaphore>,
    hasher: RandomState,
    idle: Notify,
    /// The last group met keys that were known, or money that did not fit: so may the next calls.
    cautious: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    busy: HashMap<Target, Vec<Waiting>>,
    /// How many are at work, or about to be.
    flushers: u32,
    /// The calls of their groups.
    in_flight: usize,
    /// Calls that have not been answered, waiting or not.
    callers: usize,
    closed: bool,
}

impl State {
    /// Whether one more than so many flushers has something to do: beside another only a group as large as that one's, so that
    /// groups do not fall apart into small ones.
    fn is_due(&self, flushers: u32) -> bool {
        match flushers {
            0 => !self.waiting.is_empty(),
            _ => flushers < FLUSHERS && self.in_flight > 0 && self.waiting.len() >= self.in_flight,
        }
    }
}

/// A machine or an account, by its hash: two that collide only wait for each other.
pub(super) type Target = u64;

/// A call in the queue.
pub(super) struct Waiting {
    pub(super) item: Item,
    pub(super) waiter: Waiter,
}

/// Who waits for an answer.
pub(super) struct Waiter {
    pub(super) targets: Vec<Target>,
    pub(super) deadline: Option<Instant>,
    /// The answer of a write that was committed, with which it was lost, if the call had its effect there.
    written: Option<Answered>,
    reply: oneshot::Sender<Result<Answered, Error>>,
    /// The flusher has it, or the caller gave up: whoever sets it first.
    taken: Arc<AtomicBool>,
    _place: OwnedSemaphorePermit,
}

impl Waiter {
    pub(super) fn answer(self, answer: Answered) {
        // A caller that went away needs no answer.
        let _ = self.reply.send(Ok(restore_fresh(answer, self.written)));
    }

    /// Answers with why there is no answer. Once the effect is there, that is no reason to deny it.
    pub(super) fn fail(self, error: &Error) {
        let error = match self.written {
            Some(_) if !seeded_bug!("group-loss-denied") => Error::Indeterminate { source: error.repeat().into() },
            _ => error.repeat(),
        };
        // As above.
        let _ = self.reply.send(Err(error));
    }

    /// Notes what a write that was committed had for an answer.
    pub(super) fn wrote(&mut self, answer: Answered) {
        if answer.as_ref().is_ok_and(|answer| answer.fresh) {
            self.written = Some(answer);
        }
    }

    /// Takes the call on, unless its caller gave up or went away.
    fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::AcqRel) && !self.reply.is_closed()
    }

    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl Queue {
    pub(crate) fn new(settings: GroupCommit) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            places: Arc::new(Semaphore::new(settings.waiting)),
            hasher: RandomState::new(),
            idle: Notify::new(),
            cautious: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an item needs for itself.
    fn targets(&self, item: &Item) -> Vec<Target> {
        match item {
            Item::Command(command) => vec![self.machine(command.machine(), &command.id)],
            Item::Posting(posting) => {
                let (accounts, hold) = accounts_and_hold(&posting.change);
                accounts.into_iter().chain(hold).map(|name| self.account(name)).collect()
            }
        }
    }

    pub(super) fn account(&self, name: &str) -> Target {
        self.hasher.hash_one(name)
    }

    pub(super) fn machine(&self, machine: &str, id: &str) -> Target {
        self.hasher.hash_one((machine, id))
    }

    /// Lets a caller in, unless there was a shutdown; it is counted until that is dropped.
    pub(crate) fn enter(&self) -> Result<Caller<'_>, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Unavailable { source: "this `Idem` was shut down".into() });
        }
        state.callers += 1;
        Ok(Caller(self))
    }

    /// The next group: what waits, up to the limits, without what others are busy with. If there is none, its flusher ends.
    fn next_group(&self) -> Vec<Waiting> {
        let mut state = self.state();
        let mut group: Vec<Waiting> = Vec::new();
        let (mut own, mut bytes) = (HashSet::new(), 0);
        let due = state.is_due(state.flushers - 1);
        while due && group.len() < self.settings.items && bytes <= self.settings.bytes {
            let Some(next) = state.waiting.pop_front() else { break };
            let theirs =
                next.waiter.targets.iter().find(|target| !own.contains(*target) && state.busy.contains_key(target));
            if let Some(theirs) = theirs.copied() {
                state.busy.entry(theirs).or_default().push(next);
                continue;
            }
            if !next.waiter.take() && !seeded_bug!("queued-past-deadline") {
                continue;
            }
            for target in &next.waiter.targets {
                own.insert(*target);
                state.busy.entry(*target).or_default();
            }
            bytes += next.item.size();
            group.push(next);
        }
        state.in_flight += group.len();
        if group.is_empty() && !seeded_bug!("group-flusher-lingers") {
            // At once, so that another one that ends now does not count on this one.
            state.flushers -= 1;
        }
        group
    }

    /// Lets go of targets: who waited for them queues.
    fn release(&self, targets: &[Target]) {
        let mut state = self.state();
        for target in targets {
            let waited = state.busy.remove(target).unwrap_or_default();
            state.waiting.extend(waited);
        }
    }

    fn leave(&self) {
        let mut state = self.state();
        state.callers -= 1;
        if state.callers == 0 {
            self.idle.notify_waiters();
        }
    }

    /// Takes no more calls, and waits until those under way are answered.
    pub(crate) async fn drain(&self) {
        self.state().closed = true;
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if self.state().callers == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// A caller that is counted until it is answered or dropped.
pub(crate) struct Caller<'q>(&'q Queue);

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Targets that someone works on; dropped, who waited for them is served.
pub(super) struct Busy<DB: Database> {
    shared: Arc<Shared<DB>>,
    targets: Vec<Target>,
}

impl<DB: Database> Busy<DB> {
    /// Parts with those of `targets` that it has.
    pub(super) fn split_off(&mut self, targets: &[Target]) -> Self {
        let (theirs, own) = self.targets.iter().partition(|target| targets.contains(target));
        self.targets = own;
        Self { shared: self.shared.clone(), targets: theirs }
    }
}

impl<DB: Database> Drop for Busy<DB> {
    fn drop(&mut self) {
        self.shared.queue.release(&self.targets);
        wake(&self.shared);
    }
}

impl<DB: Database> Shared<DB> {
    /// Answers one item: alone, or together with those that wait at the same time.
    ///
    /// # Errors
    /// As the item's own, and those of the database.
    pub(crate) async fn submit(self: &Arc<Self>, item: Item, deadline: Option<Duration>) -> Result<Answered, Error> {
        let queue = &self.queue;
        let _caller = queue.enter()?;
        if !queue.settings.on {
            return self.alone(item, deadline).await;
        }
        let targets = queue.targets(&item);
        if let Some(_busy) = self.admit_alone(&targets) {
            return self.alone(item, deadline).await;
        }
        let began = Instant::now();
        let patience = deadline.unwrap_or(self.settings.wait);
        if self.readers_apart
            && queue.cautious.load(Ordering::Relaxed)
            && let Ok(Some(answered)) = timeout(patience, Box::pin(self.read(&item))).await
        {
            return Ok(answered);
        }
        let in_flight = || Error::InFlight { waited: began.elapsed() };
        let place = timeout(patience.saturating_sub(began.elapsed()), queue.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| in_flight())?.map_err(|_| Error::Interrupted)?;
        let (reply, mut answer) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let waiter = Waiter {
            targets,
            deadline: deadline.and_then(|deadline| began.checked_add(deadline)),
            written: None,
            reply,
            taken: taken.clone(),
            _place: place,
        };
        queue.state().waiting.push_back(Waiting { item, waiter });
        wake(self);
        if let Some(deadline) = deadline {
            let left = deadline.saturating_sub(began.elapsed());
            match timeout(left, &mut answer).await {
                Ok(answered) => return answered.unwrap_or_else(|_| Err(gone())),
                // Not begun, and never will be.
                Err(_) if !taken.swap(true, Ordering::AcqRel) => return Err(in_flight()),
                Err(_) => {}
            }
        }
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    async fn alone(&self, item: Item, deadline: Option<Duration>) -> Result<Answered, Error> {
        // Apart on the heap: most calls that are grouped would carry it for nothing.
        let answers = Box::pin(run_own(self, std::slice::from_ref(&item), deadline, Start::Fresh)).await?;
        answers.into_iter().next().ok_or(Error::Interrupted)
    }

    /// The answer of an item that needs no write: where readers are apart it needs no group, and waits for no writer, if it is
    /// likely to be one. What cannot be read here, the group will find out.
    async fn read(&self, item: &Item) -> Option<Answered> {
        let mut held = self.readers.acquire().await.ok()?;
        let decision = self.reply(load_and_decide(self, held.conn(), std::slice::from_ref(item), None)).await.ok()?;
        held.give_back();
        if decision.write.is_empty() { decision.answers.into_iter().next() } else { None }
    }

    /// Answers items that came together, in a transaction of their own.
    ///
    /// # Errors
    /// Those of the database; each item has its own.
    pub(crate) async fn submit_all(&self, items: &[Item]) -> Result<Vec<Answered>, Error> {
        let _caller = self.queue.enter()?;
        run_own(self, items, None, Start::Fresh).await
    }

    /// What a call needs, if nobody works on it and few are at work.
    fn admit_alone(self: &Arc<Self>, targets: &[Target]) -> Option<Busy<DB>> {
        let mut state = self.queue.state();
        // Whoever waits comes first: alone one could overtake them for ever.
        let first = state.callers <= DB::ALONE && state.waiting.is_empty();
        if !first || targets.iter().any(|target| state.busy.contains_key(target)) {
            return None;
        }
        state.busy.extend(targets.iter().map(|target| (*target, Vec::new())));
        Some(Busy { shared: self.clone(), targets: targets.to_vec() })
    }
}

/// Sees to it that a flusher is at work if anyone waits.
fn wake<DB: Database>(shared: &Arc<Shared<DB>>) {
    let mut state = shared.queue.state();
    if !state.is_due(state.flushers) {
        return;
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            state.flushers += 1;
            drop(state);
            runtime.spawn(flush_all(Flusher { shared: shared.clone(), in_flight: 0, done: false }));
        }
        // Nobody is there to do it any more; those who wait are told.
        Err(_) => state.waiting.clear(),
    }
}

/// A flusher at work.
struct Flusher<DB: Database> {
    shared: Arc<Shared<DB>>,
    in_flight: usize,
    done: bool,
}

impl<DB: Database> Flusher<DB> {
    fn next_group(&mut self) -> Vec<Waiting> {
        let group = self.shared.queue.next_group();
        self.in_flight = group.len();
        group
    }

    fn landed(&mut self) {
        self.shared.queue.state().in_flight -= std::mem::take(&mut self.in_flight);
    }
}

impl<DB: Database> Drop for Flusher<DB> {
    fn drop(&mut self) {
        // Its runtime went away in the middle; those who wait are told.
        if !self.done {
            let mut state = self.shared.queue.state();
            state.flushers -= 1;
            state.in_flight -= self.in_flight;
            state.waiting.clear();
        }
    }
}

async fn flush_all<DB: Database>(mut flusher: Flusher<DB>) {
    loop {
        // Those whom the last group has answered are about to come again.
        tokio::task::yield_now().await;
        let group = flusher.next_group();
        if group.is_empty() {
            flusher.done = true;
            if seeded_bug!("group-flusher-lingers") {
                tokio::task::yield_now().await;
                flusher.shared.queue.state().flushers -= 1;
            }
            return;
        }
        let mut targets: Vec<Target> = group.iter().flat_map(|call| call.waiter.targets.iter().copied()).collect();
        targets.sort_unstable();
        targets.dedup();
        let busy = Busy { shared: flusher.shared.clone(), targets };
        let cautious = flusher.shared.queue.cautious.load(Ordering::Relaxed);
        let met = flush(&flusher.shared, group, busy, cautious).await;
        flusher.shared.queue.cautious.store(met, Ordering::Relaxed);
        flusher.landed();
    }
}

fn gone() -> Error {
    Error::Indeterminate { source: "the task that wrote for this call is gone".into() }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("settings", &self.settings).finish_non_exhaustive()
    }
}
