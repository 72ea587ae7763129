//! Writes: a whole transaction, or a whole savepoint, is one message to the connection's thread.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, SqliteConnection};

use crate::clock::Timestamp;
use crate::store::error::{Class, StoreError};
use crate::store::read::{Reader, placed};
use crate::store::rows::{AccountSettings, After, GraphRow, Missed, Witness, Write, Written};
use crate::store::sqlite::bind::Values;
use crate::store::sqlite::classify::{classify, lost};
use crate::store::sqlite::dialect::Statements;
use crate::store::sqlite::reads::{fetch, graph};
use crate::store::sqlite::{bind, list};
use crate::store::statement::{Shape, Text};

pub(super) async fn own(conn: &mut SqliteConnection, sql: &Statements, write: &Write) -> Result<Written, Error> {
    let shape = Shape::of(write, false);
    let arguments = bind::write(write, shape)?;
    let written = fetch(conn, &sql.write_own.get(shape), arguments).await;
    let Some(rows) = all_or_nothing(conn, sql, written, "ROLLBACK").await? else {
        return Ok(Written::Lost(Missed::default()));
    };
    let funds = rows.first().map(|row| list::items(&Reader::new(row).text()?)).transpose()?.unwrap_or_default();
    let accounts = placed(&funds, write.accounts.len(), |row| row.funded().map(Some))?.into_iter().flatten().collect();
    let now = write.now.unwrap_or(Timestamp::from_micros(0));
    Ok(Written::Done(After { now, accounts }))
}

/// A constraint that fails in a transaction which holds the write lock since it read is a mistake of ours, and the
/// savepoint keeps it from leaving half a write behind.
pub(super) async fn joined(conn: &mut SqliteConnection, sql: &Statements, write: &Write) -> Result<bool, Error> {
    let shape = Shape::of(write, false);
    let arguments = bind::write(write, shape)?;
    let written = fetch(conn, &sql.write_joined.get(shape), arguments).await;
    Ok(all_or_nothing(conn, sql, written, "ROLLBACK TO idem_write; RELEASE idem_write").await?.is_some())
}

async fn all_or_nothing(
    conn: &mut SqliteConnection,
    sql: &Statements,
    written: Result<Vec<SqliteRow>, Error>,
    rollback: &'static str,
) -> Result<Option<Vec<SqliteRow>>, Error> {
    let error = match written {
        Ok(rows) => return Ok(Some(rows)),
        Err(error) => error,
    };
    let undone = sqlx::raw_sql(rollback).execute(conn).await;
    if lost(&error, sql) {
        return undone.map(|_| None);
    }
    // Whether there is still something to roll back depends on the error; the first one is what happened.
    Err(error)
}

pub(super) async fn probe(
    conn: &mut SqliteConnection,
    sql: &Statements,
    witness: &Witness,
) -> Result<Option<bool>, StoreError> {
    let found = find(conn, sql, witness).await.map_err(classify);
    let Err(error) = found else { return found.map(Some) };
    // Nothing is open if the wait for the lock was in vain; otherwise this is best effort on a connection that failed.
    let _ = sqlx::raw_sql("ROLLBACK").execute(conn).await;
    if error.class == Class::Busy { Ok(None) } else { Err(error) }
}

async fn find(conn: &mut SqliteConnection, sql: &Statements, witness: &Witness) -> Result<bool, Error> {
    let rows = match witness {
        Witness::Key { hash, at } => {
            let binder = Values::new().bind(&hash.0[..])?.bind(at.map(Timestamp::as_micros))?;
            fetch(conn, &sql.probe_key, binder.finish()).await?
        }
        Witness::Transition { machine, id, seq, at } => {
            let binder = Values::new().bind(machine)?.bind(id)?.bind(*seq)?.bind(at.as_micros())?;
            fetch(conn, &sql.probe_transition, binder.finish()).await?
        }
    };
    let row = rows.first().ok_or(Error::RowNotFound)?;
    Ok(Reader::new(row).int()? > 0)
}

pub(super) async fn register_graph(
    conn: &mut SqliteConnection,
    sql: &Statements,
    machine: &str,
    row: &GraphRow,
    replace: Option<&[u8]>,
) -> Result<GraphRow, Error> {
    if let Some(stored) = graph(conn, sql, machine).await?
        && replace != Some(&*stored.hash)
    {
        return Ok(stored);
    }
    let binder = Values::new().bind(machine)?.bind(&row.hash)?.bind(&row.names.0)?.bind(replace)?;
    execute(conn, &sql.put_graph, binder.finish()).await?;
    graph(conn, sql, machine).await?.ok_or(Error::RowNotFound)
}

async fn execute(conn: &mut SqliteConnection, text: &Text, arguments: SqliteArguments) -> Result<(), Error> {
    sqlx::query_with(AssertSqlSafe(text.clone()), arguments).execute(conn).await.map(drop)
}

pub(super) async fn put_account(
    conn: &mut SqliteConnection,
    sql: &Statements,
    settings: &AccountSettings<'_>,
) -> Result<(), Error> {
    let &AccountSettings { account, floor, ceiling, unit, tally, closed_at } = settings;
    let binder = Values::new().bind(account)?.bind(floor)?.bind(ceiling)?.bind(unit)?.bind(tally)?;
    execute(conn, &sql.put_account, binder.bind(closed_at.map(Timestamp::as_micros))?.finish()).await
}
