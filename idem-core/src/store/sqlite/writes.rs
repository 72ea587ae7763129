//! Writes: a whole transaction, or a whole savepoint, is one message to the connection's thread.

use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Error, SqliteConnection};

use super::bind::{self, Values};
use super::classify::{classify, lost};
use super::dialect::Statements;
use super::reads::{fetch, graph};
use crate::store::error::{Class, StoreError};
use crate::store::read::Reader;
use crate::store::rows::{GraphRow, Witness, Write};
use crate::store::statement::{Shape, Text};

pub(super) async fn own(conn: &mut SqliteConnection, sql: &Statements, write: &Write) -> Result<bool, Error> {
    let shape = Shape::of(write);
    let arguments = bind::write(write, shape)?;
    let written = execute(conn, sql.write_own.get(shape), arguments).await;
    all_or_nothing(conn, sql, written, "ROLLBACK").await
}

/// A constraint that fails in a transaction which holds the write lock since it read is a mistake of ours, and the
/// savepoint keeps it from leaving half a write behind.
pub(super) async fn joined(conn: &mut SqliteConnection, sql: &Statements, write: &Write) -> Result<bool, Error> {
    let shape = Shape::of(write);
    let arguments = bind::write(write, shape)?;
    let written = execute(conn, sql.write_joined.get(shape), arguments).await;
    all_or_nothing(conn, sql, written, "ROLLBACK TO idem_write; RELEASE idem_write").await
}

async fn all_or_nothing(
    conn: &mut SqliteConnection,
    sql: &Statements,
    written: Result<(), Error>,
    rollback: &'static str,
) -> Result<bool, Error> {
    let Err(error) = written else { return Ok(true) };
    let undone = sqlx::raw_sql(rollback).execute(conn).await;
    if lost(&error, sql) {
        return undone.map(|_| false);
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
            let binder = Values::new().bind(&hash.0[..])?.bind(at.as_micros())?;
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
