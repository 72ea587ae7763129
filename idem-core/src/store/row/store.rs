//! Rows of callers' tables in one database.

use super::table::DescribedTable;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Found, RowUpdate};
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// Rows of callers' tables in one database. They are written as any other write.
pub trait RowStore: Connect {
    /// What a table is like; `None` if there is none of that name.
    fn describe(
        session: &mut Session<'_, Self>,
        table: &TableName,
    ) -> impl Future<Output = Result<Option<DescribedTable>, StoreError>> + Send;

    /// The row and the key that an update missed, in one snapshot.
    fn find(
        session: &mut Session<'_, Self>,
        update: &RowUpdate,
        table: &DescribedTable,
    ) -> impl Future<Output = Result<Found, StoreError>> + Send;
}
