//! One row of a table of the user's own. What the update and its key need is one message to the connection's thread.

use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, Sqlite, SqliteConnection};

use super::dialect::{NOW, Statements};
use crate::store::read::Reader;
use crate::store::update::{Cell, Claim, Found, RowUpdate, RowWrite, SURFACE, TableShape, Wrote, joined};
use crate::value::Value;
use crate::version::identifier::TableName;

type Draft = crate::store::update::Draft<Sqlite>;

/// Indexes that hold some rows only, or what is computed, make nothing unique. The primary key may have no index.
const DESCRIBE: &str = "
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

pub(super) async fn describe(conn: &mut SqliteConnection, table: &TableName) -> Result<Option<Arc<TableShape>>, Error> {
    let describe = sqlx::query(DESCRIBE).bind(table.bare()).bind(table.schema().unwrap_or("main"));
    // A column of any type may hold a whole number.
    TableShape::from_rows(&describe.fetch_all(conn).await?, true, |_| Some(i64::MAX))
}

/// In a transaction of its own.
pub(super) async fn own(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &TableShape,
) -> Result<Option<Wrote>, Error> {
    run(conn, sql, update, shape, ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")).await
}

/// In the transaction that is open.
pub(super) async fn within(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &TableShape,
) -> Result<Option<Wrote>, Error> {
    const UNDO: &str = "ROLLBACK TO idem_update; RELEASE idem_update";
    run(conn, sql, update, shape, ("SAVEPOINT idem_update", "RELEASE idem_update", UNDO)).await
}

async fn run(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &TableShape,
    (open, close, undo): (&str, &str, &'static str),
) -> Result<Option<Wrote>, Error> {
    let mut draft = Draft::new();
    let Some(claim) = &update.claim else {
        let text = write(&mut draft, update, shape, "true")?;
        let rows = fetch(conn, text, draft.finish()).await?;
        return rows.first().map(|row| Ok(Wrote { version: Reader::new(row).int()?, at: None })).transpose();
    };
    let (keys, hash) = (&sql.keys_table, draft.bind(&claim.hash.0[..])?);
    let gate = format!(
        "NOT EXISTS (SELECT 1 FROM {keys} AS k \
         WHERE k.hash = {hash} AND (k.expires_at IS NULL OR k.expires_at > {NOW}))"
    );
    let change = write(&mut draft, update, shape, &gate)?;
    let record = record(&mut draft, (keys, &hash), update, shape, claim)?;
    let text = format!("{open}; {change}; {record}; {close}");
    match fetch(&mut *conn, text, draft.finish()).await {
        Ok(rows) => match rows.as_slice() {
            [wrote, recorded, ..] => {
                let (version, at) = (Reader::new(wrote).int()?, Reader::new(recorded).at()?);
                Ok(Some(Wrote { version, at: Some(at) }))
            }
            _ => Ok(None),
        },
        Err(error) => {
            // Nothing is open if the wait for the lock was in vain; the first error is what happened.
            let _ = sqlx::raw_sql(undo).execute(conn).await;
            Err(error)
        }
    }
}

/// Records the key if the statement before wrote the row; what was there of it has expired.
fn record(
    draft: &mut Draft,
    (keys, hash): (&str, &str),
    update: &RowUpdate,
    shape: &TableShape,
    claim: &Claim,
) -> Result<String, Error> {
    let target = draft.bind(update.table.as_str())?;
    let (fingerprint, retention) = (draft.bind(&claim.fingerprint.0[..])?, draft.bind(claim.retention)?);
    let version = match &update.version {
        None => "0".to_owned(),
        Some(version) => {
            let (table, named) = (&update.table, named(draft, update, shape, "t")?);
            format!("(SELECT t.{version} FROM {table} AS t WHERE {named})")
        }
    };
    Ok(format!(
        "INSERT INTO {keys} (hash, surface, target, seq, fingerprint, at, expires_at) \
         SELECT {hash}, '{SURFACE}', {target}, {version}, {fingerprint}, {NOW}, {NOW} + {retention} \
         WHERE changes() = 1 \
         ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq, \
         fingerprint = excluded.fingerprint, at = excluded.at, expires_at = excluded.expires_at \
         RETURNING at"
    ))
}

/// The key and the row that an update missed, in one snapshot.
pub(super) async fn find(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &TableShape,
) -> Result<Found, Error> {
    let (mut draft, keys, table) = (Draft::new(), &sql.keys_table, &update.table);
    let hash = draft.bind(update.claim.as_ref().map(|claim| &claim.hash.0[..]))?;
    let mut columns = vec!["1 AS there".to_owned()];
    columns.push(match &update.version {
        Some(version) => format!("CAST(t.{version} AS INTEGER) AS version"),
        None => "NULL AS version".to_owned(),
    });
    for (place, cell) in update.expects.iter().enumerate() {
        columns.push(format!("({}) AS met_{place}", expectation(&mut draft, cell, shape)?));
    }
    let (columns, named) = (columns.join(", "), named(&mut draft, update, shape, "t")?);
    let text = format!(
        "SELECT {NOW}, k.fingerprint, k.target, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) \
         LEFT JOIN {keys} k ON k.hash = {hash} \
         LEFT JOIN (SELECT {columns} FROM {table} AS t WHERE {named} LIMIT 2) r ON true"
    );
    Found::from_rows(&fetch(conn, text, draft.finish()).await?, update)
}

/// The statement that writes the row if `gate` is true, and gives its new version.
fn write(draft: &mut Draft, update: &RowUpdate, shape: &TableShape, gate: &str) -> Result<String, Error> {
    let table = &update.table;
    let version = update.version.as_ref().map_or_else(|| "0".to_owned(), |column| format!("CAST({column} AS INTEGER)"));
    if update.write == RowWrite::Update {
        let mut sets = Vec::new();
        for cell in &update.sets {
            sets.push(format!("{} = {}", cell.column, value(draft, cell, shape)?));
        }
        sets.extend(update.version.as_ref().map(|column| format!("{column} = coalesce({column}, 0) + 1")));
        let mut conditions = vec![named(draft, update, shape, "t")?];
        conditions.extend(countable(update));
        if let (Some(column), Some(expected)) = (&update.version, update.expected) {
            conditions.push(format!("coalesce(t.{column}, 0) = {}", draft.bind(expected)?));
        }
        for cell in &update.expects {
            conditions.push(expectation(draft, cell, shape)?);
        }
        if !shape.names_one_row(&update.keys) {
            let named = named(draft, update, shape, "s")?;
            conditions.push(format!("(SELECT count(*) FROM (SELECT 1 FROM {table} AS s WHERE {named} LIMIT 2)) = 1"));
        }
        let (sets, conditions) = (sets.join(", "), conditions.join(" AND "));
        return Ok(format!("UPDATE {table} AS t SET {sets} WHERE {conditions} AND {gate} RETURNING {version}"));
    }
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for cell in update.keys.iter().chain(&update.sets) {
        columns.push(cell.column.to_string());
        values.push(value(draft, cell, shape)?);
    }
    if let Some(column) = &update.version {
        columns.push(column.to_string());
        values.push("1".to_owned());
    }
    let keys: Vec<String> = update.keys.iter().map(|cell| cell.column.to_string()).collect();
    let then = match update.write {
        RowWrite::Insert => "NOTHING".to_owned(),
        _ => overwrite(update),
    };
    let (columns, values, keys) = (columns.join(", "), values.join(", "), keys.join(", "));
    Ok(format!(
        "INSERT INTO {table} AS t ({columns}) SELECT {values} WHERE {gate} \
         ON CONFLICT ({keys}) DO {then} RETURNING {version}"
    ))
}

fn overwrite(update: &RowUpdate) -> String {
    let set = |cell: &Cell| format!("{0} = excluded.{0}", cell.column);
    let counted = update.version.as_ref().map(|column| format!("{column} = coalesce(t.{column}, 0) + 1"));
    let sets: Vec<String> = update.sets.iter().map(set).chain(counted).collect();
    let countable = countable(update).map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    format!("UPDATE SET {}{countable}", sets.join(", "))
}

/// One more is still a whole number: SQLite would go on with a floating-point one.
fn countable(update: &RowUpdate) -> Option<String> {
    let column = update.version.as_ref()?;
    Some(format!("coalesce(t.{column}, 0) < {}", i64::MAX))
}

/// The row of table `alias` has the keys.
fn named(draft: &mut Draft, update: &RowUpdate, shape: &TableShape, alias: &str) -> Result<String, Error> {
    let equal = |cell: &Cell| Ok(format!("{alias}.{} = {}", cell.column, value(draft, cell, shape)?));
    joined(update.keys.iter().map(equal), " AND ")
}

fn expectation(draft: &mut Draft, cell: &Cell, shape: &TableShape) -> Result<String, Error> {
    Ok(format!("t.{} IS {}", cell.column, value(draft, cell, shape)?))
}

/// A value, bound as SQLite has it; the column's affinity does the rest.
fn value(draft: &mut Draft, cell: &Cell, shape: &TableShape) -> Result<String, Error> {
    match &cell.value {
        Value::Null => draft.bind(None::<i64>),
        Value::Bool(truth) => draft.bind(i64::from(*truth)),
        Value::Int(number) => draft.bind(*number),
        Value::Float(number) => draft.bind(*number),
        Value::Text(text) => draft.bind(&**text),
        Value::Bytes(bytes) => draft.bind(&**bytes),
        Value::Timestamp(at) if is_whole(shape, cell) => draft.bind(at.as_micros()),
        Value::Timestamp(at) => draft.bind(at.to_string()),
    }
}

/// The column has the affinity of whole numbers: <https://sqlite.org/datatype3.html>, section 3.1.
fn is_whole(shape: &TableShape, cell: &Cell) -> bool {
    shape.column(&cell.column).is_some_and(|column| column.kind.to_ascii_uppercase().contains("INT"))
}

async fn fetch(conn: &mut SqliteConnection, text: String, arguments: SqliteArguments) -> Result<Vec<SqliteRow>, Error> {
    sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(conn).await
}
