//! Reads and locks: a statement each.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, Error, PgConnection};

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::postgres::bind::{Values, column};
use crate::store::postgres::dialect::Statements;
use crate::store::read::{Reader, placed};
use crate::store::rows::{AccountRow, GraphRow, Loaded, LoadedLedger, MachineRow, RunRow, StateQuery, TransitionRow};
use crate::store::statement::Text;

pub(super) async fn load(
    conn: &mut PgConnection,
    sql: &Statements,
    machines: &[(&str, &str)],
    keys: &[KeyHash],
) -> Result<Loaded, Error> {
    if machines.len() > 1 || keys.len() > 1 {
        let (names, ids) = (column(machines, |machine| machine.0), column(machines, |machine| machine.1));
        let binder = Values::new().bind(names)?.bind(ids)?.bind(column(keys, |hash| &hash.0[..]))?;
        let rows = fetch(conn, &sql.load_many, binder.finish()).await?;
        return Loaded::from_rows(&rows, machines, keys.len());
    }
    let (machine, key) = (machines.first().copied(), keys.first());
    let (name, id) = machine.unzip();
    let binder = Values::new().bind(name)?.bind(id)?.bind(key.map(|hash| &hash.0[..]))?;
    let rows = fetch(conn, &sql.load_one, binder.finish()).await?;
    Loaded::from_row(rows.first().ok_or(Error::RowNotFound)?, machine, key.is_some())
}

pub(super) async fn lock_machines(
    conn: &mut PgConnection,
    sql: &Statements,
    machines: &[(&str, &str)],
) -> Result<(), Error> {
    let (names, ids) = (column(machines, |machine| machine.0), column(machines, |machine| machine.1));
    fetch(conn, &sql.lock_machines, Values::new().bind(names)?.bind(ids)?.finish()).await.map(drop)
}

pub(super) async fn load_runs(
    conn: &mut PgConnection,
    sql: &Statements,
    runs: &[(&str, &str, i64)],
) -> Result<Vec<Option<RunRow>>, Error> {
    let (names, ids) = (column(runs, |run| run.0), column(runs, |run| run.1));
    let binder = Values::new().bind(names)?.bind(ids)?.bind(column(runs, |run| run.2))?;
    placed(&fetch(conn, &sql.load_runs, binder.finish()).await?, runs.len(), Reader::run)
}

pub(super) async fn last_visit(
    conn: &mut PgConnection,
    sql: &Statements,
    (machine, id): (&str, &str),
    states: &[&str],
) -> Result<Option<i64>, Error> {
    let binder = Values::new().bind(machine)?.bind(id)?.bind(column(states, |state| *state))?;
    let rows = fetch(conn, &sql.last_visit, binder.finish()).await?;
    rows.first().map(|row| Reader::new(row).int()).transpose()
}

pub(super) async fn accounts(
    conn: &mut PgConnection,
    sql: &Statements,
    accounts: &[&str],
    lock: bool,
) -> Result<Vec<Option<AccountRow>>, Error> {
    let text = if lock { &sql.lock_accounts } else { &sql.load_accounts };
    placed(&fetch(conn, text, Values::new().bind(accounts)?.finish()).await?, accounts.len(), Reader::account)
}

pub(super) async fn ledger(
    conn: &mut PgConnection,
    sql: &Statements,
    keys: &[KeyHash],
    accounts: &[&str],
) -> Result<LoadedLedger, Error> {
    let binder = Values::new().bind(column(keys, |hash| &hash.0[..]))?.bind(accounts)?;
    LoadedLedger::from_rows(&fetch(conn, &sql.load_ledger, binder.finish()).await?, keys.len(), accounts.len())
}

pub(super) async fn history(
    conn: &mut PgConnection,
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
    conn: &mut PgConnection,
    sql: &Statements,
    query: &StateQuery<'_>,
) -> Result<Vec<MachineRow>, Error> {
    let (at, id) = query.after.map_or((i64::MIN, ""), |(at, id)| (at.as_micros(), id));
    let before = query.before.map_or(i64::MAX, Timestamp::as_micros);
    let binder = Values::new().bind(query.machine)?.bind(query.states)?.bind(at)?.bind(id)?;
    let binder = binder.bind(before)?.bind(query.limit)?;
    let rows = fetch(conn, &sql.in_state, binder.finish()).await?;
    rows.iter().map(|row| Reader::new(row).named_machine()).collect()
}

pub(super) async fn count_by_state(
    conn: &mut PgConnection,
    sql: &Statements,
    machine: &str,
) -> Result<Vec<(String, i64)>, Error> {
    let rows = fetch(conn, &sql.count_by_state, Values::new().bind(machine)?.finish()).await?;
    rows.iter().map(|row| Reader::new(row).count()).collect()
}

pub(super) async fn graph(conn: &mut PgConnection, sql: &Statements, machine: &str) -> Result<Option<GraphRow>, Error> {
    let rows = fetch(conn, &sql.graph, Values::new().bind(machine)?.finish()).await?;
    rows.first().map(|row| Reader::new(row).graph()).transpose()
}

pub(super) async fn fetch(conn: &mut PgConnection, text: &Text, arguments: PgArguments) -> Result<Vec<PgRow>, Error> {
    sqlx::query_with(AssertSqlSafe(text.clone()), arguments).fetch_all(conn).await
}
