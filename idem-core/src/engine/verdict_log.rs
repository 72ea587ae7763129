//! The verdicts that are to be written to their table.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::verdicts::rows::VerdictRow;

/// As many wait to be written; further ones are left out, and counted.
const MAX_WAITING: usize = 10_000;
/// As many are written by one statement.
const WRITTEN_AT_ONCE: usize = 500;

/// The verdicts that are to be written, and how many rows the table keeps.
pub(crate) struct VerdictLog {
    pub(super) kept: u32,
    waiting: Mutex<Waiting>,
    left_out: AtomicU64,
    /// Held while rows are taken out and written.
    pub(super) writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    rows: Vec<VerdictRow>,
    /// A task is at work, or about to be.
    writes: bool,
}

impl VerdictLog {
    pub(crate) fn new(kept: u32) -> Self {
        Self { kept, waiting: Mutex::default(), left_out: AtomicU64::new(0), writing: tokio::sync::Mutex::default() }
    }

    /// How many were left out: they came faster than they could be written.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Notes a verdict. True: a task has to be begun that writes.
    pub(super) fn note(&self, row: VerdictRow) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.rows.len() >= MAX_WAITING {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        waiting.rows.push(row);
        !std::mem::replace(&mut waiting.writes, true)
    }

    /// The next that are to be written; if there are none, the task is over.
    pub(super) fn next(&self) -> Vec<VerdictRow> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.rows.len().min(WRITTEN_AT_ONCE);
        waiting.writes = count > 0;
        waiting.rows.drain(..count).collect()
    }

    /// Takes the correlation ids of a scope out of what waits, once what was taken out before is written.
    pub(crate) async fn forget(&self, scope: &str) {
        let _written = self.writing.lock().await;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of =
            |row: &&mut VerdictRow| row.correlation.as_ref().is_some_and(|(of, _)| of.as_deref() == Some(scope));
        waiting.rows.iter_mut().filter(is_of).for_each(|row| row.correlation = None);
    }

    /// Notes that no task is at work.
    pub(super) fn unwritten(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).writes = false;
    }

    /// Counts verdicts that could not be written.
    pub(super) fn leave_out(&self, count: usize) {
        self.left_out.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl fmt::Debug for VerdictLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerdictLog")
            .field("kept", &self.kept)
            .field("left_out", &self.left_out())
            .finish_non_exhaustive()
    }
}
