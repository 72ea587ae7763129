//! Rows of callers' tables. What the update and its key need is one message to the connection's thread.

use std::time::Duration;

use sqlx::Sqlite;

use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Cell, RowUpdate};
use crate::store::binder::Binder;
use crate::store::columns::{Kind, Param};
use crate::store::dialect::Dialect as _;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::row::queries::fetch;
use crate::store::row::store::RowStore;
use crate::store::row::table::{DescribedTable, ParamList, RowStatement, RowWrite, Slot};
use crate::store::row::writer::{RowDialect, RowWriter, column, table_name};
use crate::store::session::Session;
use crate::store::write::rows::{After, RowAfter};
use crate::store::write::written::Written;
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

    async fn write_row(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
        _wait: Duration,
    ) -> Result<Written, StoreError> {
        let after = write(session, row, RowStatement::Own, ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")).await?;
        Ok(after.map_or_else(|| Written::Lost(Vec::new()), Written::Done))
    }

    async fn write_row_joined(session: &mut Session<'_, Self>, row: &RowWrite) -> Result<Option<After>, StoreError> {
        let undo = "ROLLBACK TO idem_update; RELEASE idem_update";
        write(session, row, RowStatement::Joined, ("SAVEPOINT idem_update", "RELEASE idem_update", undo)).await
    }
}

async fn write(
    session: &mut Session<'_, Sqlite>,
    row: &RowWrite,
    statement: RowStatement,
    (open, close, undo): (&str, &str, &'static str),
) -> Result<Option<After>, StoreError> {
    let (sql, update, table) = (session.sql, &*row.update, &*row.table);
    let template = table.template(statement, update, |params| text(params, &sql.keys, update, table, (open, close)));
    let rows = match fetch(session, &template, update, table, Duration::ZERO).await {
        Err(error) if update.key.is_some() => {
            // Nothing is open if the wait for the lock was in vain; the first error is what happened.
            let _ = session.run(undo).await;
            return Err(error);
        }
        rows => rows?,
    };
    let Some(wrote) = rows.first() else { return Ok(None) };
    let at = rows.get(1).map(|recorded| Reader::new(recorded).field()).transpose()?;
    let row = Some(RowAfter { version: Reader::new(wrote).field()?, at });
    Ok(Some(After { row, ..After::at(None) }))
}

/// The update alone, or with its key between what opens and what closes the two. The key is recorded if the statement before
/// wrote the row; what was there of it has expired.
fn text(
    params: &mut ParamList,
    keys: &str,
    update: &RowUpdate,
    table: &DescribedTable,
    (open, close): (&str, &str),
) -> String {
    let mut writer = RowWriter { params, update, table, keys };
    if update.key.is_none() {
        return writer.write::<Sqlite>("true");
    }
    let (hash, now) = (Sqlite::parameter(writer.params.number(Slot::Hash), Kind::Bytes), Sqlite::NOW);
    let gate = format!(
        "NOT EXISTS (SELECT 1 FROM {keys} AS k WHERE k.hash = {hash} AND (k.expires_at IS NULL OR k.expires_at > {now}))"
    );
    let write = writer.write::<Sqlite>(&gate);
    let version = match &update.version {
        None => "0".to_owned(),
        Some(version) => {
            let (table, named) = (table_name::<Sqlite>(&update.table), writer.named::<Sqlite>("t"));
            format!("(SELECT t.{} FROM {table} AS t WHERE {named})", column::<Sqlite>(version))
        }
    };
    let claim = writer.claim::<Sqlite>(&version, "WHERE changes() = 1");
    format!("{open}; {write}; {claim}, fingerprint = excluded.fingerprint RETURNING at; {close}")
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
