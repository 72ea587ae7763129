//! One row of a table of the user's own.
//!
//! A value is bound as text and cast to its column's type by name, as a literal would be: so text fits a `uuid`, a
//! `numeric` or a `jsonb`, and one text serves every value of a column.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Error, PgConnection};

use crate::key::Hex;
use crate::model::row::row_update::{Cell, Found, RowUpdate, RowWrite};
use crate::namespace::UPDATE;
use crate::store::postgres::bind::Values;
use crate::store::postgres::classify::is_unclaimed;
use crate::store::postgres::dialect::{NOW, Statements, lock_timeout};
use crate::store::read::Reader;
use crate::store::update::{DescribedTable, Draft, Slot, Template, Wrote};
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

pub(super) async fn describe(conn: &mut PgConnection, table: &str) -> Result<Option<Arc<DescribedTable>>, Error> {
    let rows = sqlx::query(DESCRIBE).bind(table).fetch_all(conn).await?;
    DescribedTable::from_rows(&rows, false, |kind| match kind {
        "smallint" => Some(i64::from(i16::MAX)),
        "integer" => Some(i64::from(i32::MAX)),
        "bigint" => Some(i64::MAX),
        _ => None,
    })
}

/// In a transaction of its own: one statement. A key that is known after all raises, and the update is undone with it.
pub(super) async fn own(
    conn: &mut PgConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
    wait: Duration,
) -> Result<Option<Wrote>, Error> {
    let template = shape.templates.get("own", update, |draft| own_text(draft, sql, update, shape));
    match fetch(conn, &template, update, shape, wait).await {
        Ok(rows) => wrote(rows.first()),
        Err(error) if is_unclaimed(&error, &sql.names) => Ok(None),
        Err(error) => Err(error),
    }
}

fn own_text(draft: &mut Draft, sql: &Statements, update: &RowUpdate, shape: &DescribedTable) -> String {
    let bounded = format!("set_config('lock_timeout', {}::text, true) IS NOT NULL", draft.place(Slot::Wait));
    if update.claim.is_none() {
        return write(draft, update, shape, &bounded);
    }
    // Whether the key is known is left to the insert: it finds out by the index, whatever the planner thinks of the table.
    let write = write(draft, update, shape, &bounded);
    let claim = claim(draft, &sql.keys_table, "version", "FROM moved");
    format!(
        "WITH moved AS ({write}), keyed AS ({claim}, \
         fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END) \
         SELECT version FROM moved"
    )
}

/// In the caller's transaction, which an error would abort: the key is claimed first, and given up if the row is missed.
pub(super) async fn within(
    conn: &mut PgConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
) -> Result<Option<Wrote>, Error> {
    let template = shape.templates.get("within", update, |draft| within_text(draft, sql, update, shape));
    let rows = fetch(&mut *conn, &template, update, shape, Duration::ZERO).await?;
    let Some(claim) = &update.claim else { return wrote(rows.first()) };
    let mut row = Reader::new(rows.first().ok_or(Error::RowNotFound)?);
    let (version, at, claimed) = (row.maybe_int()?, row.at()?, row.int()? == 1);
    let (keys, hash) = (&sql.keys_table, &claim.hash.0[..]);
    match version {
        // What the update led to is known only now.
        Some(version) if version != update.planned() => {
            let text = format!("UPDATE {keys} SET seq = $2 WHERE hash = $1");
            sqlx::query(AssertSqlSafe(text)).bind(hash).bind(version).execute(conn).await?;
        }
        None if claimed => {
            let text = format!("DELETE FROM {keys} WHERE hash = $1");
            sqlx::query(AssertSqlSafe(text)).bind(hash).execute(conn).await?;
        }
        _ => {}
    }
    Ok(version.map(|version| Wrote { version, at: Some(at) }))
}

fn within_text(draft: &mut Draft, sql: &Statements, update: &RowUpdate, shape: &DescribedTable) -> String {
    if update.claim.is_none() {
        return write(draft, update, shape, "true");
    }
    let planned = format!("{}::bigint", draft.place(Slot::Planned));
    let claim = claim(draft, &sql.keys_table, &planned, "");
    let write = write(draft, update, shape, "EXISTS (SELECT 1 FROM claimed)");
    format!(
        "WITH claimed AS ({claim}, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), \
         moved AS ({write}) \
         SELECT (SELECT max(version) FROM moved), {NOW}, (SELECT count(*) FROM claimed)"
    )
}

/// The key and the row that an update missed, in one snapshot.
pub(super) async fn find(
    conn: &mut PgConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
) -> Result<Found, Error> {
    let template = shape.templates.get("find", update, |draft| find_text(draft, sql, update, shape));
    Found::from_rows(&fetch(conn, &template, update, shape, Duration::ZERO).await?, update)
}

