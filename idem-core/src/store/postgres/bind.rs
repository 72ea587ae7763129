//! What is bound and read. A list is one array per column.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Error, Postgres, Row};

use super::dialect::lock_timeout;
use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::legs::legs;
use crate::store::read::Cells;
use crate::store::rows::{KeyWrite, MachineWrite, TransitionRow, Write};
use crate::store::statement::Shape;

/// The values bound to a statement.
pub(super) type Values = Binder<Postgres>;

impl Cells for PgRow {
    fn int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.try_get(column)
    }

    fn text(&self, column: usize) -> Result<Option<String>, Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.try_get(column)
    }
}

type Bound = Result<Values, Error>;

/// What a write in a transaction of its own binds, in the order of the parts of its shape.
pub(super) fn own(write: &Write, shape: Shape, wait: Duration) -> Result<PgArguments, Error> {
    let mut binder = Values::new().bind(lock_timeout(wait).to_string())?;
    binder = machines(binder, write, shape)?;
    if shape.money() {
        binder = accounts(binder, write)?;
    }
    if shape.keys() {
        binder = keys(binder, write, shape)?;
    }
    Ok(rest(binder, write, shape)?.finish())
}

/// What a write in a caller's transaction binds: keys first.
pub(super) fn joined(write: &Write, shape: Shape) -> Result<PgArguments, Error> {
    let mut binder = Values::new();
    if shape.keys() {
        binder = keys(binder, write, shape)?;
    }
    binder = machines(binder, write, shape)?;
    if shape.money() {
        binder = accounts(binder, write)?;
    }
    Ok(rest(binder, write, shape)?.finish())
}

/// One column of a list.
pub(super) fn column<'w, T, U>(items: &'w [T], value: impl Fn(&'w T) -> U) -> Vec<U> {
    items.iter().map(value).collect()
}

fn machines(binder: Values, write: &Write, shape: Shape) -> Bound {
    if let Some(machine) = write.machines.first().filter(|_| shape.one()) {
        return one_machine(binder, machine);
    }
    let rows = &write.machines;
    binder
        .bind(column(rows, |row| &*row.machine))?
        .bind(column(rows, |row| &*row.id))?
        .bind(column(rows, |row| &*row.state))?
        .bind(column(rows, |row| &*row.body.0))?
        .bind(column(rows, |row| row.expected))?
        .bind(column(rows, |row| row.version))?
        .bind(column(rows, |row| row.visit))?
        .bind(column(rows, |row| row.entered_at.as_micros()))
}

fn one_machine(binder: Values, machine: &MachineWrite) -> Bound {
    binder
        .bind(&machine.machine)?
        .bind(&machine.id)?
        .bind(&machine.state)?
        .bind(&machine.body.0)?
        .bind(machine.expected)?
        .bind(machine.version)?
        .bind(machine.visit)?
        .bind(machine.entered_at.as_micros())
}

fn accounts(binder: Values, write: &Write) -> Bound {
    let rows = &write.accounts;
    binder
        .bind(column(rows, |row| &*row.account))?
        .bind(column(rows, |row| row.delta))?
        .bind(column(rows, |row| row.lowest))?
        .bind(column(rows, |row| row.highest))?
        .bind(column(rows, |row| row.entries))
}

fn keys(binder: Values, write: &Write, shape: Shape) -> Bound {
    if let Some(key) = write.keys.first().filter(|_| shape.one()) {
        return one_key(binder, key)?.bind(write.now);
    }
    let rows = &write.keys;
    binder
        .bind(column(rows, |row| &row.hash.0[..]))?
        .bind(column(rows, |row| &*row.surface))?
        .bind(column(rows, |row| &*row.target))?
        .bind(column(rows, |row| row.seq))?
        .bind(column(rows, |row| &row.fingerprint.0[..]))?
        .bind(column(rows, |row| row.at.as_micros()))?
        .bind(column(rows, |row| row.expires_at.map(Timestamp::as_micros)))?
        .bind(write.now)
}

