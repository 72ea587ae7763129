//! Rows of callers' tables in one database.

use std::time::Duration;

use super::table::RowWrite;
use super::writer::RowDialect;
use crate::model::row::identifier::TableName;
use crate::store::binder::Binder;
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::write::rows::After;
use crate::store::write::written::Written;

/// Rows of callers' tables in one database.
pub trait RowStore: Connect + RowDialect {
    /// Tells what a table is like, in rows of a column's name and type (`c`), or of a unique index's name and one of its
    /// columns (`u`).
    const DESCRIBE: &'static str;

    /// Text may hold NUL.
    const NUL_IN_TEXT: bool;

    /// Binds the name of the table that is described.
    fn bind_name(table: &TableName) -> Binder<Self>;

    /// The highest whole number that a column of this type holds, if it holds any.
    fn max(type_name: &str) -> Option<i64>;

    /// Writes the row, and its key, in a transaction of its own, or nothing.
    fn write_row(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
        wait: Duration,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// The same in the transaction that is open. `Ok(None)`: the row is not as expected, or the key was taken meanwhile.
    fn write_row_joined(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
    ) -> impl Future<Output = Result<Option<After>, StoreError>> + Send;
}