fn find_text(draft: &mut Draft, sql: &Statements, update: &RowUpdate, shape: &DescribedTable) -> String {
    let (keys, table, hash) = (&sql.keys_table, &update.table, draft.place(Slot::Hash));
    let mut columns = vec!["1::bigint AS there".to_owned()];
    columns.push(match &update.version {
        Some(version) => format!("t.{version}::bigint AS version"),
        None => "NULL::bigint AS version".to_owned(),
    });
    for (at, cell) in update.expects.iter().enumerate() {
        let met = expectation(draft, Slot::Expect(at), cell, shape);
        columns.push(format!("({met})::integer::bigint AS met_{at}"));
    }
    let (columns, named) = (columns.join(", "), named(draft, update, shape, "t"));
    format!(
        "SELECT {NOW}, k.fingerprint, k.target, k.seq, k.at, k.expires_at, r.* FROM (VALUES (1)) AS one \
         LEFT JOIN {keys} k ON k.hash = {hash}::bytea \
         LEFT JOIN (SELECT {columns} FROM {table} AS t WHERE {named} LIMIT 2) r ON true"
    )
}

/// The statement that writes the row if `gate` is true, and gives its new version.
fn write(draft: &mut Draft, update: &RowUpdate, shape: &DescribedTable, gate: &str) -> String {
    let table = &update.table;
    let version = match &update.version {
        Some(version) => format!("t.{version}::bigint AS version"),
        None => "0::bigint AS version".to_owned(),
    };
    if update.write == RowWrite::Update {
        let (sets, conditions) = (sets(draft, update, shape), conditions(draft, update, shape));
        return format!("UPDATE {table} AS t SET {sets} WHERE {conditions} AND {gate} RETURNING {version}");
    }
    let keys = update.keys.iter().enumerate().map(|(at, cell)| (Slot::Key(at), cell));
    let sets = update.sets.iter().enumerate().map(|(at, cell)| (Slot::Set(at), cell));
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (slot, cell) in keys.chain(sets) {
        columns.push(cell.column.to_string());
        values.push(cast(draft, slot, cell, kind(shape, cell)));
    }
    if let Some(column) = &update.version {
        columns.push(column.to_string());
        values.push("1".to_owned());
    }
    let keys: Vec<String> = update.keys.iter().map(|cell| cell.column.to_string()).collect();
    let then = match update.write {
        RowWrite::Insert => "NOTHING".to_owned(),
        _ => overwrite(update, shape),
    };
    let (columns, values, keys) = (columns.join(", "), values.join(", "), keys.join(", "));
    format!(
        "INSERT INTO {table} AS t ({columns}) SELECT {values} WHERE {gate} \
         ON CONFLICT ({keys}) DO {then} RETURNING {version}"
    )
}

fn sets(draft: &mut Draft, update: &RowUpdate, shape: &DescribedTable) -> String {
    let cells = update.sets.iter().enumerate();
    let mut sets: Vec<String> = cells
        .map(|(at, cell)| format!("{} = {}", cell.column, cast(draft, Slot::Set(at), cell, kind(shape, cell))))
        .collect();
    sets.extend(counted(update));
    sets.join(", ")
}

/// What must be so for the row to be updated.
fn conditions(draft: &mut Draft, update: &RowUpdate, shape: &DescribedTable) -> String {
    let table = &update.table;
    let mut conditions = vec![named(draft, update, shape, "t")];
    conditions.extend(countable(update, shape));
    if let (Some(column), Some(_)) = (&update.version, update.expected) {
        conditions.push(format!("coalesce(t.{column}, 0) = {}::bigint", draft.place(Slot::Expected)));
    }
    for (at, cell) in update.expects.iter().enumerate() {
        conditions.push(expectation(draft, Slot::Expect(at), cell, shape));
    }
    if !shape.schema.names_one_row(&update.keys) {
        let named = named(draft, update, shape, "s");
        conditions.push(format!("(SELECT count(*) FROM (SELECT 1 FROM {table} AS s WHERE {named} LIMIT 2) s) = 1"));
    }
    conditions.join(" AND ")
}

fn overwrite(update: &RowUpdate, shape: &DescribedTable) -> String {
    let set = |cell: &Cell| format!("{0} = excluded.{0}", cell.column);
    let sets: Vec<String> = update.sets.iter().map(set).chain(counted(update)).collect();
    let countable = countable(update, shape).map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    format!("UPDATE SET {}{countable}", sets.join(", "))
}

fn counted(update: &RowUpdate) -> Option<String> {
    update.version.as_ref().map(|column| format!("{column} = coalesce(t.{column}, 0) + 1"))
}

