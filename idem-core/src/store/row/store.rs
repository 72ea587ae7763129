//! Rows of callers' tables in one database.

use super::table::RowWrite;
use super::writer::{RowDialect, RowWriter};
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::RowUpdate;
use crate::model::row::table_schema::TableSchema;
use crate::store::binder::Binder;
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::write::rows::RowAfter;

/// Rows of callers' tables in one database.
pub trait RowStore: Connect + RowDialect {
    /// Describes a table, in rows of three texts: `k`, its kind (`partitioned`, `view`, `uncounted view`, else plain);
    /// `c`, a column and its type; `i`, `d`, `m` and `e`, a column and its type's number, that this is a domain, its modifier, one
    /// of its labels; `u`, a unique index and one of its columns.
    const DESCRIBE: &'static str;

    /// Text may hold NUL.
    const NUL_IN_TEXT: bool;

    /// Binds the name of the table that is described.
    fn bind_name(table: &TableName) -> Binder<Self>;

    /// The highest whole number that a column of this type holds, if it holds any.
    fn max(type_name: &str) -> Option<i64>;

    /// Whether the database may refuse one of the values for what it is, and so abort the transaction that is open.
    fn may_refuse(_update: &RowUpdate, _schema: &TableSchema) -> bool {
        false
    }

    /// Whether an error of a statement over a caller's row says that the table is not as it was described, or does not take a
    /// value.
    fn is_of_table(error: &sqlx::Error) -> bool;

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
