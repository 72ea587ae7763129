//! Seeded bugs that take more than a condition. Without `--cfg idem_faults` each of them returns at once.

use crate::store::Database;
use crate::store::write::part::Write;

/// The bug `key-outside-the-write`: keys are written in a transaction of their own, after their effects.
pub(super) fn late_keys<DB: Database>(write: &mut Write<DB>) -> Option<Write<DB>> {
    if !seeded_bug!("key-outside-the-write") || write.transitions.is_empty() || write.keys.is_empty() {
        return None;
    }
    Some(Write { now: write.now, keys: std::mem::take(&mut write.keys), ..Write::default() })
}

/// The bug `retry-without-reload`: what was decided on an older state is written over the newer one.
pub(super) fn keep_stale<DB: Database>(write: &mut Write<DB>, stale: &Write<DB>) {
    if !seeded_bug!("retry-without-reload") {
        return;
    }
    for (row, stale) in write.machines.iter_mut().zip(&stale.machines) {
        row.body = stale.body.clone();
    }
    for (row, stale) in write.transitions.iter_mut().zip(&stale.transitions) {
        (row.row.body, row.row.outcome) = (stale.row.body.clone(), stale.row.outcome.clone());
    }
}
