//! What a missed update means.

use crate::clock::Timestamp;
use crate::error::UpdateProblem;
use crate::error::{Error, KeyReused};
use crate::model::row::row_update::{Cell, Found, RowUpdate, RowUpdateKind};
use crate::model::row::table_schema::TableSchema;

/// The version and the time that a known key answers with.
pub(crate) type Replay = (i64, Timestamp);

/// The answer, or `None` if by now the update would not be missed: then it is tried again.
pub(crate) fn verdict(update: &RowUpdate, schema: &TableSchema, found: &Found) -> Option<Result<Replay, Error>> {
    if let Some(known) = known(update, found) {
        return Some(known);
    }
    let table = || update.table.as_str().to_owned();
    let key = || update.keys.iter().map(name).collect();
    let refused = |problem| Some(Err(Error::Update { table: table(), problem }));
    match (update.kind, found.rows) {
        (RowUpdateKind::Update | RowUpdateKind::Delete, 0) => {
            return Some(Err(Error::Missing { table: table(), key: key() }));
        }
        (RowUpdateKind::Upsert | RowUpdateKind::Insert, 0) => return None,
        (_, 1) => {}
        _ => return refused(UpdateProblem::ManyRows { columns: key() }),
    }
    let current = found.version.unwrap_or(0);
    let expected = if update.kind == RowUpdateKind::Insert { Some(0) } else { update.expected };
    let differs: Vec<String> =
        update.expects.iter().zip(&found.met).filter(|(_, met)| !**met).map(|(cell, _)| name(cell)).collect();
    let unexpected =
        update.kind == RowUpdateKind::Insert || update.expected.is_some_and(|expected| expected != current);
    if unexpected || !differs.is_empty() {
        return Some(Err(Error::Stale { table: table(), key: key(), expected, found: found.version, differs }));
    }
    let column = update.version.as_ref().filter(|_| update.kind != RowUpdateKind::Delete)?;
    let max = schema.column(column)?.max?;
    if current >= max { refused(UpdateProblem::VersionExhausted { column: column.as_str().to_owned() }) } else { None }
}

/// The answer of a key that is known and has not expired.
fn known(update: &RowUpdate, found: &Found) -> Option<Result<Replay, Error>> {
    let (claim, known) = (update.key.as_ref()?, found.key.as_ref()?);
    if known.expires_at.is_some_and(|expires_at| expires_at <= found.now) {
        return None;
    }
    if known.fingerprint == claim.fingerprint.0 {
        return Some(Ok((known.version, known.at)));
    }
    let first = format!("an update of `{}`", known.target);
    let second = format!("another update of `{}`", update.table.as_str());
    Some(Err(Error::KeyReused(Box::new(KeyReused::new(&claim.hash, known.at, first, second)))))
}

fn name(cell: &Cell) -> String {
    cell.column.as_str().to_owned()
}
