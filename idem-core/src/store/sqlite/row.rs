//! Rows of callers' tables. What the update and its key need is one message to the connection's thread.

use sqlx::Sqlite;
use sqlx::sqlite::SqliteRow;

use super::frame::Frame;

use crate::model::row::identifier::TableName;
use crate::model::row::row_update::Cell;
use crate::store::binder::Binder;
use crate::store::columns::{Kind, Param};
use crate::store::dialect::Dialect as _;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::row::store::RowStore;
use crate::store::row::table::{RowWrite, Slot};
use crate::store::row::writer::{RowDialect, RowWriter, column, table_name};
use crate::store::session::Session;
use crate::store::write::rows::RowAfter;
use crate::value::Value;

impl RowStore for Sqlite {
    /// Indexes that hold some rows only, or what is computed, make nothing unique. The primary key may have no index.
    const DESCRIBE: &'static str = "
    SELECT 'c', c.name, c.type FROM pragma_database_list d CROSS JOIN pragma_table_xinfo($1, d.name) c
    WHERE d.name = $2 AND c.hidden <> 1
    UNION ALL
    SELECT 'u', '', c.name FROM pragma_database_list d CROSS JOIN pragma_table_info($1, d.name) c
    WHERE d.name = $2 AND c.pk > 0
    UNION ALL
    SELECT 'u', l.name, i.name
    FROM pragma_database_list d CROSS JOIN pragma_index_list($1, d.name) l CROSS JOIN pragma_index_info(l.name, d.name) i
    WHERE d.name = $2 AND l.\"unique\" AND NOT l.partial
        AND NOT EXISTS (SELECT 1 FROM pragma_index_info(l.name, d.name) WHERE name IS NULL)";

    const NUL_IN_TEXT: bool = true;

    fn bind_name(table: &TableName) -> Binder<Self> {
        Binder::new().bind(table.bare()).bind(table.schema().unwrap_or("main"))
    }

    /// A column of any type may hold a whole number.
    fn max(_type_name: &str) -> Option<i64> {
        Some(i64::MAX)
    }

    /// The update alone, or with its key between what opens and what closes the two. The key is recorded if the statement before
    /// wrote the row; what was there of it has expired.
    fn row_text(mut writer: RowWriter<'_>, own: bool) -> String {
        let (update, keys) = (writer.update, writer.keys);
        if update.key.is_none() {
            return writer.write::<Self>("true");
        }
        let (hash, now) = (Self::parameter(writer.params.number(Slot::Hash), Kind::Bytes), Self::NOW);
        let gate = format!(
            "NOT EXISTS (SELECT 1 FROM {keys} AS k WHERE k.hash = {hash} AND (k.expires_at IS NULL OR k.expires_at > {now}))"
        );
        let write = writer.write::<Self>(&gate);
        let version = match &update.version {
            None => "0".to_owned(),
            Some(version) => {
                let (table, named) = (table_name::<Self>(&update.table), writer.named::<Self>("t"));
                format!("(SELECT t.{} FROM {table} AS t WHERE {named})", column::<Self>(version))
            }
        };
        let claim = writer.claim::<Self>(&version, "WHERE changes() = 1");
        let Frame { open, close, .. } = Frame::of(own);
        format!("{open}; {write}; {claim}, fingerprint = excluded.fingerprint RETURNING at; {close}")
    }

    async fn row_written(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
        own: bool,
        rows: Result<Vec<SqliteRow>, StoreError>,
    ) -> Result<Option<RowAfter>, StoreError> {
        if rows.is_err() && row.update.key.is_some() {
            // Nothing is open if the wait for the lock was in vain; the first error is what happened.
            let _ = session.run(Frame::of(own).undo).await;
        }
        let rows = rows?;
        let Some(wrote) = rows.first() else { return Ok(None) };
        let at = rows.get(1).map(|recorded| Reader::new(recorded).field()).transpose()?;
        Ok(Some(RowAfter { version: Reader::new(wrote).field()?, at }))
    }
}

impl RowDialect for Sqlite {
    const SAME: &'static str = "IS";

    /// A value as SQLite has it; the column's affinity does the rest.
    fn bind_cell(binder: &mut Binder<Self>, cell: &Cell, type_name: &str) {
        match &cell.value {
            Value::Null => binder.add(None::<i64>),
            Value::Bool(truth) => binder.add(i64::from(*truth)),
            Value::Int(number) => binder.add(*number),
            Value::Float(number) => binder.add(Param::Float(*number)),
            Value::Text(text) => binder.add(&**text),
            Value::Bytes(bytes) => binder.add(&bytes[..]),
            Value::Timestamp(at) if is_whole(type_name) => binder.add(*at),
            Value::Timestamp(at) => binder.add(&at.to_string()),
        }
    }
}

/// The affinity of whole numbers: <https://sqlite.org/datatype3.html>, section 3.1.
fn is_whole(type_name: &str) -> bool {
    type_name.to_ascii_uppercase().contains("INT")
}
