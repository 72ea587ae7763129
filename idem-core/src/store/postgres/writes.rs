//! Writes: one statement each.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Error, PgConnection};

use super::bind::{self, Values};
use super::classify::{classify, is_there, lost};
use super::dialect::{Statements, begin};
use super::reads::{fetch, graph};
use crate::store::error::{Class, StoreError};
use crate::store::rows::{GraphRow, Witness, Write};
use crate::store::statement::Shape;

pub(super) async fn own(
    conn: &mut PgConnection,
    sql: &Statements,
    write: &Write,
    wait: Duration,
) -> Result<bool, Error> {
    let shape = Shape::of(write);
    let text = AssertSqlSafe(sql.write_own.get(shape).clone());
    match sqlx::query_scalar_with(text, bind::own(write, shape, wait)?).fetch_one(conn).await {
        Err(error) if lost(&error, &sql.names, shape) => Ok(false),
        written => written,
    }
}

pub(super) async fn joined(conn: &mut PgConnection, sql: &Statements, write: &Write) -> Result<bool, Error> {
    type Done = (bool, Vec<Vec<u8>>, Vec<String>, Vec<String>);
    let shape = Shape::of(write);
    let text = AssertSqlSafe(sql.write_joined.get(shape).clone());
    let done = sqlx::query_as_with(text, bind::joined(write, shape)?).fetch_one(&mut *conn).await;
    let (written, claimed, opened, ids): Done = done?;
    if !written && (!claimed.is_empty() || !opened.is_empty()) {
        let binder = Values::new().bind(claimed)?.bind(opened)?.bind(ids)?;
        fetch(conn, &sql.undo, binder.finish()).await?;
    }
    Ok(written)
}

pub(super) async fn probe(
    conn: &mut PgConnection,
    sql: &Statements,
    witness: &Witness,
    wait: Duration,
) -> Result<Option<bool>, StoreError> {
    let (insert, table) = match witness {
        Witness::Key { .. } => (&sql.probe_key, &sql.names.keys),
        Witness::Transition { .. } => (&sql.probe_transition, &sql.names.transitions),
    };
    let bound = place(witness).map_err(classify)?;
    let mut tx = conn.begin_with(AssertSqlSafe(begin(wait))).await.map_err(classify)?;
    let inserted = fetch(&mut tx, insert, bound.finish()).await;
    tx.rollback().await.map_err(classify)?;
    match inserted {
        Ok(_) => Ok(Some(false)),
        Err(error) if is_there(&error, table) => is_its_own(conn, sql, witness).await.map(Some).map_err(classify),
        Err(error) => match classify(error) {
            StoreError { class: Class::Busy, .. } => Ok(None),
            error => Err(error),
        },
    }
}

/// Whether the row in the witness's place is the one it tells of.
async fn is_its_own(conn: &mut PgConnection, sql: &Statements, witness: &Witness) -> Result<bool, Error> {
    let (find, at) = match witness {
        Witness::Key { at, .. } => (&sql.find_key, at),
        Witness::Transition { at, .. } => (&sql.find_transition, at),
    };
    Ok(!fetch(conn, find, place(witness)?.bind(at.as_micros())?.finish()).await?.is_empty())
}

fn place(witness: &Witness) -> Result<Values, Error> {
    match witness {
        Witness::Key { hash, .. } => Values::new().bind(&hash.0[..]),
        Witness::Transition { machine, id, seq, .. } => Values::new().bind(machine)?.bind(id)?.bind(*seq),
    }
}

pub(super) async fn register_graph(
    conn: &mut PgConnection,
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
    fetch(conn, &sql.put_graph, binder.finish()).await?;
    graph(conn, sql, machine).await?.ok_or(Error::RowNotFound)
}
