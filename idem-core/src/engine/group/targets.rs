//! Lock targets while someone works on them.

use std::sync::Arc;

use crate::engine::group::call::LockTarget;
use crate::engine::shared::Shared;
use crate::store::Database;

/// Targets in use; dropped, the calls that were parked there queue, and a flusher is started for them.
pub(crate) struct TargetLocks<DB: Database> {
    shared: Arc<Shared<DB>>,
    targets: Vec<LockTarget>,
    wake: fn(&Arc<Shared<DB>>),
}

impl<DB: Database> TargetLocks<DB> {
    pub(crate) fn new(shared: Arc<Shared<DB>>, mut targets: Vec<LockTarget>, wake: fn(&Arc<Shared<DB>>)) -> Self {
        targets.sort_unstable();
        targets.dedup();
        Self { shared, targets, wake }
    }

    /// Takes out those of `targets` that it has, for work that waits for others: nothing is sent behind it.
    pub(crate) fn split_off(&mut self, targets: &[LockTarget]) -> Self {
        let (theirs, own): (Vec<_>, _) = self.targets.iter().partition(|target| targets.contains(target));
        self.targets = own;
        self.shared.queue.close(&theirs);
        Self { shared: self.shared.clone(), targets: theirs, wake: self.wake }
    }
}

impl<DB: Database> Drop for TargetLocks<DB> {
    fn drop(&mut self) {
        self.shared.queue.release(&self.targets);
        (self.wake)(&self.shared);
    }
}
