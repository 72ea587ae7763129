//! The rows that prove the commit of a transaction, and how far they prove it.

use crate::store::write::rows::CommitWitness;

/// How many are kept: each may be undone by a rollback to a savepoint, so the first is not enough.
const MAX: usize = 64;

/// The rows that prove a commit.
#[derive(Debug, Default, Clone)]
pub(crate) struct Witnesses {
    /// The newest last.
    rows: Vec<CommitWitness>,
    /// A statement that may have undone the newest of them ran since it was written.
    doubtful: bool,
    /// Something was written that none of them proves.
    incomplete: bool,
}

impl Witnesses {
    /// Notes what a write is proved by, if a row does. With `touched`, other statements ran between it and the write before.
    pub(crate) fn note(&mut self, witness: Option<CommitWitness>, touched: bool) {
        self.incomplete |= witness.is_none();
        self.doubtful = witness.is_none() && (touched || self.doubtful) && !seeded_bug!("unproved-forgotten");
        if self.rows.len() >= MAX {
            // The first one stands before the most savepoints.
            self.rows.remove(1);
            self.incomplete |= !seeded_bug!("dropped-witness-forgotten");
        }
        self.rows.extend(witness);
    }

    /// The next one that may prove the commit, the newest first.
    pub(crate) fn pop(&mut self) -> Option<CommitWitness> {
        self.rows.pop()
    }

    /// Whether one has to be looked for before it can be relied on.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// Whether nothing that was written is there if none of them is.
    pub(crate) fn is_complete(&self) -> bool {
        !self.rows.is_empty() && !self.incomplete
    }

    /// Whether something was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && !self.incomplete
    }
}
