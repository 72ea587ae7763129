//! Statements over rows of callers' tables.

use super::store::RowStore;
use super::table::{DescribedTable, RowStatement, RowWrite, Template, found};
use super::writer::{RowWriter, bind};
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Found, RowUpdate};
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::write::rows::{Locks, RowAfter};

/// What a table is like; `None` if there is none of that name.
pub(crate) async fn describe<DB: RowStore>(
    session: &mut Session<'_, DB>,
    table: &TableName,
) -> Result<Option<DescribedTable>, StoreError> {
    let rows = session.fetch(&DB::DESCRIBE.into(), DB::bind_name(table)).await?;
    Ok(DescribedTable::from_rows(&rows, DB::NUL_IN_TEXT, DB::max)?)
}

/// The row and the key that an update missed, in one snapshot.
pub(crate) async fn find<DB: RowStore>(
    session: &mut Session<'_, DB>,
    update: &RowUpdate,
    table: &DescribedTable,
) -> Result<Found, StoreError> {
    let keys = &session.sql.keys;
    let template =
        table.template(RowStatement::Find, update, |params| RowWriter { params, update, table, keys }.find::<DB>());
    let rows = fetch(session, &template, update, table, Locks::NONE).await?;
    Ok(found(&rows, update)?)
}

/// Writes a row, and its key, in a transaction of its own or in the one that is open, or nothing: `None`.
pub(in crate::store) async fn write<DB: RowStore>(
    session: &mut Session<'_, DB>,
    row: &RowWrite,
    own: bool,
    locks: Locks,
) -> Result<Option<RowAfter>, StoreError> {
    let (keys, update, table) = (&session.sql.keys, &*row.update, &*row.table);
    let statement = if own { RowStatement::Own } else { RowStatement::Joined };
    let template =
        table.template(statement, update, |params| DB::row_text(RowWriter { params, update, table, keys }, own));
    let rows = fetch(session, &template, update, table, locks).await;
    DB::row_written(session, row, own, rows).await
}

/// Runs a statement over a row.
async fn fetch<DB: RowStore>(
    session: &mut Session<'_, DB>,
    template: &Template,
    update: &RowUpdate,
    table: &DescribedTable,
    locks: Locks,
) -> Result<Vec<DB::Row>, StoreError> {
    session.fetch(&template.text, bind(template, update, table, locks)).await
}
