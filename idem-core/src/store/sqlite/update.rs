//! One row of a table of the user's own. What the update and its key need is one message to the connection's thread.

use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Error, SqliteConnection};

use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Cell, Found, RowUpdate, RowWrite};
use crate::namespace::UPDATE;
use crate::store::read::Reader;
use crate::store::sqlite::bind::Values;
use crate::store::sqlite::dialect::{NOW, Statements};
use crate::store::update::{DescribedTable, Draft, Slot, Template, Wrote};
use crate::value::Value;

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

pub(super) async fn describe(
    conn: &mut SqliteConnection,
    table: &TableName,
) -> Result<Option<Arc<DescribedTable>>, Error> {
    let describe = sqlx::query(DESCRIBE).bind(table.bare()).bind(table.schema().unwrap_or("main"));
    // A column of any type may hold a whole number.
    DescribedTable::from_rows(&describe.fetch_all(conn).await?, true, |_| Some(i64::MAX))
}

/// In a transaction of its own.
pub(super) async fn own(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
) -> Result<Option<Wrote>, Error> {
    let template =
        shape.templates.get("own", update, |draft| text(draft, sql, update, shape, ("BEGIN IMMEDIATE", "COMMIT")));
    run(conn, &template, update, shape, "ROLLBACK").await
}

/// In the transaction that is open.
pub(super) async fn within(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
) -> Result<Option<Wrote>, Error> {
    let savepoint = ("SAVEPOINT idem_update", "RELEASE idem_update");
    let template = shape.templates.get("within", update, |draft| text(draft, sql, update, shape, savepoint));
    run(conn, &template, update, shape, "ROLLBACK TO idem_update; RELEASE idem_update").await
}

async fn run(
    conn: &mut SqliteConnection,
    template: &Template,
    update: &RowUpdate,
    shape: &DescribedTable,
    undo: &'static str,
) -> Result<Option<Wrote>, Error> {
    let rows = match fetch(&mut *conn, template, update, shape).await {
        Err(error) if update.claim.is_some() => {
            // Nothing is open if the wait for the lock was in vain; the first error is what happened.
            let _ = sqlx::raw_sql(undo).execute(conn).await;
            return Err(error);
        }
        rows => rows?,
    };
    match rows.as_slice() {
        [wrote, recorded, ..] => {
            let (version, at) = (Reader::new(wrote).int()?, Reader::new(recorded).at()?);
            Ok(Some(Wrote { version, at: Some(at) }))
        }
        [wrote] => Ok(Some(Wrote { version: Reader::new(wrote).int()?, at: None })),
        [] => Ok(None),
    }
}

/// The update alone, or with its key between what opens and what closes the two.
fn text(
    draft: &mut Draft,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
    (open, close): (&str, &str),
) -> String {
    if update.claim.is_none() {
        return write(draft, update, shape, "true");
    }
    let (keys, hash) = (&sql.keys_table, draft.place(Slot::Hash));
    let gate = format!(
        "NOT EXISTS (SELECT 1 FROM {keys} AS k \
         WHERE k.hash = {hash} AND (k.expires_at IS NULL OR k.expires_at > {NOW}))"
    );
    let (write, claim) = (write(draft, update, shape, &gate), claim(draft, keys, update));
    format!("{open}; {write}; {claim}; {close}")
}

/// Records the key if the statement before wrote the row; what was there of it has expired.
fn claim(draft: &mut Draft, keys: &str, update: &RowUpdate) -> String {
    let [hash, target, fingerprint, retention] =
        [Slot::Hash, Slot::Target, Slot::Fingerprint, Slot::Retention].map(|slot| draft.place(slot));
    let version = match &update.version {
        None => "0".to_owned(),
        Some(version) => {
            let (table, named) = (&update.table, named(draft, update, "t"));
            format!("(SELECT t.{version} FROM {table} AS t WHERE {named})")
        }
    };
    format!(
        "INSERT INTO {keys} (hash, surface, target, seq, fingerprint, at, expires_at) \
         SELECT {hash}, '{UPDATE}', {target}, {version}, {fingerprint}, {NOW}, {NOW} + {retention} \
         WHERE changes() = 1 \
         ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq, \
         fingerprint = excluded.fingerprint, at = excluded.at, expires_at = excluded.expires_at \
         RETURNING at"
    )
}

