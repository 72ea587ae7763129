//! Reads: a statement each.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, SqliteConnection};

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::read::{ENTRY_COLUMNS, KEY_COLUMNS, RUN_COLUMNS, Reader, placed, placed_entries};
use crate::store::rows::{AccountRow, GraphRow, Loaded, LoadedLedger, MachineRow, RunRow, StateQuery, TransitionRow};
use crate::store::sqlite::bind::{Bytes, Values, json};
use crate::store::sqlite::dialect::Statements;
use crate::store::sqlite::list;
use crate::store::statement::Text;

pub(super) async fn load(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machines: &[(&str, &str)],
    keys: &[KeyHash],
) -> Result<Loaded, Error> {
    match (machines, keys) {
        ([] | [_], [] | [_]) => load_one(conn, sql, machines.first().copied(), keys.first()).await,
        _ => load_many(conn, sql, machines, keys).await,
    }
}

async fn load_one(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machine: Option<(&str, &str)>,
    key: Option<&KeyHash>,
) -> Result<Loaded, Error> {
    let (name, id) = machine.unzip();
    let binder = Values::new().bind(name)?.bind(id)?.bind(key.map(|hash| &hash.0[..]))?;
    let rows = fetch(conn, &sql.load_one, binder.finish()).await?;
    Loaded::from_row(rows.first().ok_or(Error::RowNotFound)?, machine, key.is_some())
}

async fn load_many(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machines: &[(&str, &str)],
    keys: &[KeyHash],
) -> Result<Loaded, Error> {
    let hashes = json(keys.iter().map(|hash| Bytes(&hash.0)))?;
    let binder = Values::new().bind(json(machines)?)?.bind(hashes)?;
    let rows = fetch(conn, &sql.load_many, binder.finish()).await?;
    let (now, listed, known) = list::take(rows, 1 + KEY_COLUMNS + RUN_COLUMNS)?;
    Ok(Loaded {
        now,
        machines: placed(&listed, machines.len(), |row| row.named_machine().map(Some))?,
        keys: placed(&known, keys.len(), Reader::key_of_run)?,
    })
}

pub(super) async fn load_runs(
    conn: &mut SqliteConnection,
    sql: &Statements,
    runs: &[(&str, &str, i64)],
) -> Result<Vec<Option<RunRow>>, Error> {
    let binder = Values::new().bind(json(runs)?)?;
    placed(&fetch(conn, &sql.load_runs, binder.finish()).await?, runs.len(), Reader::run)
}

pub(super) async fn last_visit(
    conn: &mut SqliteConnection,
    sql: &Statements,
    (machine, id): (&str, &str),
    states: &[&str],
) -> Result<Option<i64>, Error> {
    let binder = Values::new().bind(machine)?.bind(id)?.bind(json(states)?)?;
    let rows = fetch(conn, &sql.last_visit, binder.finish()).await?;
    rows.first().map(|row| Reader::new(row).int()).transpose()
}

pub(super) async fn accounts(
    conn: &mut SqliteConnection,
    sql: &Statements,
    accounts: &[&str],
) -> Result<Vec<Option<AccountRow>>, Error> {
    let binder = Values::new().bind(json(accounts)?)?;
    placed(&fetch(conn, &sql.load_accounts, binder.finish()).await?, accounts.len(), Reader::account)
}

pub(super) async fn ledger(
    conn: &mut SqliteConnection,
    sql: &Statements,
    keys: &[KeyHash],
    accounts: &[&str],
) -> Result<LoadedLedger, Error> {
    let binder = Values::new().bind(json(keys.iter().map(|hash| Bytes(&hash.0)))?)?.bind(json(accounts)?)?;
    let rows = fetch(conn, &sql.load_ledger, binder.finish()).await?;
    let (now, listed, known) = list::take(rows, 1 + KEY_COLUMNS + ENTRY_COLUMNS)?;
    Ok(LoadedLedger {
        now,
        keys: placed_entries(&known, keys.len())?,
        accounts: placed(&listed, accounts.len(), Reader::account)?,
    })
}

pub(super) async fn history(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machine: (&str, &str),
    after: i64,
    limit: i64,
) -> Result<Vec<TransitionRow>, Error> {
    let binder = Values::new().bind(machine.0)?.bind(machine.1)?.bind(after)?.bind(limit)?;
    let rows = fetch(conn, &sql.history, binder.finish()).await?;
    rows.iter().map(|row| Reader::new(row).transition(machine)).collect()
}

pub(super) async fn in_state(
    conn: &mut SqliteConnection,
    sql: &Statements,
    query: &StateQuery<'_>,
) -> Result<Vec<MachineRow>, Error> {
    let (at, id) = query.after.map_or((i64::MIN, ""), |(at, id)| (at.as_micros(), id));
    let before = query.before.map_or(i64::MAX, Timestamp::as_micros);
    let states = json(query.states)?;
    let binder =
        Values::new().bind(query.machine)?.bind(states)?.bind(at)?.bind(id)?.bind(before)?.bind(query.limit)?;
    let rows = fetch(conn, &sql.in_state, binder.finish()).await?;
    rows.iter().map(|row| Reader::new(row).named_machine()).collect()
}

pub(super) async fn count_by_state(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machine: &str,
) -> Result<Vec<(String, i64)>, Error> {
    let rows = fetch(conn, &sql.count_by_state, Values::new().bind(machine)?.finish()).await?;
    rows.iter().map(|row| Reader::new(row).count()).collect()
}

pub(super) async fn graph(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machine: &str,
) -> Result<Option<GraphRow>, Error> {
    let rows = fetch(conn, &sql.graph, Values::new().bind(machine)?.finish()).await?;
    rows.first().map(|row| Reader::new(row).graph()).transpose()
}

/// The rows of all statements in `text`: `fetch_one` would leave those after the first row undone.
pub(super) async fn fetch(
    conn: &mut SqliteConnection,
    text: &Text,
    arguments: SqliteArguments,
) -> Result<Vec<SqliteRow>, Error> {
    sqlx::query_with(AssertSqlSafe(text.clone()), arguments).fetch_all(conn).await
}
