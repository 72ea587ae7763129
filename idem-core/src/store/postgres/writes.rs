//! Writes: one statement each.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Error, PgConnection};

use crate::clock::Timestamp;
use crate::store::PostedOne;
use crate::store::error::{Class, StoreError};
use crate::store::postgres::bind;
use crate::store::postgres::bind::Values;
use crate::store::postgres::classify::{classify, is_there, lost};
use crate::store::postgres::dialect::{Statements, begin};
use crate::store::postgres::reads::{fetch, graph};
use crate::store::read::Reader;
use crate::store::rows::{AccountSettings, After, Funded, GraphRow, Locks, Missed, Witness, Write, Written};
use crate::store::statement::Shape;

pub(super) async fn own(
    conn: &mut PgConnection,
    sql: &Statements,
    write: &Write,
    locks: Locks,
) -> Result<Written, Error> {
    type Numbers = Option<Vec<i64>>;
    type Done = (bool, i64, Numbers, Option<Vec<String>>, Numbers, Numbers, Numbers);
    let shape = Shape::of(write, locks.skip);
    let text = AssertSqlSafe(sql.write_own.get(shape));
    let done = sqlx::query_as_with(text, bind::own(write, shape, locks.wait)?).fetch_one(conn).await;
    let (ok, now, lost_machines, busy, balances, seqs, ats): Done = match done {
        Err(error) if lost(&error, &sql.names, shape) => return Ok(Written::Lost(Missed::default())),
        done => done?,
    };
    if !ok {
        let machines = lost_machines.unwrap_or_default();
        let machines = machines.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect();
        let busy = busy.unwrap_or_default();
        let place = |name: &String| write.accounts.iter().position(|account| *account.account == **name);
        return Ok(Written::Lost(Missed { machines, accounts: busy.iter().filter_map(place).collect() }));
    }
    let (balances, seqs, ats) = (balances.unwrap_or_default(), seqs.unwrap_or_default(), ats.unwrap_or_default());
    let funded = balances.into_iter().zip(seqs).zip(ats);
    let funded = funded.map(|((balance, seq), at)| Funded { balance, seq, at: Timestamp::from_micros(at) });
    Ok(Written::Done(After { now: Timestamp::from_micros(now), accounts: funded.collect() }))
}

pub(super) async fn post_one(
    conn: &mut PgConnection,
    sql: &Statements,
    write: &Write,
    wait: Duration,
) -> Result<PostedOne, Error> {
    let ([account], [entry], [key]) = (&write.accounts[..], &write.entries[..], &write.keys[..]) else {
        return Ok(PostedOne::Undecided);
    };
    let arguments = bind::post_one(write, (account, entry, key), wait)?;
    let rows = match fetch(conn, &sql.post_one, arguments).await {
        Err(error) if lost(&error, &sql.names, Shape::of(write, false)) => return Ok(PostedOne::Undecided),
        rows => rows?,
    };
    let Some(row) = rows.first() else { return Ok(PostedOne::Undecided) };
    let mut row = Reader::new(row);
    if let (Some(balance), seq, at) = (row.maybe_int()?, row.maybe_int()?, row.maybe_int()?) {
        let (seq, at) = (seq.unwrap_or_default(), Timestamp::from_micros(at.unwrap_or_default()));
        return Ok(PostedOne::Done(Funded { balance, seq, at }));
    }
    match row.key_of_entry()? {
        // Only the first of a ring is here.
        Some(known) if !known.is_of_many() => Ok(PostedOne::Known(known)),
        _ => Ok(PostedOne::Undecided),
    }
}

pub(super) async fn joined(conn: &mut PgConnection, sql: &Statements, write: &Write) -> Result<bool, Error> {
    type Done = (bool, Vec<Vec<u8>>, Vec<String>, Vec<String>);
    let shape = Shape::of(write, false);
    let text = AssertSqlSafe(sql.write_joined.get(shape));
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
        Witness::Key { at: None, .. } => return Ok(true),
        Witness::Key { at: Some(at), .. } => (&sql.find_key, at),
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

pub(super) async fn put_account(
    conn: &mut PgConnection,
    sql: &Statements,
    settings: &AccountSettings<'_>,
) -> Result<(), Error> {
    let &AccountSettings { account, floor, ceiling, unit, tally, closed_at } = settings;
    let binder = Values::new().bind(account)?.bind(floor)?.bind(ceiling)?.bind(unit)?.bind(tally)?;
    fetch(conn, &sql.put_account, binder.bind(closed_at.map(Timestamp::as_micros))?.finish()).await.map(drop)
}

pub(super) async fn fold_tail(conn: &mut PgConnection, sql: &Statements, account: &str) -> Result<(), Error> {
    fetch(conn, &sql.fold_tail, Values::new().bind(account)?.finish()).await.map(drop)
}