/// The key and the row that an update missed, in one snapshot.
pub(super) async fn find(
    conn: &mut SqliteConnection,
    sql: &Statements,
    update: &RowUpdate,
    shape: &DescribedTable,
) -> Result<Found, Error> {
    let template = shape.templates.get("find", update, |draft| find_text(draft, sql, update));
    Found::from_rows(&fetch(conn, &template, update, shape).await?, update)
}

fn find_text(draft: &mut Draft, sql: &Statements, update: &RowUpdate) -> String {
    let (keys, table, hash) = (&sql.keys_table, &update.table, draft.place(Slot::Hash));
    let mut columns = vec!["1 AS there".to_owned()];
    columns.push(match &update.version {
        Some(version) => format!("CAST(t.{version} AS INTEGER) AS version"),
        None => "NULL AS version".to_owned(),
    });
    for (at, cell) in update.expects.iter().enumerate() {
        columns.push(format!("({}) AS met_{at}", expectation(draft, at, cell)));
    }
    let (columns, named) = (columns.join(", "), named(draft, update, "t"));
    format!(
        "SELECT {NOW}, k.fingerprint, k.target, k.seq, k.at, k.expires_at, r.* FROM (SELECT 1) \
         LEFT JOIN {keys} k ON k.hash = {hash} \
         LEFT JOIN (SELECT {columns} FROM {table} AS t WHERE {named} LIMIT 2) r ON true"
    )
}

