//! One row of a table of the user's own.
//!
//! A value is bound as text and cast to its column's type by name, as a literal would be: so text fits a `uuid`, a
//! `numeric` or a `jsonb`, and one text serves every value of a column.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, Error, PgConnection, Postgres, Row};

use super::classify::is_unclaimed;
use super::dialect::{NOW, Statements, lock_timeout};
use crate::key::Hex;
use crate::store::read::Reader;
use crate::store::update::{Cell, Claim, Column, Found, RowUpdate, RowWrite, SURFACE, TableShape, Wrote, joined};
use crate::value::Value;

type Draft = crate::store::update::Draft<Postgres>;

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

pub(super) async fn describe(conn: &mut PgConnection, table: &str) -> Result<Option<Arc<TableShape>>, Error> {
    let rows = sqlx::query(DESCRIBE).bind(table).fetch_all(conn).await?;
    TableShape::from_rows(&rows, false, |kind| match kind {
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
    shape: &TableShape,
    wait: Duration,
) -> Result<Option<Wrote>, Error> {
    let mut draft = Draft::new();
    let wait = draft.bind(lock_timeout(wait).to_string())?;
    let bounded = format!("set_config('lock_timeout', {wait}::text, true) IS NOT NULL");
    let Some(claim) = &update.claim else {
        let text = write(&mut draft, update, shape, &bounded)?;
        return wrote(fetch(conn, text, draft.finish()).await?.first());
    };
    let keys = &sql.keys_table;
    let bound = bind_claim(&mut draft, update, claim)?;
    let hash = &bound.hash;
    let gate = format!(
        "{bounded} AND NOT EXISTS (SELECT 1 FROM {keys} AS k \
         WHERE k.hash = {hash} AND (k.expires_at IS NULL OR k.expires_at > {NOW}))"
    );
    let write = write(&mut draft, update, shape, &gate)?;
    let insert = bound.insert(keys, "version", "FROM moved");
    let text = format!(
        "WITH moved AS ({write}), keyed AS ({insert}, \
         fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END) \
         SELECT version, {NOW} FROM moved"
    );
    match fetch(conn, text, draft.finish()).await {
        Ok(rows) => wrote(rows.first()),
        Err(error) if is_unclaimed(&error, &sql.names) => Ok(None),
        Err(error) => Err(error),
    }
}

/// In the caller's transaction, which an error would abort: the key is claimed first, and given up if the row is missed.
pub(super) async fn within(
    conn: &mut PgConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &TableShape,
) -> Result<Option<Wrote>, Error> {
    let mut draft = Draft::new();
    let Some(claim) = &update.claim else {
        let text = write(&mut draft, update, shape, "true")?;
        return wrote(fetch(conn, text, draft.finish()).await?.first());
    };
    let keys = &sql.keys_table;
    let bound = bind_claim(&mut draft, update, claim)?;
    // What an expected version leads to is known before.
    let planned = update.expected.map_or(0, |version| version.saturating_add(1));
    let seq = draft.bind(planned)?;
    let insert = bound.insert(keys, &format!("{seq}::bigint"), "");
    let write = write(&mut draft, update, shape, "EXISTS (SELECT 1 FROM claimed)")?;
    let text = format!(
        "WITH claimed AS ({insert}, fingerprint = excluded.fingerprint WHERE k.expires_at <= excluded.at RETURNING 1), \
         moved AS ({write}) \
         SELECT (SELECT max(version) FROM moved), {NOW}, (SELECT count(*) FROM claimed)"
    );
    let rows = fetch(&mut *conn, text, draft.finish()).await?;
    let mut row = Reader::new(rows.first().ok_or(Error::RowNotFound)?);
    let (version, at, claimed) = (row.maybe_int()?, row.at()?, row.int()? == 1);
    let hash = &claim.hash.0[..];
    match version {
        Some(version) if version != planned => {
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

/// The key and the row that an update missed, in one snapshot.
pub(super) async fn find(
    conn: &mut PgConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &TableShape,
) -> Result<Found, Error> {
    let (mut draft, keys, table) = (Draft::new(), &sql.keys_table, &update.table);
    let hash = draft.bind(update.claim.as_ref().map(|claim| &claim.hash.0[..]))?;
    let mut columns = vec!["1::bigint AS there".to_owned()];
    columns.push(match &update.version {
        Some(version) => format!("t.{version}::bigint AS version"),
        None => "NULL::bigint AS version".to_owned(),
    });
    for (place, cell) in update.expects.iter().enumerate() {
        let met = expectation(&mut draft, cell, shape)?;
        columns.push(format!("({met})::integer::bigint AS met_{place}"));
    }
    let (columns, named) = (columns.join(", "), named(&mut draft, update, shape, "t")?);
    let text = format!(
        "SELECT {NOW}, k.fingerprint, k.target, k.seq, k.at, k.expires_at, r.* FROM (VALUES (1)) AS one \
         LEFT JOIN {keys} k ON k.hash = {hash}::bytea \
         LEFT JOIN (SELECT {columns} FROM {table} AS t WHERE {named} LIMIT 2) r ON true"
    );
    Found::from_rows(&fetch(conn, text, draft.finish()).await?, update)
}

/// The statement that writes the row if `gate` is true, and gives its new version.
fn write(draft: &mut Draft, update: &RowUpdate, shape: &TableShape, gate: &str) -> Result<String, Error> {
    let table = &update.table;
    let version = match &update.version {
        Some(version) => format!("t.{version}::bigint"),
        None => "0::bigint".to_owned(),
    };
    if update.write == RowWrite::Update {
        let mut sets = Vec::new();
        for cell in &update.sets {
            sets.push(format!("{} = {}", cell.column, given(draft, cell, shape)?));
        }
        sets.extend(update.version.as_ref().map(|column| format!("{column} = coalesce(t.{column}, 0) + 1")));
        let mut conditions = vec![named(draft, update, shape, "t")?];
        conditions.extend(countable(update, shape));
        if let (Some(column), Some(expected)) = (&update.version, update.expected) {
            conditions.push(format!("coalesce(t.{column}, 0) = {}::bigint", draft.bind(expected)?));
        }
        for cell in &update.expects {
            conditions.push(expectation(draft, cell, shape)?);
        }
        if !shape.names_one_row(&update.keys) {
            let named = named(draft, update, shape, "s")?;
            conditions.push(format!("(SELECT count(*) FROM (SELECT 1 FROM {table} AS s WHERE {named} LIMIT 2) s) = 1"));
        }
        let (sets, conditions) = (sets.join(", "), conditions.join(" AND "));
        return Ok(format!(
            "UPDATE {table} AS t SET {sets} WHERE {conditions} AND {gate} RETURNING {version} AS version"
        ));
    }
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for cell in update.keys.iter().chain(&update.sets) {
        columns.push(cell.column.to_string());
        values.push(given(draft, cell, shape)?);
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
    Ok(format!(
        "INSERT INTO {table} AS t ({columns}) SELECT {values} WHERE {gate} \
         ON CONFLICT ({keys}) DO {then} RETURNING {version} AS version"
    ))
}

fn overwrite(update: &RowUpdate, shape: &TableShape) -> String {
    let set = |cell: &Cell| format!("{0} = excluded.{0}", cell.column);
    let counted = update.version.as_ref().map(|column| format!("{column} = coalesce(t.{column}, 0) + 1"));
    let sets: Vec<String> = update.sets.iter().map(set).chain(counted).collect();
    let countable = countable(update, shape).map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    format!("UPDATE SET {}{countable}", sets.join(", "))
}

/// One more fits the version's column: beyond it the statement would fail, and with it a caller's transaction.
fn countable(update: &RowUpdate, shape: &TableShape) -> Option<String> {
    let column = update.version.as_ref()?;
    let max = shape.column(column)?.max?;
    Some(format!("coalesce(t.{column}, 0) < {max}"))
}

/// The row of table `alias` has the keys.
fn named(draft: &mut Draft, update: &RowUpdate, shape: &TableShape, alias: &str) -> Result<String, Error> {
    let equal = |cell: &Cell| {
        let (column, value) = (&cell.column, compared(draft, cell, shape)?);
        Ok(format!("{alias}.{column} = {value}"))
    };
    joined(update.keys.iter().map(equal), " AND ")
}

fn expectation(draft: &mut Draft, cell: &Cell, shape: &TableShape) -> Result<String, Error> {
    // There is no equality of json.
    let cast = if kind(shape, cell) == "json" { "::jsonb" } else { "" };
    let (column, value) = (&cell.column, compared(draft, cell, shape)?);
    Ok(format!("t.{column}{cast} IS NOT DISTINCT FROM {value}"))
}

/// A value as its column takes it.
fn given(draft: &mut Draft, cell: &Cell, shape: &TableShape) -> Result<String, Error> {
    cast(draft, cell, kind(shape, cell))
}

/// A value as it is compared with its column: a whole number in full, so that one that does not fit is unequal.
fn compared(draft: &mut Draft, cell: &Cell, shape: &TableShape) -> Result<String, Error> {
    let wide = match kind(shape, cell) {
        "smallint" | "integer" => "bigint",
        "json" => "jsonb",
        other => other,
    };
    cast(draft, cell, wide)
}

fn cast(draft: &mut Draft, cell: &Cell, kind: &str) -> Result<String, Error> {
    if let Value::Bytes(bytes) = &cell.value
        && kind == "bytea"
    {
        return Ok(format!("{}::bytea", draft.bind(&**bytes)?));
    }
    Ok(format!("{}::text::{kind}", draft.bind(written(&cell.value, kind).as_deref())?))
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

fn kind<'s>(shape: &'s TableShape, cell: &Cell) -> &'s str {
    shape.column(&cell.column).map_or("text", |Column { kind, .. }| kind)
}

/// The parameters of a key.
struct BoundClaim {
    hash: String,
    target: String,
    fingerprint: String,
    retention: String,
}

fn bind_claim(draft: &mut Draft, update: &RowUpdate, claim: &Claim) -> Result<BoundClaim, Error> {
    Ok(BoundClaim {
        hash: format!("{}::bytea", draft.bind(&claim.hash.0[..])?),
        target: format!("{}::text", draft.bind(update.table.as_str())?),
        fingerprint: format!("{}::bytea", draft.bind(&claim.fingerprint.0[..])?),
        retention: format!("{}::bigint", draft.bind(claim.retention)?),
    })
}

impl BoundClaim {
    /// Inserts the key, or takes an old one over; what becomes of the old one's fingerprint follows.
    fn insert(&self, keys: &str, seq: &str, from: &str) -> String {
        let Self { hash, target, fingerprint, retention } = self;
        format!(
            "INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at, expires_at) \
             SELECT {hash}, '{SURFACE}', {target}, {seq}, {fingerprint}, {NOW}, {NOW} + {retention} {from} \
             ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq, \
             at = excluded.at, expires_at = excluded.expires_at"
        )
    }
}

fn wrote(row: Option<&PgRow>) -> Result<Option<Wrote>, Error> {
    let Some(row) = row else { return Ok(None) };
    let keyed = row.len() > 1;
    let mut row = Reader::new(row);
    Ok(Some(Wrote { version: row.int()?, at: if keyed { Some(row.at()?) } else { None } }))
}

async fn fetch(conn: &mut PgConnection, text: String, arguments: PgArguments) -> Result<Vec<PgRow>, Error> {
    sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(conn).await
}
