//! Rows of callers' tables.
//!
//! A value is bound as text and cast to its column's type by name, as a literal would be: so text fits a `uuid`, a
//! `numeric` or a `jsonb`, and one text serves every value of a column.

use std::borrow::Cow;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::postgres::PgRow;

use super::classify::is_known_key;
use super::connect::lock_timeout;
use super::dialect::type_name;
use super::undo::delete_key;
use crate::clock::Timestamp;
use crate::key::Hex;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Cell, Found, RowUpdate};
use crate::store::binder::Binder;
use crate::store::columns::Kind;
use crate::store::dialect::Dialect as _;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::row::store::RowStore;
use crate::store::row::table::{DescribedTable, ParamList, RowStatement, RowWrite, Slot, Template, found};
use crate::store::row::writer::{RowDialect, RowWriter, bind, table_name};
use crate::store::session::Session;
use crate::store::write::rows::{After, RowAfter};
use crate::store::write::store::Written;
use crate::value::Value;

/// Domains are what they are made of; indexes that hold some rows only, or what is computed, make nothing unique.
const DESCRIBE: &str = "
SELECT 'c', a.attname::text, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), -1)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'u', i.indexrelid::text, a.attname::text
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
WHERE i.indrelid = to_regclass($1::text) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
    AND i.indexprs IS NULL";

impl RowStore for Postgres {
    async fn describe(
        session: &mut Session<'_, Self>,
        table: &TableName,
    ) -> Result<Option<DescribedTable>, StoreError> {
        let name = table_name::<Self>(table);
        let rows = session.fetch(&DESCRIBE.into(), Binder::new().bind(&name)).await?;
        let max = |type_name: &str| match type_name {
            "smallint" => Some(i64::from(i16::MAX)),
            "integer" => Some(i64::from(i32::MAX)),
            "bigint" => Some(i64::MAX),
            _ => None,
        };
        Ok(DescribedTable::from_rows(&rows, false, max)?)
    }

    async fn find(
        session: &mut Session<'_, Self>,
        update: &RowUpdate,
        table: &DescribedTable,
    ) -> Result<Found, StoreError> {
        let keys = &session.sql.keys;
        let template = table
            .template(RowStatement::Find, update, |params| RowWriter { params, update, table, keys }.find::<Self>());
        let rows = fetch(session, &template, update, table, Duration::ZERO).await?;
        Ok(found(&rows, update)?)
    }
}

/// In a transaction of its own: one statement. A key that is known after all raises, and the update is undone with it.
pub(super) async fn own(
    session: &mut Session<'_, Postgres>,
    row: &RowWrite,
    wait: Duration,
) -> Result<Written, StoreError> {
    let (sql, update, table) = (session.sql, &*row.update, &*row.table);
    let template = table.template(RowStatement::Own, update, |params| own_text(params, &sql.keys, update, table));
    let rows = match fetch(session, &template, update, table, wait).await {
        Err(error) if is_known_key(&error.source, &sql.tables) => return Ok(Written::Lost(Vec::new())),
        rows => rows?,
    };
    let Some(row) = rows.first() else { return Ok(Written::Lost(Vec::new())) };
    let row = RowAfter { version: Reader::new(row).field()?, at: None };
    Ok(Written::Done(After { now: Timestamp::from_micros(0), accounts: Vec::new(), row: Some(row) }))
}

fn own_text(params: &mut ParamList, keys: &str, update: &RowUpdate, table: &DescribedTable) -> String {
    let bounded = format!("set_config('lock_timeout', ${}::text, true) IS NOT NULL", params.number(Slot::Wait));
    let mut writer = RowWriter { params, update, table, keys };
    let write = writer.write::<Postgres>(&bounded);
    if update.key.is_none() {
        return write;
    }
    // Whether the key is known is left to the insert: it finds out by the index, whatever the planner thinks of the table.
    let claim = writer.claim::<Postgres>("version", "FROM row_written");
    format!(
        "WITH row_written AS ({write}), keys_written AS ({claim}, \
         fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END) \
         SELECT version FROM row_written"
    )
}