fn one_key(binder: Values, key: &KeyWrite) -> Bound {
    binder
        .bind(&key.hash.0[..])?
        .bind(&key.surface)?
        .bind(&key.target)?
        .bind(key.seq)?
        .bind(&key.fingerprint.0[..])?
        .bind(key.at.as_micros())?
        .bind(key.expires_at.map(Timestamp::as_micros))
}

fn rest(mut binder: Values, write: &Write, shape: Shape) -> Bound {
    binder = match write.transitions.first().filter(|_| shape.one()) {
        Some(transition) => one_transition(binder, transition)?,
        None => transitions(binder, &write.transitions)?,
    };
    if shape.money() {
        binder = entries(binder, write)?;
    }
    if shape.messages() { messages(binder, write) } else { Ok(binder) }
}

fn one_transition(binder: Values, row: &TransitionRow) -> Bound {
    binder
        .bind(&row.machine)?
        .bind(&row.id)?
        .bind(row.seq)?
        .bind(&row.command)?
        .bind(&row.from_state)?
        .bind(&row.state)?
        .bind(&row.body.0)?
        .bind(&row.payload.0)?
        .bind(&row.outcome.0)?
        .bind(&row.fingerprint.0[..])?
        .bind(row.key.as_ref().map(|(scope, _)| scope))?
        .bind(row.key.as_ref().map(|(_, key)| key))?
        .bind(row.from_visit)?
        .bind(row.visit)?
        .bind(row.at.as_micros())?
        .bind(row.correlation.as_ref())
}

fn transitions(binder: Values, rows: &[TransitionRow]) -> Bound {
    binder
        .bind(column(rows, |row| &*row.machine))?
        .bind(column(rows, |row| &*row.id))?
        .bind(column(rows, |row| row.seq))?
        .bind(column(rows, |row| &*row.command))?
        .bind(column(rows, |row| &*row.from_state))?
        .bind(column(rows, |row| &*row.state))?
        .bind(column(rows, |row| &*row.body.0))?
        .bind(column(rows, |row| &*row.payload.0))?
        .bind(column(rows, |row| &*row.outcome.0))?
        .bind(column(rows, |row| &row.fingerprint.0[..]))?
        .bind(column(rows, |row| row.key.as_ref().map(|(scope, _)| &**scope)))?
        .bind(column(rows, |row| row.key.as_ref().map(|(_, key)| &**key)))?
        .bind(column(rows, |row| row.from_visit))?
        .bind(column(rows, |row| row.visit))?
        .bind(column(rows, |row| row.at.as_micros()))?
        .bind(column(rows, |row| row.correlation.as_deref()))
}

fn entries(binder: Values, write: &Write) -> Bound {
    let legs = legs(write)?;
    // An array's first element is 1 there.
    let places: Result<Vec<i64>, _> = legs.iter().map(|leg| i64::try_from(leg.position + 1)).collect();
    binder
        .bind(column(&legs, |leg| &*leg.entry.account))?
        .bind(places.map_err(|error| Error::Encode(error.into()))?)?
        .bind(column(&legs, |leg| leg.account.entries))?
        .bind(column(&legs, |leg| leg.entry.nth))?
        .bind(column(&legs, |leg| leg.entry.delta))?
        .bind(column(&legs, |leg| leg.account.delta))?
        .bind(column(&legs, |leg| leg.entry.running))?
        .bind(column(&legs, |leg| &*leg.entry.machine))?
        .bind(column(&legs, |leg| &*leg.entry.id))?
        .bind(column(&legs, |leg| leg.entry.seq))?
        .bind(column(&legs, |leg| leg.entry.leg))?
        .bind(column(&legs, |leg| leg.entry.at.as_micros()))
}

fn messages(binder: Values, write: &Write) -> Bound {
    let rows = &write.messages;
    binder
        .bind(column(rows, |row| &*row.machine))?
        .bind(column(rows, |row| &*row.id))?
        .bind(column(rows, |row| row.seq))?
        .bind(column(rows, |row| row.leg))?
        .bind(column(rows, |row| &*row.topic))?
        .bind(column(rows, |row| &*row.payload.0))?
        .bind(column(rows, |row| row.at.as_micros()))
}
