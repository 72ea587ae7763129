//! Rows of callers' tables.
//!
//! A value is bound as text and cast to its column's type by name, as a literal would be: so text fits a `uuid`, a
//! `numeric` or a `jsonb`, and one text serves every value of a column.

use std::borrow::Cow;

use sqlx::Postgres;
use sqlx::postgres::PgRow;

use super::classify::{is_known_key, is_of_table};
use super::fits::fits;
use super::raise::{if_held, is_open, unless_late};
use super::undo::delete_key;
use crate::clock::Timestamp;
use crate::key::Hex;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Cell, RowUpdate};
use crate::model::row::table_schema::{TableKind, TableSchema};
use crate::store::binder::Binder;
use crate::store::columns::Kind;
use crate::store::dialect::Dialect as _;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::row::store::RowStore;
use crate::store::row::table::{RowWrite, Slot};
use crate::store::row::writer::{RowDialect, RowWriter, table_name};
use crate::store::session::Session;
use crate::store::write::rows::RowAfter;
use crate::value::Value;

impl RowStore for Postgres {
    /// Domains are what they are made of; indexes that hold some rows only, or what is computed, make nothing unique. Of texts the
    /// modifier is the length. A table that has the name of a PostgreSQL type is not its own type, and types are not compared.
    const DESCRIBE: &'static str = "
    WITH columns AS (
        SELECT a.attname::text AS name, a.atttypid AS type_id, a.atttypmod AS modifier, nullif(t.typbasetype, 0) AS base,
            a.attgenerated <> '' OR a.attidentity = 'a' AS generated
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
    )
    SELECT 'k', CASE c.relkind WHEN 'p' THEN 'partitioned' WHEN 'v' THEN 'view' WHEN 'f' THEN 'view' ELSE '' END, ''
    FROM pg_class c WHERE c.oid = to_regclass($1::text)
    UNION ALL
    SELECT 'c', name, format_type(coalesce(base, type_id), -1) FROM columns
    UNION ALL
    SELECT 'i', name, type_id::text FROM columns
    WHERE EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = to_regclass($1::text) AND c.reltype = to_regtype($1::text))
    UNION ALL
    SELECT 'd', name, '' FROM columns WHERE base IS NOT NULL
    UNION ALL
    SELECT 'm', name, (modifier - CASE WHEN type_id IN (1042, 1043) THEN 4 ELSE 0 END)::text FROM columns WHERE modifier >= 0
    UNION ALL
    SELECT 'g', name, '' FROM columns WHERE generated
    UNION ALL
    SELECT 'e', name, e.enumlabel::text FROM columns JOIN pg_enum e ON e.enumtypid = type_id
    UNION ALL
    SELECT 'u', i.indexrelid::text, a.attname::text
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
    WHERE i.indrelid = to_regclass($1::text) AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
        AND i.indexprs IS NULL";

    const NUL_IN_TEXT: bool = false;

    fn bind_name(table: &TableName) -> Binder<Self> {
        Binder::new().bind(&table_name::<Self>(table))
    }

    fn max(type_name: &str) -> Option<i64> {
        match type_name {
            "smallint" => Some(i16::MAX.into()),
            "integer" => Some(i32::MAX.into()),
            "bigint" => Some(i64::MAX),
            _ => None,
        }
    }

    fn may_refuse(update: &RowUpdate, schema: &TableSchema) -> bool {
        let mut cells = update.keys.iter().chain(&update.sets).chain(&update.expects);
        cells.any(|cell| schema.column(&cell.column).is_none_or(|column| !fits(&cell.value, column)))
    }

    fn is_of_table(error: &sqlx::Error) -> bool {
        is_of_table(error)
    }

    fn row_text(writer: RowWriter<'_>, own: bool) -> String {
        if own { own_text(writer) } else { joined_text(writer) }
    }

    async fn row_written(
        session: &mut Session<'_, Self>,
        row: &RowWrite,
        own: bool,
        rows: Result<Vec<PgRow>, StoreError>,
    ) -> Result<Option<RowAfter>, StoreError> {
        let rows = match rows {
            Err(error) if own && is_known_key(&error.source, &session.sql.tables) => return Ok(None),
            rows => rows?,
        };
        let Some(key) = row.update.key.as_ref().filter(|_| !own) else {
            let after = |row| {
                let mut row = Reader::new(row);
                Ok(RowAfter { version: row.field()?, at: row.field()? })
            };
            return rows.first().map(after).transpose().map_err(StoreError::unread);
        };
        let mut first = Reader::new(rows.first().ok_or(sqlx::Error::RowNotFound)?);
        let (version, at, claimed): (Option<i64>, Timestamp, i64) = (first.field()?, first.field()?, first.field()?);
        match version {
            // What the update led to is known only now.
            Some(version) if version != row.update.planned() => {
                let text = format!("UPDATE {} SET seq = $2 WHERE hash = $1", session.sql.claims_table);
                session.fetch(&text.into(), Binder::new().bind(&key.hash).bind(version)).await?;
            }
            None if claimed == 1 => delete_key(session, &key.hash.0).await?,
            _ => {}
        }
        Ok(version.map(|version| RowAfter { version, at }))
    }
}

