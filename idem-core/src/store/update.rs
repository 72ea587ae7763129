//! One row of a table of the user's own: what is asked, what the table is like, what was found.

use std::sync::Arc;

use sqlx::{Arguments as _, Encode, Error, Type};

use super::read::{Cells, Reader};
use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::KeyHash;
use crate::value::Value;
use crate::version::identifier::{Identifier, TableName};

/// An update of at most one row.
#[derive(Debug)]
pub struct RowUpdate {
    pub(crate) table: TableName,
    pub(crate) write: RowWrite,
    /// The columns that name the row; at least one, sorted, as the others are.
    pub(crate) keys: Vec<Cell>,
    pub(crate) sets: Vec<Cell>,
    /// What other columns must hold.
    pub(crate) expects: Vec<Cell>,
    /// The column that counts the updates.
    pub(crate) version: Option<Identifier>,
    /// The version the row must have; a row without one counts as 0.
    pub(crate) expected: Option<i64>,
    pub(crate) claim: Option<Claim>,
}

/// What is done if the row is there, and if it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowWrite {
    /// Updated; a row that is not there is missed.
    Update,
    /// Updated or inserted.
    Upsert,
    /// Inserted; a row that is there is missed.
    Insert,
}

/// A column and the value it is given or compared with.
#[derive(Debug)]
pub struct Cell {
    pub(crate) column: Identifier,
    pub(crate) value: Value,
}

/// The key to record beside the update.
#[derive(Debug)]
pub struct Claim {
    pub(crate) hash: KeyHash,
    pub(crate) fingerprint: Fingerprint,
    /// How long it is remembered, in microseconds.
    pub(crate) retention: i64,
}

/// The surface of the keys of updates.
pub(crate) const SURFACE: &str = "version";

/// A table of the user's, as the database describes it.
#[derive(Debug)]
pub struct TableShape {
    pub(crate) columns: Vec<Column>,
    /// The column sets that no two rows share.
    pub(crate) unique: Vec<Vec<String>>,
    /// Text may have U+0000.
    pub(crate) nul_in_text: bool,
}

/// A column of the user's.
#[derive(Debug)]
pub struct Column {
    pub(crate) name: String,
    /// Its type, as the database writes it.
    pub(crate) kind: String,
    /// The largest whole number it holds, if it holds whole numbers.
    pub(crate) max: Option<i64>,
}

/// A row that was written.
#[derive(Debug)]
pub struct Wrote {
    /// The new version; 0 where none is counted.
    pub(crate) version: i64,
    /// The time of the key, if there is one.
    pub(crate) at: Option<Timestamp>,
}

/// What is there, in one snapshot.
#[derive(Debug)]
pub struct Found {
    pub(crate) now: Timestamp,
    pub(crate) key: Option<KnownKey>,
    /// How many rows have the key: 0, 1, or 2 for more than one.
    pub(crate) rows: usize,
    pub(crate) version: Option<i64>,
    /// For each expectation, whether it is met.
    pub(crate) met: Vec<bool>,
}

/// A key that is recorded.
#[derive(Debug)]
pub struct KnownKey {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) target: String,
    pub(crate) version: i64,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

impl TableShape {
    /// From rows of a column's name and type (`c`), or of a unique index's name and one of its columns (`u`).
    pub(crate) fn from_rows<R: Cells>(
        rows: &[R],
        nul_in_text: bool,
        max: impl Fn(&str) -> Option<i64>,
    ) -> Result<Option<Arc<Self>>, Error> {
        let (mut columns, mut unique) = (Vec::new(), Vec::<(String, Vec<String>)>::new());
        for row in rows {
            let mut row = Reader::new(row);
            let (what, name, detail) = (row.text()?, row.text()?, row.text()?);
            if what == "c" {
                columns.push(Column { name, max: max(&detail), kind: detail });
            } else if let Some((_, columns)) = unique.iter_mut().find(|(index, _)| *index == name) {
                columns.push(detail);
            } else {
                unique.push((name, vec![detail]));
            }
        }
        let unique = unique.into_iter().map(|(_, columns)| columns).collect();
        Ok((!columns.is_empty()).then(|| Arc::new(Self { columns, unique, nul_in_text })))
    }

    pub(crate) fn column(&self, name: &Identifier) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name.as_str())
    }

    /// No two rows have the same values in these columns.
    pub(crate) fn names_one_row(&self, keys: &[Cell]) -> bool {
        self.unique.iter().any(|unique| unique.iter().all(|column| has(keys, column)))
    }

    /// There is a unique index on these columns and no others.
    pub(crate) fn has_unique_index(&self, keys: &[Cell]) -> bool {
        self.unique.iter().any(|unique| unique.len() == keys.len() && unique.iter().all(|column| has(keys, column)))
    }
}

fn has(keys: &[Cell], column: &str) -> bool {
    keys.iter().any(|key| key.column.as_str() == column)
}

impl Found {
    /// Rows of `now`, `fingerprint, target, seq, at, expires_at` (NULL where no key is known), whether there is a row, its
    /// version, and for each expectation whether it is met.
    pub(crate) fn from_rows<R: Cells>(rows: &[R], update: &RowUpdate) -> Result<Self, Error> {
        let mut row = Reader::new(rows.first().ok_or(Error::RowNotFound)?);
        let now = row.at()?;
        let key = match row.maybe_bytes()? {
            None => {
                row.skip(4);
                None
            }
            Some(fingerprint) => Some(KnownKey {
                fingerprint,
                target: row.text()?,
                version: row.int()?,
                at: row.at()?,
                expires_at: row.maybe_int()?.map(Timestamp::from_micros),
            }),
        };
        let there = row.maybe_int()?.is_some();
        let version = row.maybe_int()?;
        let met = update.expects.iter().map(|_| Ok(row.maybe_int()? == Some(1))).collect::<Result<_, Error>>()?;
        Ok(Self { now, key, rows: if there { rows.len() } else { 0 }, version, met })
    }
}

/// A statement being written: its values are bound as their places are named.
pub(crate) struct Draft<D: sqlx::Database> {
    arguments: D::Arguments,
    bound: usize,
}

impl<D: sqlx::Database> Draft<D> {
    pub(crate) fn new() -> Self {
        Self { arguments: D::Arguments::default(), bound: 0 }
    }

    /// Binds a value; the parameter that stands for it.
    pub(crate) fn bind<'q, T: Encode<'q, D> + Type<D>>(&mut self, value: T) -> Result<String, Error> {
        self.arguments.add(value).map_err(Error::Encode)?;
        self.bound += 1;
        Ok(format!("${}", self.bound))
    }

    pub(crate) fn finish(self) -> D::Arguments {
        self.arguments
    }
}

/// `parts` with `separator` between them.
pub(crate) fn joined(parts: impl IntoIterator<Item = Result<String, Error>>, separator: &str) -> Result<String, Error> {
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.join(separator))
}
