//! What a process remembers of the database, which is always right without it.
//!
//! - `accounts`: which accounts are not plain
//! - `outcomes`: outcomes of its own calls, for repeats of these
//! - `machines`: machines as it last wrote them
//! - `generations`: a map that forgets

pub(crate) mod accounts;
mod generations;
pub(crate) mod machines;
pub(crate) mod outcomes;

use crate::clock::Timestamp;
use crate::engine::answer::Answered;
use crate::engine::decide::snapshot::MachineId;
use crate::engine::memory::accounts::AccountCache;
use crate::engine::memory::machines::Machines;
use crate::engine::memory::outcomes::{Identity, Outcome, Outcomes};
use crate::engine::session::breaks::Breaks;
use crate::key::KeyHash;
use crate::store::machine::rows::MachineRow;
use crate::store::write::part::LockName;
use crate::store::write::rows::MachineWrite;

/// What a process remembers of the database.
pub(crate) struct Memory {
    pub(crate) accounts: AccountCache,
    outcomes: Outcomes,
    machines: Machines,
    breaks: Breaks,
    is_off: bool,
}

/// The connections that had broken or were opened until one moment: what is remembered from before the next one is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unbroken(u64);

impl Memory {
    /// At most about this number of bytes of outcomes and machines; 0: none.
    pub(crate) fn new(bytes: usize, breaks: Breaks) -> Self {
        let half = bytes / 2;
        let (outcomes, machines) = (Outcomes::new(half), Machines::new(half));
        Self { accounts: AccountCache::default(), outcomes, machines, breaks, is_off: half == 0 }
    }

    pub(crate) fn unbroken(&self) -> Unbroken {
        Unbroken(self.breaks.count())
    }

    /// Whether no connection broke, and none was opened, since.
    pub(crate) fn holds(&self, since: Unbroken) -> bool {
        self.unbroken() == since || seeded_bug!("memory-across-breaks")
    }

    /// Nothing is kept.
    pub(crate) fn is_off(&self) -> bool {
        self.is_off
    }

    /// Keeps outcomes that were acknowledged.
    pub(crate) fn keep(&self, outcomes: Vec<(Identity<'_>, Outcome)>, since: Unbroken) {
        if !self.is_off {
            self.outcomes.keep(outcomes, since.0);
        }
    }

    /// Keeps none of the outcomes so far.
    pub(crate) fn forget_outcomes(&self) {
        self.outcomes.clear();
    }

    /// The answer to a call that is a repeat of one that was kept.
    pub(crate) fn recall(&self, call: Identity<'_>) -> Option<Answered> {
        let breaks = self.breaks.count();
        let newest = || self.machines.newest(&call.machine.map(|(machine, id)| (machine, id.clone()))?, breaks);
        if self.is_off { None } else { self.outcomes.recall(call, newest, breaks) }
    }

    /// Whether a key is that of a call that was kept.
    pub(crate) fn knows(&self, hash: &KeyHash) -> bool {
        !self.is_off && self.outcomes.knows(hash)
    }

    /// Notes what an acknowledged write made of machines.
    pub(crate) fn note_machines(&self, written: Vec<MachineWrite>, since: Unbroken) {
        if !self.is_off && !written.is_empty() {
            self.machines.note(written, since.0);
        }
    }

    /// Doubts machines that were not as they were known to be.
    pub(crate) fn doubt(&self, missed: &[LockName]) {
        if !self.is_off {
            self.machines.doubt(missed);
        }
    }

    /// A machine as it was last written here, and when its newest transition was made.
    pub(crate) fn machine(&self, id: &MachineId) -> Option<(MachineRow, Timestamp)> {
        if self.is_off { None } else { self.machines.assumed(id, self.breaks.count()) }
    }
}
