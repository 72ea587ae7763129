//! What was loaded: the ground that decisions stand on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::rows::{AccountRow, HoldRow, KeyRow, MachineRow, RunRow};

/// A machine's name and id.
pub(crate) type MachineId = (&'static str, Arc<str>);
/// A machine and the seq of one of its transitions.
pub(crate) type RunId = (&'static str, Arc<str>, i64);
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
    pub(crate) expired: BTreeMap<Arc<str>, Expired>,
}

/// The holds of an account that have expired and still reserve something.
#[derive(Debug)]
pub(crate) struct Expired {
    pub(crate) holds: BTreeMap<Arc<str>, HoldRow>,
    /// How many were asked for; if so many came, there may be more.
    pub(crate) asked: i64,
}

impl Expired {
    /// How many are asked for at first.
    pub(crate) const FEW: i64 = 1_000;

    /// How many to ask for where these were not enough; `None` if they are all there are.
    pub(crate) fn more(&self) -> Option<i64> {
        let full = i64::try_from(self.holds.len()).is_ok_and(|found| found >= self.asked);
        full.then(|| self.asked.saturating_mul(8))
    }
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
    /// How many of each account's.
    pub(crate) expired: BTreeMap<Arc<str>, i64>,
}

impl Needs {
    pub(crate) fn is_empty(&self) -> bool {
        let ledger = self.accounts.is_empty() && self.holds.is_empty() && self.expired.is_empty();
        ledger && self.runs.is_empty() && self.visits.is_empty()
    }
}