/// The statement that writes the row if `gate` is true, and gives its new version.
fn write(draft: &mut Draft, update: &RowUpdate, shape: &DescribedTable, gate: &str) -> String {
    let table = &update.table;
    let version = update.version.as_ref().map_or_else(|| "0".to_owned(), |column| format!("CAST({column} AS INTEGER)"));
    if update.write == RowWrite::Update {
        let (sets, conditions) = (sets(draft, update), conditions(draft, update, shape));
        return format!("UPDATE {table} AS t SET {sets} WHERE {conditions} AND {gate} RETURNING {version}");
    }
    let keys = update.keys.iter().enumerate().map(|(at, cell)| (Slot::Key(at), cell));
    let sets = update.sets.iter().enumerate().map(|(at, cell)| (Slot::Set(at), cell));
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (slot, cell) in keys.chain(sets) {
        columns.push(cell.column.to_string());
        values.push(draft.place(slot));
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
    format!(
        "INSERT INTO {table} AS t ({columns}) SELECT {values} WHERE {gate} \
         ON CONFLICT ({keys}) DO {then} RETURNING {version}"
    )
}

fn sets(draft: &mut Draft, update: &RowUpdate) -> String {
    let cells = update.sets.iter().enumerate();
    let mut sets: Vec<String> =
        cells.map(|(at, cell)| format!("{} = {}", cell.column, draft.place(Slot::Set(at)))).collect();
    sets.extend(counted(update));
    sets.join(", ")
}

/// What must be so for the row to be updated.
fn conditions(draft: &mut Draft, update: &RowUpdate, shape: &DescribedTable) -> String {
    let table = &update.table;
    let mut conditions = vec![named(draft, update, "t")];
    conditions.extend(countable(update));
    if let (Some(column), Some(_)) = (&update.version, update.expected) {
        conditions.push(format!("coalesce(t.{column}, 0) = {}", draft.place(Slot::Expected)));
    }
    for (at, cell) in update.expects.iter().enumerate() {
        conditions.push(expectation(draft, at, cell));
    }
    if !shape.schema.names_one_row(&update.keys) {
        let named = named(draft, update, "s");
        conditions.push(format!("(SELECT count(*) FROM (SELECT 1 FROM {table} AS s WHERE {named} LIMIT 2)) = 1"));
    }
    conditions.join(" AND ")
}

fn overwrite(update: &RowUpdate) -> String {
    let set = |cell: &Cell| format!("{0} = excluded.{0}", cell.column);
    let sets: Vec<String> = update.sets.iter().map(set).chain(counted(update)).collect();
    let countable = countable(update).map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    format!("UPDATE SET {}{countable}", sets.join(", "))
}

fn counted(update: &RowUpdate) -> Option<String> {
    update.version.as_ref().map(|column| format!("{column} = coalesce(t.{column}, 0) + 1"))
}

/// One more is still a whole number: SQLite would go on with a floating-point one.
fn countable(update: &RowUpdate) -> Option<String> {
    update.version.as_ref().map(|column| format!("coalesce(t.{column}, 0) < {}", i64::MAX))
}

/// The row of table `alias` has the keys.
fn named(draft: &mut Draft, update: &RowUpdate, alias: &str) -> String {
    let cells = update.keys.iter().enumerate();
    let equal: Vec<String> =
        cells.map(|(at, cell)| format!("{alias}.{} = {}", cell.column, draft.place(Slot::Key(at)))).collect();
    equal.join(" AND ")
}

fn expectation(draft: &mut Draft, at: usize, cell: &Cell) -> String {
    format!("t.{} IS {}", cell.column, draft.place(Slot::Expect(at)))
}

async fn fetch(
    conn: &mut SqliteConnection,
    template: &Template,
    update: &RowUpdate,
    shape: &DescribedTable,
) -> Result<Vec<SqliteRow>, Error> {
    let mut values = Values::new();
    for &slot in &template.slots {
        values = bind(values, slot, update, shape)?;
    }
    sqlx::query_with(AssertSqlSafe(template.text.clone()), values.finish()).fetch_all(conn).await
}

fn bind(values: Values, slot: Slot, update: &RowUpdate, shape: &DescribedTable) -> Result<Values, Error> {
    if let Some(cell) = update.cell(slot) {
        return bind_cell(values, cell, shape);
    }
    let claim = update.claim.as_ref();
    match slot {
        Slot::Expected => values.bind(update.expected),
        Slot::Hash => values.bind(claim.map(|claim| &claim.hash.0[..])),
        Slot::Target => values.bind(update.table.as_str()),
        Slot::Fingerprint => values.bind(claim.map(|claim| &claim.fingerprint.0[..])),
        Slot::Retention => values.bind(claim.map(|claim| claim.retention)),
        Slot::Planned | Slot::Wait | Slot::Key(_) | Slot::Set(_) | Slot::Expect(_) => Err(update.nothing_at(slot)),
    }
}

/// A value as SQLite has it; the column's affinity does the rest.
fn bind_cell(values: Values, cell: &Cell, shape: &DescribedTable) -> Result<Values, Error> {
    match &cell.value {
        Value::Null => values.bind(None::<i64>),
        Value::Bool(truth) => values.bind(i64::from(*truth)),
        Value::Int(number) => values.bind(*number),
        Value::Float(number) => values.bind(*number),
        Value::Text(text) => values.bind(&**text),
        Value::Bytes(bytes) => values.bind(&**bytes),
        Value::Timestamp(at) if is_whole(shape, cell) => values.bind(at.as_micros()),
        Value::Timestamp(at) => values.bind(at.to_string()),
    }
}

/// The column has the affinity of whole numbers: <https://sqlite.org/datatype3.html>, section 3.1.
fn is_whole(shape: &DescribedTable, cell: &Cell) -> bool {
    shape.schema.column(&cell.column).is_some_and(|column| column.type_name.to_ascii_uppercase().contains("INT"))
}
