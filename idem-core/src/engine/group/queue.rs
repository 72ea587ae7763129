//! The data of group commit: what is queued, parked and in flight. Nothing here touches a database.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

use crate::engine::group::call::{LockTarget, QueuedCall};
use crate::engine::group::settings::GroupCommit;
use crate::engine::plan::Plan;
use crate::error::Error;
use crate::map::Map;
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
    /// This number of further groups wait at once for locks of others.
    contended: AtomicU32,
}

pub(super) struct State<DB: Database> {
    pub(super) queued: VecDeque<QueuedCall<DB>>,
    /// The targets that someone works on.
    pub(super) in_use: Map<LockTarget, InUse<DB>>,
    /// Targets of calls that have waited long, each with the one in use where its call is parked: others are parked there too, so
    /// that they do not take one target of a call whenever the other one is free.
    reserved: Map<LockTarget, LockTarget>,
    /// Flushers at work, or about to be.
    flushers: u32,
    /// The calls of their groups.
    in_flight: usize,
    /// Calls that have not been answered, queued or not.
    callers: usize,
    closed: bool,
}

/// A target that someone works on.
pub(super) struct InUse<DB: Database> {
    /// The calls that wait for it.
    parked: Vec<QueuedCall<DB>>,
    /// Those that work on it: one, or a group and another one behind it.
    holders: u32,
    /// All of them are groups of calls that are right whatever is there.
    relative: bool,
}

impl<DB: Database> InUse<DB> {
    /// A group and one behind it: a third would only wait longer, in the database.
    const MOST: u32 = 2;

    fn new(relative: bool) -> Self {
        Self { parked: Vec::new(), holders: 0, relative }
    }

    /// Whether a group can be sent behind the one that is at work.
    pub(super) fn takes_another(&self) -> bool {
        self.relative && self.holders < Self::MOST
    }
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

    /// Counts a group in, with its targets.
    fn hold(&mut self, group: &[QueuedCall<DB>]) {
        let mut targets = Map::default();
        for QueuedCall { slot, .. } in group {
            slot.targets.iter().for_each(|target| *targets.entry(*target).or_insert(true) &= slot.relative);
        }
        for (target, relative) in targets {
            self.in_use.entry(target).or_insert_with(|| InUse::new(relative)).holders += 1;
        }
        self.in_flight += group.len();
    }

    /// Where one that waits longer is parked, whose targets a call needs.
    pub(super) fn reserved(&self, targets: &[LockTarget]) -> Option<LockTarget> {
        targets.iter().find_map(|target| self.reserved.get(target)).copied()
    }

    pub(super) fn park(&mut self, mut call: QueuedCall<DB>) {
        /// Past this number of times it is next.
        const PATIENT: u32 = 3;
        let in_use = || call.slot.targets.iter().find(|target| self.in_use.contains_key(target)).copied();
        let at = self.reserved(&call.slot.targets).or_else(in_use);
        let Some((at, in_use)) = at.and_then(|at| Some((at, self.in_use.get_mut(&at)?))) else {
            // Nothing to wait for.
            return self.queued.push_back(call);
        };
        call.slot.parked += 1;
        if call.slot.parked > PATIENT && !seeded_bug!("parked-for-ever") {
            for target in call.slot.targets.iter().filter(|target| **target != at) {
                self.reserved.entry(*target).or_insert(at);
            }
        }
        in_use.parked.push(call);
    }

    /// Those that were parked at a target queue, before those that came after them.
    fn unpark(&mut self, at: LockTarget, parked: Vec<QueuedCall<DB>>) {
        for call in parked.into_iter().rev() {
            for target in &call.slot.targets {
                if self.reserved.get(target) == Some(&at) {
                    self.reserved.remove(target);
                }
            }
            self.queued.push_front(call);
        }
    }
}

