//! The rows loaded from the database for one decision.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::engine::decide::history::History;
use crate::key::KeyHash;
use crate::map::Map;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Found, Missed, RowUpdate};
use crate::store::key::KnownKey;
use crate::store::ledger::rows::{AccountRow, HoldRow};
use crate::store::machine::rows::{MachineRow, TransitionSummary};
use crate::store::row::table::DescribedTable;
use crate::store::statements::Statements;

/// A machine's name and id.
pub(crate) type MachineId = (&'static str, Arc<str>);
/// A machine and the seq of one of its transitions.
pub(crate) type TransitionId = (&'static str, Arc<str>, i64);
/// A machine and the name of one of its states.
pub(crate) type StateId = (&'static str, Arc<str>, &'static str);

/// What is asked for before anything is decided.
#[derive(Debug, Default)]
pub(crate) struct Asked<'p> {
    pub(crate) machines: BTreeSet<(&'static str, &'p Arc<str>)>,
    /// Keys that name a transition. They are loaded with the machines.
    pub(crate) keys: BTreeSet<KeyHash>,
    /// Keys that name entries, or nothing.
    pub(crate) ledger_keys: BTreeSet<KeyHash>,
    pub(crate) accounts: BTreeSet<Arc<str>>,
    pub(crate) holds: BTreeSet<Arc<str>>,
}

/// Rows of one moment; `None` says that the row was looked up and does not exist.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// The database's time; `None` if nothing was asked.
    pub(crate) now: Option<Timestamp>,
    /// Rows are assumed, and the write finds out.
    pub(crate) blind: bool,
    pub(crate) machines: Map<MachineId, Option<MachineRow>>,
    pub(crate) keys: Map<KeyHash, KnownKey>,
    pub(crate) transitions: BTreeMap<TransitionId, Option<TransitionSummary>>,
    pub(crate) visits: BTreeMap<StateId, Option<i64>>,
    pub(crate) histories: BTreeMap<MachineId, Option<History>>,
    pub(crate) accounts: Map<Arc<str>, Option<AccountRow>>,
    /// What the tails of tallies add up to, of those that were looked at.
    pub(crate) tails: BTreeMap<Arc<str>, i128>,
    pub(crate) holds: BTreeMap<Arc<str>, Option<HoldRow>>,
    pub(crate) expired: BTreeMap<Arc<str>, ExpiredHolds>,
    /// The caller's table that a row update is for, and what was found there.
    pub(crate) table: Option<TableFound>,
    pub(crate) row: Option<Found>,
    /// The row that the write before this decision missed.
    pub(crate) missed: Option<Missed>,
}

impl Snapshot {
    /// Adds rows that were asked for, in the place of what was assumed of them.
    pub(crate) fn add(&mut self, asked: Self) {
        self.now = self.now.max(asked.now);
        self.machines.extend(asked.machines);
        self.keys.extend(asked.keys);
        self.accounts.extend(asked.accounts);
        self.holds.extend(asked.holds);
    }
}

/// A caller's table; none of that name.
#[derive(Debug)]
pub(crate) struct TableFound {
    pub(crate) table: Option<Arc<DescribedTable>>,
    /// It was described for this very decision.
    pub(crate) anew: bool,
}

impl TableFound {
    /// As it was last described.
    pub(crate) fn known(sql: &Statements, table: &TableName) -> Option<Self> {
        sql.described(table.as_str()).map(|table| Self { table: Some(table), anew: false })
    }
}

/// The holds of an account that have expired and still reserve something.
#[derive(Debug)]
pub(crate) struct ExpiredHolds {
    pub(crate) holds: BTreeMap<Arc<str>, HoldRow>,
    /// How many were asked for; if that many came, there may be more.
    pub(crate) asked: i64,
}

impl ExpiredHolds {
    /// How many are asked for at first.
    pub(crate) const PAGE: i64 = 1_000;

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
    pub(crate) transitions: BTreeSet<TransitionId>,
    /// With the state's names on the wire, now and earlier.
    pub(crate) visits: BTreeMap<StateId, Vec<&'static str>>,
    /// All transitions of machines.
    pub(crate) histories: BTreeSet<MachineId>,
    pub(crate) accounts: BTreeSet<Arc<str>>,
    /// Tallies, with what their tails add up to.
    pub(crate) tails: BTreeSet<Arc<str>>,
    pub(crate) holds: BTreeSet<Arc<str>>,
    /// How many of each account's.
    pub(crate) expired: BTreeMap<Arc<str>, i64>,
    /// A caller's table; if so said, described anew.
    pub(crate) table: Option<(TableName, bool)>,
    /// What is there of a row.
    pub(crate) row: Option<(Arc<RowUpdate>, Arc<DescribedTable>)>,
}

impl Needs {
    pub(crate) fn is_empty(&self) -> bool {
        let ledger =
            self.accounts.is_empty() && self.tails.is_empty() && self.holds.is_empty() && self.expired.is_empty();
        let machines = self.transitions.is_empty() && self.visits.is_empty() && self.histories.is_empty();
        ledger && machines && self.table.is_none() && self.row.is_none()
    }
}
