//! The data of group commit: what is queued, parked and in flight. Nothing here touches a database.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

use crate::engine::group::call::{LockTarget, QueuedCall};
use crate::engine::group::settings::GroupCommit;
use crate::engine::plan::Plan;
use crate::error::Error;
use crate::store::Database;

/// How many groups of a process are in flight at most: one is written while the next is prepared.
pub(crate) const FLUSHERS: u32 = 2;

/// The calls of one [`Idem`](crate::Idem) that are under way.
pub(crate) struct Queue<DB: Database> {
    pub(crate) settings: GroupCommit,
    state: Mutex<State<DB>>,
    /// Places in the queue.
    pub(crate) places: Arc<Semaphore>,
    hasher: RandomState,
    idle: Notify,
    /// The last group met keys that were known, or money that did not fit: so may the next calls, which are loaded first.
    load_first: AtomicBool,
}

struct State<DB: Database> {
    queued: VecDeque<QueuedCall<DB>>,
    /// The targets that someone works on, each with the calls that are parked there.
    in_use: HashMap<LockTarget, Vec<QueuedCall<DB>>>,
    /// Flushers at work, or about to be.
    flushers: u32,
    /// The calls of their groups.
    in_flight: usize,
    /// Calls that have not been answered, queued or not.
    callers: usize,
    closed: bool,
}

/// A caller that is counted until it is answered or dropped.
pub(crate) struct CallerGuard<'q, DB: Database>(&'q Queue<DB>);

impl<DB: Database> State<DB> {
    /// Whether one flusher more is wanted beside `beside` others: a new one, or one that goes on after its group. A second one
    /// is wanted only if the queue is at least as long as the group in flight: otherwise groups would get ever smaller.
    fn wants_flusher(&self, beside: u32) -> bool {
        match beside {
            0 => !self.queued.is_empty(),
            _ => beside < FLUSHERS && self.in_flight > 0 && self.queued.len() >= self.in_flight,
        }
    }
}

impl<DB: Database> Queue<DB> {
    pub(crate) fn new(settings: GroupCommit) -> Self {
        let state = State {
            queued: VecDeque::new(),
            in_use: HashMap::new(),
            flushers: 0,
            in_flight: 0,
            callers: 0,
            closed: false,
        };
        Self {
            settings,
            state: Mutex::new(state),
            places: Arc::new(Semaphore::new(settings.waiting)),
            hasher: RandomState::new(),
            idle: Notify::new(),
            load_first: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<DB>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a plan needs for itself.
    pub(crate) fn targets(&self, plan: &dyn Plan<DB>) -> Vec<LockTarget> {
        let mut targets = Vec::with_capacity(2);
        plan.locks(&mut |namespace, name| targets.push(self.target(namespace, name)));
        targets
    }

    pub(crate) fn target(&self, namespace: &str, name: &str) -> LockTarget {
        self.hasher.hash_one((namespace, name))
    }

    pub(crate) fn load_first(&self) -> bool {
        self.load_first.load(Ordering::Relaxed)
    }

    pub(crate) fn set_load_first(&self, load_first: bool) {
        self.load_first.store(load_first, Ordering::Relaxed);
    }

    /// Lets a caller in, unless there was a shutdown; it is counted until that is dropped.
    pub(crate) fn enter(&self) -> Result<CallerGuard<'_, DB>, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Unavailable { source: "this `Idem` was shut down".into() });
        }
        state.callers += 1;
        Ok(CallerGuard(self))
    }

    /// Takes the targets for a call that runs alone; false if there are more than `max` callers, someone is queued, or a target
    /// is in use.
    pub(crate) fn take_alone(&self, targets: &[LockTarget], max: usize) -> bool {
        let mut state = self.state();
        // Whoever waits comes first: alone one could overtake them for ever.
        let first = state.callers <= max && state.queued.is_empty();
        if !first || targets.iter().any(|target| state.in_use.contains_key(target)) {
            return false;
        }
        state.in_use.extend(targets.iter().map(|target| (*target, Vec::new())));
        true
    }

    pub(crate) fn push(&self, call: QueuedCall<DB>) {
        self.state().queued.push_back(call);
    }

    /// Counts a flusher in, if another one should start, and says where: where the caller of the first queued call waits.
    pub(crate) fn start_flusher(&self) -> Option<Handle> {
        let mut state = self.state();
        let first = state.queued.front().filter(|_| state.wants_flusher(state.flushers));
        let runtime = first.map(|call| call.slot.runtime.clone());
        state.flushers += u32::from(runtime.is_some());
        runtime
    }

    /// Takes the first queued call out: the runtime of its caller has ended.
    pub(crate) fn drop_first(&self) -> Option<QueuedCall<DB>> {
        self.state().queued.pop_front()
    }

    /// The next group of a flusher: what is queued, up to the limits, without what needs targets in use, which is parked. If
    /// there is none, its flusher is counted out.
    pub(crate) fn next_group(&self) -> Vec<QueuedCall<DB>> {
        let mut state = self.state();
        debug_assert!(state.flushers > 0, "a flusher that takes a group is counted");
        let mut group: Vec<QueuedCall<DB>> = Vec::new();
        let (mut own, mut bytes) = (HashSet::new(), 0);
        let goes_on = state.wants_flusher(state.flushers - 1);
        while goes_on && group.len() < self.settings.items && bytes <= self.settings.bytes {
            let Some(next) = state.queued.pop_front() else { break };
            let mut targets = next.slot.targets.iter();
            let in_use = targets.find(|target| !own.contains(*target) && state.in_use.contains_key(target));
            if let Some(in_use) = in_use.copied() {
                state.in_use.entry(in_use).or_default().push(next);
                continue;
            }
            if !next.slot.take() && !seeded_bug!("queued-past-deadline") {
                continue;
            }
            for target in &next.slot.targets {
                own.insert(*target);
                state.in_use.entry(*target).or_default();
            }
            bytes += next.plan.size();
            group.push(next);
        }
        state.in_flight += group.len();
        debug_assert!(own.iter().all(|target| state.in_use.contains_key(target)), "what is in flight is in use");
        if group.is_empty() && !seeded_bug!("group-flusher-lingers") {
            // At once, so that another one that ends now does not count on this one.
            state.flushers -= 1;
        }
        group
    }

    /// A group of this many calls is answered, or has left its flusher.
    pub(crate) fn group_done(&self, calls: usize) {
        let mut state = self.state();
        debug_assert!(calls <= state.in_flight, "in flight are the groups of the flushers");
        state.in_flight -= calls;
        debug_assert!(state.flushers > 1 || state.in_flight == 0, "without flushers nothing is in flight");
    }

    /// A flusher ends in another way than by an empty group.
    pub(crate) fn flusher_gone(&self) {
        let mut state = self.state();
        debug_assert!(state.flushers > 0, "a flusher that ends is counted");
        state.flushers -= 1;
    }

    /// Targets are free: the calls that were parked there queue.
    pub(crate) fn release(&self, targets: &[LockTarget]) {
        let mut state = self.state();
        for target in targets {
            let parked = state.in_use.remove(target);
            debug_assert!(parked.is_some(), "a target that is released was in use");
            state.queued.extend(parked.unwrap_or_default());
        }
    }

    fn leave(&self) {
        let mut state = self.state();
        debug_assert!(state.callers > 0, "a caller that leaves was let in");
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

impl<DB: Database> Drop for CallerGuard<'_, DB> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl<DB: Database> std::fmt::Debug for Queue<DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("settings", &self.settings).finish_non_exhaustive()
    }
}
