//! Rows of callers' tables in one database.

use super::table::RowWrite;
use super::writer::{RowDialect, RowWriter};
use crate::model::row::identifier::TableName;
use crate::store::binder::Binder;
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::write::rows::RowAfter;

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

    /// The statement that writes a row, and its key.
    fn row_text(writer: RowWriter<'_>, own: bool) -> String;

    /// What it came to: in a transaction of its own, or in the one that is open. `None`: the row is not as expected, or the key
    /// is known.
    fn row_written(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
        own: bool,
        rows: Result<Vec<Self::Row>, StoreError>,
    ) -> impl Future<Output = Result<Option<RowAfter>, StoreError>> + Send;
}
