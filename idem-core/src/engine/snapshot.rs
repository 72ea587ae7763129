//! What was loaded: the ground that decisions stand on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::rows::{AccountRow, HoldRow, KeyRow, MachineRow, RunRow};

/// A machine's name and id.
pub(crate) type MachineId = (&'static str, Arc<str>);
/// A machine and the wire name of one of its commands.
pub(crate) type RunId = (&'static str, Arc<str>, &'static str);
/// A machine and the position of one of its states.
pub(crate) type VisitId = (&'static str, Arc<str>, usize);

/// Rows of one moment; `None` says that the row was looked for and is not there.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// The database's time; `None` if nothing was asked.
    pub(crate) now: Option<Timestamp>,
    pub(crate) machines: BTreeMap<MachineId, Option<MachineRow>>,
    pub(crate) keys: HashMap<KeyHash, KeyRow>,
    pub(crate) runs: BTreeMap<RunId, Option<RunRow>>,
    pub(crate) visits: BTreeMap<VisitId, Option<i64>>,
    pub(crate) accounts: BTreeMap<Arc<str>, Option<AccountRow>>,
    pub(crate) holds: BTreeMap<Arc<str>, Option<HoldRow>>,
    /// Per account its holds that have expired and still reserve something.
    pub(crate) expired: BTreeMap<Arc<str>, Vec<(Arc<str>, HoldRow)>>,
}

/// What a decision found missing in the snapshot: it is loaded, and everything is decided again, which is free because
/// transitions are pure.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) runs: BTreeSet<RunId>,
    /// With the state's names on the wire, now and earlier.
    pub(crate) visits: BTreeMap<VisitId, Vec<&'static str>>,
    pub(crate) accounts: BTreeSet<Arc<str>>,
    pub(crate) holds: BTreeSet<Arc<str>>,
    pub(crate) expired: BTreeSet<Arc<str>>,
}

impl Needs {
    pub(crate) fn is_empty(&self) -> bool {
        let ledger = self.accounts.is_empty() && self.holds.is_empty() && self.expired.is_empty();
        ledger && self.runs.is_empty() && self.visits.is_empty()
    }
}
