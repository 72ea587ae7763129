//! A caller's table as it was described, with the statements over its rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::Error;

use crate::clock::Timestamp;
use crate::model::row::identifier::Identifier;
use crate::model::row::row_update::{Cell, Found, KnownUpdate, Missed, RowUpdate, RowUpdateKind};
use crate::model::row::table_schema::{ColumnSchema, TableKind, TableSchema};
use crate::store::reader::{Cells, Reader};
use crate::store::tables::Text;
use crate::store::write::rows::{CommitWitness, KeyTable};
use crate::value::Value;

/// A row that is written.
#[derive(Debug)]
pub struct RowWrite {
    pub(crate) update: Arc<RowUpdate>,
    pub(crate) table: Arc<DescribedTable>,
    /// What was found of the row before it, if that was looked for.
    pub(crate) seen: Option<Missed>,
    /// The statement looks at the claim that fences the update.
    pub(crate) fenced: bool,
}

impl RowWrite {
    /// The key's row. Another call under the same key may have written it: its answer is read then.
    pub(crate) fn witness(&self) -> Option<CommitWitness> {
        let at = if seeded_bug!("late-update-denied") { Some(Timestamp::from_micros(0)) } else { None };
        Some(CommitWitness::Key { of: KeyTable::Claims, hash: self.update.key.as_ref()?.hash, at })
    }
}

/// A caller's table, and the statements over its rows that were needed so far.
#[derive(Debug)]
pub struct DescribedTable {
    pub(crate) schema: TableSchema,
    templates: Mutex<BTreeMap<RowShape, Arc<Template>>>,
}

/// A statement over one row, and what its parameters stand for. Made once for all updates that differ in values alone.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) text: Text,
    pub(crate) slots: Vec<Slot>,
}

/// What a parameter stands for. Cells are counted within their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Key(usize),
    Set(usize),
    Expect(usize),
    /// The version the row must have.
    Expected,
    /// The version that the expected one leads to.
    Planned,
    /// Of the key to record.
    Hash,
    Scope,
    Target,
    Fingerprint,
    Retention,
    /// The longest wait for a lock.
    Wait,
    /// The time until which it may write.
    Until,
    /// The claim that fences it.
    FenceHash,
    FenceEpoch,
}

/// The parameters of a statement that is being written.
#[derive(Debug, Default)]
pub struct ParamList(Vec<Slot>);

impl ParamList {
    /// The number of the parameter that stands for `slot`, from 1.
    pub(crate) fn number(&mut self, slot: Slot) -> usize {
        let known = self.0.iter().position(|known| *known == slot);
        known.unwrap_or_else(|| {
            self.0.push(slot);
            self.0.len() - 1
        }) + 1
    }
}

/// Which statement over a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowStatement {
    /// The update in a transaction of its own.
    Own,
    /// The same, fenced.
    Fenced,
    /// The update in an open transaction.
    Joined,
    /// What is there.
    Find,
}

/// Everything in which two updates of one table need different statements.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RowShape {
    statement: RowStatement,
    kind: RowUpdateKind,
    keyed: bool,
    version: Option<Identifier>,
    expected: bool,
    /// How many of the cells are keys, and how many are set.
    lists: (usize, usize),
    /// Each cell's column, and whether it is bound as bytes, or is nothing.
    cells: Vec<(Identifier, bool, bool)>,
}

impl RowShape {
    fn of(statement: RowStatement, update: &RowUpdate) -> Self {
        let cells = update.keys.iter().chain(&update.sets).chain(&update.expects);
        Self {
            statement,
            kind: update.kind,
            keyed: update.key.is_some(),
            version: update.version.clone(),
            expected: update.expected.is_some(),
            lists: (update.keys.len(), update.sets.len()),
            cells: cells
                .map(|cell| (cell.column.clone(), matches!(cell.value, Value::Bytes(_)), cell.value == Value::Null))
                .collect(),
        }
    }
}

impl DescribedTable {
    /// More shapes of one table's updates than these are not written by hand.
    const MAX_TEMPLATES: usize = 256;