/// In the caller's transaction, which an error would abort: the key is claimed first, and given up if the row is missed.
pub(super) async fn joined(session: &mut Session<'_, Postgres>, row: &RowWrite) -> Result<Option<After>, StoreError> {
    let (sql, update, table) = (session.sql, &*row.update, &*row.table);
    let template = table.template(RowStatement::Joined, update, |params| joined_text(params, &sql.keys, update, table));
    let rows = fetch(session, &template, update, table, Duration::ZERO).await?;
    let after = |version, at| After {
        now: Timestamp::from_micros(0),
        accounts: Vec::new(),
        row: Some(RowAfter { version, at }),
    };
    let Some(key) = &update.key else {
        return rows.first().map(|row| Ok(after(Reader::new(row).field()?, None))).transpose();
    };
    let mut row = Reader::new(rows.first().ok_or(sqlx::Error::RowNotFound)?);
    let (version, at, claimed): (Option<i64>, Timestamp, i64) = (row.field()?, row.field()?, row.field()?);
    let keys = &sql.keys;
    match version {
        // What the update led to is known only now.
        Some(version) if version != update.planned() => {
            let text = format!("UPDATE {keys} SET seq = $2 WHERE hash = $1");
            session.fetch(&text.into(), Binder::new().bind(&key.hash).bind(version)).await?;
        }
        None if claimed == 1 => delete_key(session, &key.hash.0).await?,
        _ => {}
    }
    Ok(version.map(|version| after(version, Some(at))))
}

fn joined_text(params: &mut ParamList, keys: &str, update: &RowUpdate, table: &DescribedTable) -> String {
    let mut writer = RowWriter { params, update, table, keys };
    if update.key.is_none() {
        return writer.write::<Postgres>("true");
    }
    let planned = Postgres::parameter(writer.params.number(Slot::Planned), Kind::Int);
    let claim = writer.claim::<Postgres>(&planned, "");
    let write = writer.write::<Postgres>("EXISTS (SELECT 1 FROM keys_claimed)");
    let now = Postgres::NOW;
    format!(
        "WITH keys_claimed AS ({claim}, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), \
         row_written AS ({write}) \
         SELECT (SELECT max(version) FROM row_written), {now}, (SELECT count(*) FROM keys_claimed)"
    )
}

async fn fetch(
    session: &mut Session<'_, Postgres>,
    template: &Template,
    update: &RowUpdate,
    table: &DescribedTable,
    wait: Duration,
) -> Result<Vec<PgRow>, StoreError> {
    session.fetch(&template.text, bind(template, update, table, wait)).await
}

impl RowDialect for Postgres {
    const SAME: &'static str = "IS NOT DISTINCT FROM";

    fn parameter(number: usize, kind: Kind) -> String {
        format!("${number}::{}", type_name(kind))
    }

    fn stored(number: usize, cell: &Cell, type_name: &str) -> String {
        if is_raw(cell, type_name) { format!("${number}::bytea") } else { format!("${number}::text::{type_name}") }
    }

    fn compared(number: usize, cell: &Cell, type_name: &str) -> String {
        let wide = match type_name {
            "smallint" | "integer" => "bigint",
            "json" => "jsonb",
            other => other,
        };
        Self::stored(number, cell, wide)
    }

    fn comparable(column: &str, type_name: &str) -> String {
        // There is no equality of json.
        if type_name == "json" { format!("{column}::jsonb") } else { column.to_owned() }
    }

    fn int(expression: &str) -> String {
        format!("{expression}::bigint")
    }

    fn truth(expression: &str) -> String {
        format!("({expression})::integer::bigint")
    }

    fn bind_cell(binder: &mut Binder<Self>, cell: &Cell, type_name: &str) {
        match &cell.value {
            Value::Bytes(bytes) if is_raw(cell, type_name) => binder.add(&bytes[..]),
            value => binder.add(written(value, type_name).as_deref()),
        }
    }

    fn bind_wait(binder: &mut Binder<Self>, wait: Duration) {
        binder.add(&lock_timeout(wait).to_string());
    }
}

/// Bytes need no detour over text where they are meant to be bytes.
fn is_raw(cell: &Cell, type_name: &str) -> bool {
    matches!(cell.value, Value::Bytes(_)) && type_name == "bytea"
}

/// A value's written form for a column of this type.
fn written<'v>(value: &'v Value, type_name: &str) -> Option<Cow<'v, str>> {
    let whole = matches!(type_name, "smallint" | "integer" | "bigint" | "numeric");
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) if whole => i64::from(*truth).to_string().into(),
        Value::Bool(truth) => truth.to_string().into(),
        Value::Int(number) => number.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => format!("\\x{}", Hex(bytes)).into(),
        Value::Timestamp(at) if whole => at.as_micros().to_string().into(),
        Value::Timestamp(at) => at.to_string().into(),
    })
}
