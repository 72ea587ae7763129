//! Seeded bugs that take more than a condition. Without `--cfg idem_faults` each of them returns at once.

use crate::clock::Timestamp;
use crate::store::Database;
use crate::store::machine::rows::{AliasAnswer, AliasRow};
use crate::store::write::part::Write;
use crate::store::write::rows::{HistoryRow, TransitionWrite};

/// The bug `key-outside-the-write`: keys are written in a transaction of their own, after their effects.
pub(super) fn late_keys<DB: Database>(write: &mut Write<DB>) -> Option<Write<DB>> {
    if !seeded_bug!("key-outside-the-write") {
        return None;
    }
    let late = write.transitions.iter_mut().filter_map(late_key).collect::<Vec<_>>();
    (!late.is_empty()).then(|| Write { now: write.now, transitions: late, ..Write::default() })
}

/// Takes the key from a transition, and gives it as an alias.
fn late_key(write: &mut TransitionWrite) -> Option<TransitionWrite> {
    let HistoryRow::Transition(row) = &mut write.row else { return None };
    let (hash, key) = row.hash.take().zip(row.key.clone())?;
    let expires_at = Timestamp::from_micros(i64::MAX);
    let alias = AliasRow {
        hash,
        key,
        fingerprint: row.fingerprint,
        answer: AliasAnswer::Transition(row.seq),
        at: row.at,
        expires_at,
    };
    Some(TransitionWrite { machine: write.machine, id: write.id.clone(), row: HistoryRow::Alias(alias) })
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
        if let (HistoryRow::Transition(row), Some(stale)) = (&mut row.row, stale.transition()) {
            (row.body, row.outcome) = (stale.body.clone(), stale.outcome.clone());
        }
    }
}