    /// From rows as [`RowStore::DESCRIBE`](super::store::RowStore::DESCRIBE) says. `None`: there is no such table.
    pub(crate) fn from_rows<C: Cells>(
        rows: &[C],
        nul_in_text: bool,
        max: impl Fn(&str) -> Option<i64>,
    ) -> Result<Option<Self>, Error> {
        let mut described = Vec::with_capacity(rows.len());
        for row in rows {
            let mut row = Reader::new(row);
            let fact: (String, String, String) = (row.field()?, row.field()?, row.field()?);
            described.push(fact);
        }
        let of = |what: &'static str| described.iter().filter(move |(of, ..)| of == what);
        let details = |what, column: &str| {
            let of_column = of(what).filter(|(_, name, _)| name == column).map(|(.., detail)| detail.clone());
            of_column.collect::<Vec<_>>()
        };
        let column = |(_, name, type_name): &(String, String, String)| ColumnSchema {
            name: name.clone(),
            type_name: type_name.clone(),
            type_id: details("i", name).pop(),
            domain: !details("d", name).is_empty(),
            modifier: details("m", name).pop().and_then(|modifier| modifier.parse().ok()),
            labels: details("e", name),
            generated: !details("g", name).is_empty(),
            max: max(type_name),
        };
        let columns: Vec<_> = of("c").map(column).collect();
        let mut unique = BTreeMap::<&str, Vec<String>>::new();
        for (_, index, column) in of("u") {
            unique.entry(index).or_default().push(column.clone());
        }
        let kind = match of("k").next().map(|(_, kind, _)| kind.as_str()) {
            Some("partitioned") => TableKind::Partitioned,
            Some("view") => TableKind::View,
            Some("uncounted view") => TableKind::UncountedView,
            _ => TableKind::Plain,
        };
        let schema = TableSchema { kind, columns, unique: unique.into_values().collect(), nul_in_text };
        Ok((!schema.columns.is_empty()).then(|| Self { schema, templates: Mutex::default() }))
    }

    /// The type of a cell's column.
    pub(crate) fn type_of(&self, cell: &Cell) -> &str {
        self.schema.column(&cell.column).map_or("text", |column| &column.type_name)
    }

    /// The statement over a row; `write` is asked if it is not known yet.
    pub(crate) fn template(
        &self,
        statement: RowStatement,
        update: &RowUpdate,
        write: impl FnOnce(&mut ParamList) -> String,
    ) -> Arc<Template> {
        let shape = RowShape::of(statement, update);
        let mut known = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = known.get(&shape) {
            return template.clone();
        }
        let mut params = ParamList::default();
        let text = write(&mut params).into();
        let template = Arc::new(Template { text, slots: params.0 });
        if known.len() >= Self::MAX_TEMPLATES {
            known.clear();
        }
        known.insert(shape, template.clone());
        template
    }

    /// All statements that were needed.
    #[cfg(test)]
    pub(in crate::store) fn texts(&self) -> Vec<Text> {
        let templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        templates.values().map(|template| template.text.clone()).collect()
    }
}

/// Reads what is there: rows of `now`, whether the table is as it was described, `fingerprint, target, seq, at, expires_at` (NULL
/// where no key is known), whether there is a row, its version, its stamp, and for each expectation whether it is met.
pub(crate) fn found<C: Cells>(rows: &[C], update: &RowUpdate) -> Result<Found, Error> {
    let mut row = Reader::new(rows.first().ok_or(Error::RowNotFound)?);
    let now = row.field()?;
    let described = row.field::<Option<bool>>()? == Some(true);
    let fingerprint: Option<Vec<u8>> = row.field()?;
    let key = match fingerprint {
        None => {
            row.skip(4);
            None
        }
        Some(fingerprint) => Some(KnownUpdate {
            fingerprint,
            target: row.field()?,
            version: row.field()?,
            at: row.field()?,
            expires_at: row.field()?,
        }),
    };
    let there: Option<i64> = row.field()?;
    let (version, stamp) = (row.field()?, row.field()?);
    let met = update.expects.iter().map(|_| Ok(row.field::<Option<bool>>()? == Some(true)));
    let met = met.collect::<Result<_, Error>>()?;
    Ok(Found { now, described, key, rows: if there.is_some() { rows.len() } else { 0 }, version, stamp, met })
}
