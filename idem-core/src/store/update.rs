//! One row of a table of the user's own: what is asked, what the table is like, what was found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::Error;

use crate::clock::Timestamp;
use crate::model::row::row_update::{Cell, Found, KnownKey, RowUpdate, RowWrite};
use crate::model::row::table_schema::{ColumnSchema, TableSchema};
use crate::store::read::{Cells, Reader};
use crate::store::statement::Text;
use crate::value::Value;

/// A caller's table, and the statements over its rows that were needed so far.
#[derive(Debug)]
pub struct DescribedTable {
    pub(crate) schema: TableSchema,
    pub(crate) templates: Templates,
}

/// A row that was written.
#[derive(Debug)]
pub struct Wrote {
    /// The new version; 0 where none is counted.
    pub(crate) version: i64,
    /// The time of the key that was recorded in the caller's transaction.
    pub(crate) at: Option<Timestamp>,
}

impl DescribedTable {
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
                columns.push(ColumnSchema { name, max: max(&detail), type_name: detail });
            } else if let Some((_, columns)) = unique.iter_mut().find(|(index, _)| *index == name) {
                columns.push(detail);
            } else {
                unique.push((name, vec![detail]));
            }
        }
        let unique = unique.into_iter().map(|(_, columns)| columns).collect();
        Ok((!columns.is_empty()).then(|| {
            Arc::new(Self { schema: TableSchema { columns, unique, nul_in_text }, templates: Templates::default() })
        }))
    }
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

/// A statement over one row, and what its parameters stand for. Made once for all updates that differ in values alone.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) text: Text,
    pub(crate) slots: Vec<Slot>,
}

/// What a parameter stands for. Cells are counted within their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "SQLite waits as its connection says, and knows versions in time")
)]
pub(crate) enum Slot {
    Key(usize),
    Set(usize),
    Expect(usize),
    /// The version the row must have.
    Expected,
    /// The version that the expected one leads to.
    Planned,
    /// Of the key to record.
    Hash,
    Target,
    Fingerprint,
    Retention,
    /// The longest wait for a lock.
    Wait,
}

/// The parameters of a statement that is being written.
#[derive(Debug, Default)]
pub(crate) struct Draft(Vec<Slot>);

impl Draft {
    /// The parameter that stands for `slot`.
    pub(crate) fn place(&mut self, slot: Slot) -> String {
        let known = self.0.iter().position(|known| *known == slot);
        let place = known.unwrap_or_else(|| {
            self.0.push(slot);
            self.0.len() - 1
        });
        format!("${}", place + 1)
    }
}

/// Statements by what they have in common with others.
#[derive(Debug, Default)]
pub(crate) struct Templates(Mutex<HashMap<String, Arc<Template>>>);

impl Templates {
    /// More shapes of one table's updates than these are not written by hand.
    const MOST: usize = 256;

    /// The statement that `form` makes of `update`; `write` is asked if it is not known yet.
    pub(crate) fn get(
        &self,
        form: &str,
        update: &RowUpdate,
        write: impl FnOnce(&mut Draft) -> String,
    ) -> Arc<Template> {
        let shape = update.shape(form);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = known.get(&shape) {
            return template.clone();
        }
        let mut draft = Draft::default();
        let text = write(&mut draft).into();
        let template = Arc::new(Template { text, slots: draft.0 });
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(shape, template.clone());
        template
    }

    /// All that are known.
    #[cfg(test)]
    pub(in crate::store) fn texts(&self) -> Vec<Text> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|template| template.text.clone()).collect()
    }
}

impl RowUpdate {
    /// Everything in which two updates of one table need different statements.
    fn shape(&self, form: &str) -> String {
        let mut shape = String::with_capacity(64);
        shape.push_str(form);
        shape.push(match self.write {
            RowWrite::Update => '~',
            RowWrite::Upsert => '*',
            RowWrite::Insert => '+',
        });
        shape.push(if self.claim.is_some() { '!' } else { '.' });
        if let Some(version) = &self.version {
            shape.push_str(version.as_str());
        }
        shape.push(if self.expected.is_some() { '=' } else { '.' });
        for (list, cells) in [('k', &self.keys), ('s', &self.sets), ('e', &self.expects)] {
            for cell in cells {
                // No name has these signs in it.
                shape.push(if matches!(cell.value, Value::Bytes(_)) { '#' } else { ':' });
                shape.push(list);
                shape.push(':');
                shape.push_str(cell.column.as_str());
            }
        }
        shape
    }

    /// The cell that a parameter stands for.
    pub(crate) fn cell(&self, slot: Slot) -> Option<&Cell> {
        match slot {
            Slot::Key(at) => self.keys.get(at),
            Slot::Set(at) => self.sets.get(at),
            Slot::Expect(at) => self.expects.get(at),
            _ => None,
        }
    }

    /// The error of a parameter that stands for nothing in the update, which no template has.
    pub(crate) fn nothing_at(&self, slot: Slot) -> Error {
        Error::Encode(format!("the update of {} has no {slot:?}", self.table).into())
    }

    /// The version that the expected one leads to; 0 if none is expected.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only where a key is claimed before its update"))]
    pub(crate) fn planned(&self) -> i64 {
        self.expected.map_or(0, |version| version.saturating_add(1))
    }
}
