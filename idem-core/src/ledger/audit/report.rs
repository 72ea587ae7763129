//! What an audit reports.

use crate::ledger::audit::finding::Finding;

/// The receiver of an audit's progress.
pub(super) type Progress<'a> = Option<Box<dyn FnMut(AuditProgress) + Send + 'a>>;

/// How far an audit is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditProgress {
    /// Accounts read so far.
    pub accounts: u64,
    /// Entries read so far.
    pub entries: u64,
    /// Keys of the ledger read so far: those of entries with them, those of remembered refusals after them.
    pub keys: u64,
}

/// What an audit read and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditReport {
    /// How many accounts there are.
    pub accounts: u64,
    /// How many entries they have.
    pub entries: u64,
    /// How many keys of the ledger there are.
    pub keys: u64,
    /// How many holds there are.
    pub holds: u64,
    /// What does not add up: the first 100.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub found: u64,
}

impl AuditReport {
    const SHOWN: usize = 100;

    /// Whether everything adds up.
    pub fn is_sound(&self) -> bool {
        self.found == 0
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < Self::SHOWN {
            self.findings.push(finding);
        }
    }
}