/// One more fits the version's column: beyond it the statement would fail, and with it a caller's transaction.
fn countable(update: &RowUpdate, shape: &DescribedTable) -> Option<String> {
    let column = update.version.as_ref()?;
    let max = shape.schema.column(column)?.max?;
    Some(format!("coalesce(t.{column}, 0) < {max}"))
}

/// The row of table `alias` has the keys.
fn named(draft: &mut Draft, update: &RowUpdate, shape: &DescribedTable, alias: &str) -> String {
    let cells = update.keys.iter().enumerate();
    let equal: Vec<String> = cells
        .map(|(at, cell)| format!("{alias}.{} = {}", cell.column, compared(draft, Slot::Key(at), cell, shape)))
        .collect();
    equal.join(" AND ")
}

fn expectation(draft: &mut Draft, slot: Slot, cell: &Cell, shape: &DescribedTable) -> String {
    // There is no equality of json.
    let cast = if kind(shape, cell) == "json" { "::jsonb" } else { "" };
    format!("t.{}{cast} IS NOT DISTINCT FROM {}", cell.column, compared(draft, slot, cell, shape))
}

/// A value as it is compared with its column: a whole number in full, so that one that does not fit is unequal.
fn compared(draft: &mut Draft, slot: Slot, cell: &Cell, shape: &DescribedTable) -> String {
    let wide = match kind(shape, cell) {
        "smallint" | "integer" => "bigint",
        "json" => "jsonb",
        other => other,
    };
    cast(draft, slot, cell, wide)
}

fn cast(draft: &mut Draft, slot: Slot, cell: &Cell, kind: &str) -> String {
    let place = draft.place(slot);
    if is_raw(cell, kind) { format!("{place}::bytea") } else { format!("{place}::text::{kind}") }
}

/// Inserts the key, or takes an old one over; what becomes of the old one's fingerprint follows.
fn claim(draft: &mut Draft, keys: &str, seq: &str, from: &str) -> String {
    let [hash, target, fingerprint, retention] =
        [Slot::Hash, Slot::Target, Slot::Fingerprint, Slot::Retention].map(|slot| draft.place(slot));
    format!(
        "INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at, expires_at) \
         SELECT {hash}::bytea, '{UPDATE}', {target}::text, {seq}, {fingerprint}::bytea, {NOW}, \
         {NOW} + {retention}::bigint {from} \
         ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq, \
         at = excluded.at, expires_at = excluded.expires_at"
    )
}

async fn fetch(
    conn: &mut PgConnection,
    template: &Template,
    update: &RowUpdate,
    shape: &DescribedTable,
    wait: Duration,
) -> Result<Vec<PgRow>, Error> {
    let mut values = Values::new();
    for &slot in &template.slots {
        values = bind(values, slot, update, shape, wait)?;
    }
    sqlx::query_with(AssertSqlSafe(template.text.clone()), values.finish()).fetch_all(conn).await
}

fn bind(
    values: Values,
    slot: Slot,
    update: &RowUpdate,
    shape: &DescribedTable,
    wait: Duration,
) -> Result<Values, Error> {
    if let Some(cell) = update.cell(slot) {
        let kind = kind(shape, cell);
        return match &cell.value {
            Value::Bytes(bytes) if is_raw(cell, kind) => values.bind(&**bytes),
            value => values.bind(written(value, kind).as_deref()),
        };
    }
    let claim = update.claim.as_ref();
    match slot {
        Slot::Expected => values.bind(update.expected),
        Slot::Planned => values.bind(update.planned()),
        Slot::Hash => values.bind(claim.map(|claim| &claim.hash.0[..])),
        Slot::Target => values.bind(update.table.as_str()),
        Slot::Fingerprint => values.bind(claim.map(|claim| &claim.fingerprint.0[..])),
        Slot::Retention => values.bind(claim.map(|claim| claim.retention)),
        Slot::Wait => values.bind(lock_timeout(wait).to_string()),
        Slot::Key(_) | Slot::Set(_) | Slot::Expect(_) => Err(update.nothing_at(slot)),
    }
}

/// Bytes need no detour over text where they are meant to be bytes.
fn is_raw(cell: &Cell, kind: &str) -> bool {
    matches!(cell.value, Value::Bytes(_)) && kind == "bytea"
}

/// A value's written form for a column of this type.
fn written<'v>(value: &'v Value, kind: &str) -> Option<Cow<'v, str>> {
    let whole = matches!(kind, "smallint" | "integer" | "bigint" | "numeric");
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

fn kind<'s>(shape: &'s DescribedTable, cell: &Cell) -> &'s str {
    shape.schema.column(&cell.column).map_or("text", |column| &column.type_name)
}

fn wrote(row: Option<&PgRow>) -> Result<Option<Wrote>, Error> {
    row.map(|row| Ok(Wrote { version: Reader::new(row).int()?, at: None })).transpose()
}
