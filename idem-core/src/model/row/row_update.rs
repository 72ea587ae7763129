//! An update of one row, and what was found where it was missed.

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::model::claim::fence::Fence;
use crate::model::row::identifier::{Identifier, TableName};
use crate::value::Value;

/// An update of at most one row.
#[derive(Debug)]
pub struct RowUpdate {
    pub(crate) table: TableName,
    pub(crate) kind: RowUpdateKind,
    /// The columns that name the row; at least one, sorted, as the others are.
    pub(crate) keys: Vec<Cell>,
    pub(crate) sets: Vec<Cell>,
    /// What other columns must hold.
    pub(crate) expects: Vec<Cell>,
    /// The column that counts the updates.
    pub(crate) version: Option<Identifier>,
    /// The version the row must have; a row without one counts as 0.
    pub(crate) expected: Option<i64>,
    pub(crate) key: Option<UpdateKey>,
    pub(crate) fence: Option<Fence>,
}

/// What is done if the row is there, and if it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowUpdateKind {
    /// Updated; a row that does not exist is missed.
    Update,
    /// Updated or inserted.
    Upsert,
    /// Inserted; a row that is there is missed.
    Insert,
    /// Deleted; a row that does not exist is missed.
    Delete,
}

/// A column and the value it is given or compared with.
#[derive(Debug)]
pub struct Cell {
    pub(crate) column: Identifier,
    pub(crate) value: Value,
}

/// The key to record beside the update.
#[derive(Debug)]
pub struct UpdateKey {
    pub(crate) key: Key,
    pub(crate) hash: KeyHash,
    pub(crate) fingerprint: Fingerprint,
    /// How long it is remembered, in microseconds.
    pub(crate) retention: i64,
}

/// What is there, in one snapshot.
#[derive(Debug)]
pub struct Found {
    pub(crate) now: Timestamp,
    /// The table is still what it was described as.
    pub(crate) described: bool,
    pub(crate) key: Option<KnownUpdate>,
    /// How many rows have the key: 0, 1, or 2 for more than one.
    pub(crate) rows: usize,
    pub(crate) version: Option<i64>,
    /// Where no versions are counted: differs from that of this row at any other time, as far as others can write meanwhile.
    pub(crate) stamp: Option<String>,
    /// For each expectation, whether it is met.
    pub(crate) met: Vec<bool>,
}

/// A row, or none, as it was found before a write of it that wrote nothing.
#[derive(Debug, Clone)]
pub struct Missed {
    version: Option<i64>,
    stamp: Option<String>,
    /// How many writes in a row.
    writes: u32,
}

impl Missed {
    /// One write may be missed because another transaction was there and went; that a second one finds the row exactly as it was
    /// and is missed too is the table's doing.
    const MOST: u32 = 2;

    /// What the next write of the row that was found would miss; `None` if it would be missed too.
    pub(crate) fn next(before: Option<&Self>, found: &Found) -> Option<Self> {
        let same = |before: &&Self| (before.version, &before.stamp) == (found.version, &found.stamp);
        let writes = before.filter(same).map_or(0, |before| before.writes);
        (writes < Self::MOST).then(|| Self { version: found.version, stamp: found.stamp.clone(), writes: writes + 1 })
    }
}

/// A key that is recorded.
#[derive(Debug)]
pub struct KnownUpdate {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) target: String,
    pub(crate) version: i64,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

impl RowUpdate {
    /// The version that the expected one leads to, or that is deleted; 0 if none is expected.
    pub(crate) fn planned(&self) -> i64 {
        let counts = i64::from(self.kind != RowUpdateKind::Delete);
        self.expected.map_or(0, |version| version.saturating_add(counts))
    }

    /// Whether a row must be there, and which stays as it is where the update is missed.
    pub(crate) fn needs_row(&self) -> bool {
        matches!(self.kind, RowUpdateKind::Update | RowUpdateKind::Delete)
    }
}