impl<DB: Database> Queue<DB> {
    pub(crate) fn new(settings: GroupCommit) -> Self {
        let state = State {
            queued: VecDeque::new(),
            in_use: Map::default(),
            reserved: Map::default(),
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
            contended: AtomicU32::new(0),
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

    /// Whether the next group waits at once for what others hold.
    pub(crate) fn is_contended(&self) -> bool {
        self.contended.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(crate) fn set_contended(&self, groups: u32) {
        self.contended.store(groups, Ordering::Relaxed);
    }

    /// Lets a caller in, unless there was a shutdown; it is counted until that is dropped.
    pub(crate) fn enter(&self) -> Result<CallerGuard<'_, DB>, Error> {
        self.count_in()?;
        Ok(CallerGuard(self))
    }

    /// The same for a caller that counts itself out.
    pub(crate) fn count_in(&self) -> Result<(), Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::ShutDown);
        }
        state.callers += 1;
        Ok(())
    }

    /// Takes the targets for a call that runs alone; false if there are more than `max` callers, someone is queued, or a target
    /// is in use.
    pub(crate) fn take_alone(&self, targets: &[LockTarget], max: usize) -> bool {
        let mut state = self.state();
        // Whoever waits comes first: alone one could overtake them for ever.
        let first = state.callers <= max && state.queued.is_empty();
        if !first || state.reserved(targets).is_some() || targets.iter().any(|target| state.in_use.contains_key(target))
        {
            return false;
        }
        // A target may be named twice.
        state.in_use.extend(targets.iter().map(|target| (*target, InUse { holders: 1, ..InUse::new(false) })));
        true
    }

    pub(crate) fn push(&self, call: QueuedCall<DB>) {
        self.state().queued.push_back(call);
    }

    /// Whether a flusher whose group is done would find another one.
    pub(crate) fn has_next(&self) -> bool {
        let state = self.state();
        state.wants_flusher(state.flushers.saturating_sub(1))
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

    /// The next group of a flusher, and whether it is sent behind the one that is being written. If there is none, its flusher is
    /// counted out.
    pub(crate) fn next_group(&self) -> (Vec<QueuedCall<DB>>, bool) {
        let GroupCommit { items, bytes, .. } = self.settings;
        let behind_allowed = !self.load_first();
        let mut state = self.state();
        debug_assert!(state.flushers > 0, "a flusher that takes a group is counted");
        let wanted = state.wants_flusher(state.flushers - 1);
        let (mut group, behind) =
            if wanted { state.select((items, bytes), behind_allowed) } else { (Vec::new(), false) };
        group.retain(|call| call.slot.take() || seeded_bug!("queued-past-deadline"));
        if group.is_empty() && !seeded_bug!("group-flusher-lingers") {
            // At once, so that another one that ends now does not count on this one.
            state.flushers -= 1;
        }
        state.hold(&group);
        (group, behind)
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

    /// Someone has ended work on targets: the calls that were parked there queue.
    pub(crate) fn release(&self, targets: &[LockTarget]) {
        let mut state = self.state();
        for target in targets {
            let Some(in_use) = state.in_use.get_mut(target) else {
                debug_assert!(false, "a target that is released was in use");
                continue;
            };
            in_use.holders -= 1;
            let (parked, free) = (std::mem::take(&mut in_use.parked), in_use.holders == 0);
            if free {
                state.in_use.remove(target);
            }
            state.unpark(*target, parked);
        }
    }

    /// What works on targets waits for others' locks: nothing is sent behind it.
    pub(crate) fn close(&self, targets: &[LockTarget]) {
        let mut state = self.state();
        for target in targets {
            if let Some(in_use) = state.in_use.get_mut(target) {
                in_use.relative = false;
            }
        }
    }

    pub(crate) fn leave(&self) {
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

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use sqlx::Sqlite;

    use super::*;
    use crate::engine::decide::draft::WriteDraft;
    use crate::engine::decide::snapshot::Asked;
    use crate::engine::group::call::ReplySlot;
    use crate::engine::plan::{Decided, Limits};
    use crate::key::KeyHash;

    /// Needs targets, and is never decided.
    struct Needs(&'static [&'static str]);

    impl Plan<Sqlite> for Needs {
        fn namespace(&self) -> &'static str {
            ""
        }

        fn operation(&self) -> &'static str {
            ""
        }

        fn key(&self) -> Option<&KeyHash> {
            None
        }

        fn size(&self) -> usize {
            1
        }

        fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
            self.0.iter().for_each(|name| tell("", name));
        }

        fn ask<'p>(&'p self, _asked: &mut Asked<'p>) {}

        fn decide(&self, _draft: &mut WriteDraft<'_, Sqlite>, _limits: &Limits) -> Decided {
            Ok(Err(Error::Internal { what: "it is never decided" }.into()))
        }
    }

    fn push(queue: &Queue<Sqlite>, needs: &'static [&'static str]) {
        let permit = queue.places.clone().try_acquire_owned().expect("a place");
        let targets = queue.targets(&Needs(needs));
        // Whoever waits for the reply is gone, so it is kept.
        let (slot, reply) = ReplySlot::new((targets, false), None, permit);
        std::mem::forget(reply);
        queue.push(QueuedCall { plan: Box::new(Needs(needs)), slot });
    }

    /// Takes the group that is next, of which each call has these targets.
    fn group(queue: &Queue<Sqlite>) -> (usize, Vec<LockTarget>) {
        let (group, _) = queue.next_group();
        let mut targets: Vec<LockTarget> = group.iter().flat_map(|call| call.slot.targets.clone()).collect();
        targets.sort_unstable();
        targets.dedup();
        (group.len(), targets)
    }

    /// One target of a call is in use by turns with the other, always by calls that came later.
    #[tokio::test]
    async fn queued_call_of_two_targets_is_not_overtaken_for_ever() {
        let queue: Queue<Sqlite> = Queue::new(GroupCommit::default());
        push(&queue, &["a"]);
        assert!(queue.start_flusher().is_some());
        let (mut calls, mut held) = group(&queue);
        push(&queue, &["a", "b"]);
        let mut passed = 0;
        for next in [["b"].as_slice(), &["a"]].into_iter().cycle() {
            push(&queue, next);
            assert!(queue.start_flusher().is_some(), "a second one");
            let (more, others) = group(&queue);
            if others.len() > 1 {
                break;
            }
            passed += 1;
            assert!(passed < 8, "passed {passed} times");
            queue.release(&held);
            queue.group_done(calls);
            queue.flusher_gone();
            (calls, held) = (more, others);
            if calls == 0 {
                // Nothing may pass it any more: it is the next.
                assert!(queue.start_flusher().is_some());
                assert!(group(&queue).1.len() > 1, "both are free");
                break;
            }
        }
    }
}
