//! Rows of callers' tables. What the update and its key need is one message to the connection's thread.

use sqlx::Sqlite;
use sqlx::sqlite::SqliteRow;

use super::classify::{is_of_table, lost};
use super::frame::Frame;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Cell, RowUpdateKind};
use crate::model::row::table_schema::TableKind;
use crate::store::binder::Binder;
use crate::store::columns::{Kind, Param};
use crate::store::dialect::Dialect as _;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::row::store::RowStore;
use crate::store::row::table::{RowWrite, Slot};
use crate::store::row::writer::{RowDialect, RowWriter, column};
use crate::store::session::Session;
use crate::store::write::rows::RowAfter;
use crate::value::Value;

impl RowStore for Sqlite {
    /// Indexes that hold some rows only, or what is computed, make nothing unique. The primary key may have no index. What a trigger
    /// does in the place of an update of a view is not counted.
    const DESCRIBE: &'static str = "
    SELECT 'k', l.type, '' FROM (
        SELECT CASE type WHEN 'view' THEN 'uncounted view' ELSE '' END AS type
        FROM pragma_table_list WHERE schema = $2 AND name = $1 COLLATE NOCASE
    ) l
    UNION ALL
    SELECT 'c', c.name, c.type FROM pragma_database_list d CROSS JOIN pragma_table_xinfo($1, d.name) c
    WHERE d.name = $2 AND c.hidden <> 1
    UNION ALL
    SELECT 'g', c.name, '' FROM pragma_database_list d CROSS JOIN pragma_table_xinfo($1, d.name) c
    WHERE d.name = $2 AND c.hidden > 1
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

    fn is_of_table(error: &sqlx::Error) -> bool {
        is_of_table(error)
    }

    /// The update alone, or with its key between what opens and what closes the two.
    ///
    /// The key is claimed first, with the version that the update will lead to: read after the update it could be what a trigger
    /// made of it. The update writes if the statement before claimed the key. A claim has no fingerprint until the update has
    /// written; one that does not get any fails, and with it everything.
    fn row_text(mut writer: RowWriter<'_>, own: bool) -> String {
        let claims = writer.claims;
        if writer.update.key.is_none() {
            return writer.write::<Self>("true");
        }
        let claim = claim(&mut writer);
        let write = writer.write::<Self>("changes() = 1");
        let (hash, fingerprint) = (writer.params.number(Slot::Hash), writer.params.number(Slot::Fingerprint));
        let (hash, fingerprint) = (Self::parameter(hash, Kind::Bytes), Self::parameter(fingerprint, Kind::Bytes));
        let Frame { open, close, .. } = Frame::of(own);
        format!(
            "{open}; {claim}; {write}; UPDATE {claims} SET fingerprint = CASE WHEN changes() = 1 THEN {fingerprint} END \
             WHERE hash = {hash} AND fingerprint = x''; {close}"
        )
    }

    async fn row_written(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
        own: bool,
        rows: Result<Vec<SqliteRow>, StoreError>,
    ) -> Result<Option<RowAfter>, StoreError> {
        if row.update.key.is_none() {
            let wrote = |row| {
                let mut row = Reader::new(row);
                Ok(RowAfter { version: row.field()?, at: row.field()? })
            };
            return rows?.first().map(wrote).transpose();
        }
        let error = match rows {
            // The key, if it was claimed, stands before the row that was written.
            Ok(rows) => {
                let Some(claimed) = rows.first() else { return Ok(None) };
                let mut claimed = Reader::new(claimed);
                return Ok(Some(RowAfter { version: claimed.field()?, at: claimed.field()? }));
            }
            Err(error) => error,
        };
        let undone = session.run(Frame::of(own).undo).await;
        if lost(&error.source, &session.sql.tables) {
            return undone.map(|()| None);
        }
        // Nothing is open if the wait for the lock was in vain; the first error is what happened.
        Err(error)
    }
}

/// Claims the key, if no other update has it and the row is as expected, with the version that the update will lead to.
fn claim(writer: &mut RowWriter<'_>) -> String {
    let (update, rows, named) = (writer.update, writer.rows::<Sqlite>(), writer.named::<Sqlite>("t"));
    let counts = if update.kind == RowUpdateKind::Delete { "" } else { " + 1" };
    let next = update.version.as_ref().map(|version| format!("coalesce(t.{}, 0){counts}", column::<Sqlite>(version)));
    let (seq, from) = match (update.kind, next) {
        (RowUpdateKind::Update | RowUpdateKind::Delete, next) => {
            (next.unwrap_or("0".to_owned()), format!("FROM {rows} AS t WHERE {}", writer.conditions::<Sqlite>()))
        }
        (RowUpdateKind::Upsert, Some(next)) => {
            // One that cannot be counted on is not written, so it does not matter with which version it is claimed.
            let countable = writer.countable::<Sqlite>().unwrap_or("true".to_owned());
            let next = format!("coalesce((SELECT {next} FROM {rows} AS t WHERE {named} AND {countable}), 1)");
            (next, "WHERE true".to_owned())
        }
        (RowUpdateKind::Upsert, None) => ("0".to_owned(), "WHERE true".to_owned()),
        (RowUpdateKind::Insert, next) => {
            let absent = format!("WHERE NOT EXISTS (SELECT 1 FROM {rows} AS t WHERE {named})");
            (i64::from(next.is_some()).to_string(), absent)
        }
    };
    let claim = writer.claim::<Sqlite>("x''", &seq, &from);
    format!("{claim}, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING seq, at")
}

impl RowDialect for Sqlite {
    const SAME: &'static str = "IS";

    /// A transaction that reads a row twice has kept all others from writing.
    fn stamp(_kind: TableKind) -> &'static str {
        "''"
    }

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
