//! Which of the queued calls make the next group.

use crate::engine::group::call::{LockTarget, QueuedCall};
use crate::engine::group::queue::State;
use crate::map::Set;
use crate::store::Database;

/// Where a queued call goes.
enum Place {
    Group,
    /// Into a group behind the one that is being written.
    Behind,
    /// To its first target that is in use, or where one that waits longer is parked.
    Parked,
}

/// Calls for a group, with their targets.
struct Selection<DB: Database> {
    calls: Vec<QueuedCall<DB>>,
    targets: Set<LockTarget>,
    bytes: usize,
}

impl<DB: Database> Selection<DB> {
    fn new() -> Self {
        Self { calls: Vec::new(), targets: Set::default(), bytes: 0 }
    }

    fn is_full(&self, (calls, bytes): (usize, usize)) -> bool {
        self.calls.len() >= calls || self.bytes > bytes
    }

    fn add(&mut self, call: QueuedCall<DB>) {
        self.targets.extend(&call.slot.targets);
        self.bytes += call.plan.size();
        self.calls.push(call);
    }

    fn place(&self, state: &State<DB>, call: &QueuedCall<DB>) -> Place {
        if state.reserved(&call.slot.targets).is_some() {
            return Place::Parked;
        }
        let elsewhere = call.slot.targets.iter().filter(|target| !self.targets.contains(*target));
        let mut place = Place::Group;
        for in_use in elsewhere.filter_map(|target| state.in_use.get(target)) {
            if !call.slot.relative || !in_use.takes_another() {
                return Place::Parked;
            }
            place = Place::Behind;
        }
        place
    }
}

impl<DB: Database> State<DB> {
    /// Takes out what is queued, up to the limits, without what needs targets in use, which is parked. If that is everything, and
    /// all right whatever is there, it is a group *behind* the one that is being written: then true.
    pub(super) fn select(&mut self, limits: (usize, usize), behind_allowed: bool) -> (Vec<QueuedCall<DB>>, bool) {
        let (mut group, mut behind) = (Selection::new(), Selection::new());
        while !group.is_full(limits) && !behind.is_full(limits) {
            let Some(next) = self.queued.pop_front() else { break };
            match group.place(self, &next) {
                Place::Group => group.add(next),
                Place::Behind if behind_allowed && group.calls.is_empty() => behind.add(next),
                Place::Behind | Place::Parked => self.park(next),
            }
        }
        if group.calls.is_empty() {
            let is_behind = !behind.calls.is_empty();
            return (behind.calls, is_behind);
        }
        // There is something that need not wait.
        behind.calls.into_iter().for_each(|call| self.park(call));
        (group.calls, false)
    }
}
