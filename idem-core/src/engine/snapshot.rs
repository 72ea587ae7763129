//! What was loaded: the ground that decisions stand on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::rows::{AccountRow, KeyRow, MachineRow, RunRow};

/// A machine's name and id.
pub(crate) type MachineId = (&'static str, Arc<str>);
/// A machine and the wire name of one of its commands.
pub(crate) type RunId = (&'static str, Arc<str>, &'static str);
/// A machine and the position of one of its states.
pub(crate) type VisitId = (&'static str, Arc<str>, usize);

/// Rows of one moment; `None` says that the row was looked for and is not there.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) now: Timestamp,
    pub(crate) machines: BTreeMap<MachineId, Option<MachineRow>>,
    pub(crate) keys: HashMap<KeyHash, KeyRow>,
    pub(crate) runs: BTreeMap<RunId, Option<RunRow>>,
    pub(crate) visits: BTreeMap<VisitId, Option<i64>>,
    pub(crate) accounts: BTreeMap<String, Option<AccountRow>>,
}

/// What a decision found missing in the snapshot: it is loaded, and everything is decided again, which is free because
/// transitions are pure.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) runs: BTreeSet<RunId>,
    /// With the state's names on the wire, now and earlier.
    pub(crate) visits: BTreeMap<VisitId, Vec<&'static str>>,
    pub(crate) accounts: BTreeSet<String>,
}

impl Needs {
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.visits.is_empty() && self.accounts.is_empty()
    }
}