/// One statement. A key that is known after all raises, and the update is undone with it.
fn own_text(mut writer: RowWriter<'_>) -> String {
    let bounded = Postgres::bounded(writer.params.number(Slot::Wait));
    let write = writer.write::<Postgres>(&bounded);
    if writer.update.key.is_none() {
        return write;
    }
    // Whether the key is known is left to the insert: it finds out by the index, whatever the planner thinks of the table.
    let fingerprint = fingerprint(&mut writer);
    let claim = writer.claim::<Postgres>(&fingerprint, "version", "FROM row_written");
    let until = Postgres::parameter(writer.params.number(Slot::Until), Kind::Int);
    let version = unless_late("true", "keys_written", ("version", &until));
    format!(
        "WITH row_written AS ({write}), keys_written AS ({claim}, \
         fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END RETURNING 1) \
         SELECT {version}, at FROM row_written"
    )
}

/// An error would abort the caller's transaction: the key is claimed first, and given up if the row is missed.
fn joined_text(mut writer: RowWriter<'_>) -> String {
    if writer.update.key.is_none() {
        return writer.write::<Postgres>(is_open!());
    }
    let planned = Postgres::parameter(writer.params.number(Slot::Planned), Kind::Int);
    let fingerprint = fingerprint(&mut writer);
    let claim = writer.claim::<Postgres>(&fingerprint, &planned, &format!("WHERE {}", is_open!()));
    let write = writer.write::<Postgres>("EXISTS (SELECT 1 FROM keys_claimed)");
    let now = Postgres::NOW;
    format!(
        "WITH keys_claimed AS ({claim}, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), \
         row_written AS ({write}) \
         SELECT (SELECT max(version) FROM row_written), {now}, (SELECT count(*) FROM keys_claimed)"
    )
}

fn fingerprint(writer: &mut RowWriter<'_>) -> String {
    Postgres::parameter(writer.params.number(Slot::Fingerprint), Kind::Bytes)
}

impl RowDialect for Postgres {
    const SAME: &'static str = "IS NOT DISTINCT FROM";

    /// A trigger of the whole statement runs before it is known whether the claim is held.
    fn if_held(held: String) -> String {
        if_held(&held)
    }

    /// A unique index of a parent holds in the parent alone; one of a partitioned table, in all its partitions.
    fn rows_of(kind: TableKind) -> &'static str {
        if kind == TableKind::Plain { "ONLY " } else { "" }
    }

    /// Of a row that is none, so that a role need not be allowed to read what it may write.
    fn has_type(table: &str, column: &str, type_id: &str) -> Option<String> {
        Some(format!("pg_typeof((NULL::{table}).{column}) = {type_id}::oid"))
    }

    fn is_kind(table: &str, kind: TableKind) -> Option<String> {
        let relkind = match kind {
            TableKind::Plain => "NOT IN ('p', 'v', 'f')",
            TableKind::Partitioned => "= 'p'",
            TableKind::View | TableKind::UncountedView => "IN ('v', 'f')",
        };
        Some(format!("(SELECT c.relkind {relkind} FROM pg_class c WHERE c.oid = '{table}'::regclass)"))
    }

    /// Views and foreign tables have no place and no transaction of a row: there it is all that the row holds.
    fn stamp(kind: TableKind) -> &'static str {
        match kind {
            TableKind::Plain | TableKind::Partitioned => "concat_ws(' ', t.tableoid, t.ctid, t.xmin)",
            TableKind::View | TableKind::UncountedView => "md5(t::text)",
        }
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

    fn truth(expression: &str) -> String {
        format!("({expression})::integer::bigint")
    }

    fn bind_cell(binder: &mut Binder<Self>, cell: &Cell, type_name: &str) {
        match &cell.value {
            Value::Bytes(bytes) if is_raw(cell, type_name) => binder.add(&bytes[..]),
            value => binder.add(written(value, type_name).as_deref()),
        }
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
