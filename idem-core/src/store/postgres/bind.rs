//! What is bound and read. A list is one array per column.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Error, Postgres, Row};

use crate::clock::Timestamp;
use crate::key::Key;
use crate::store::binder::Binder;
use crate::store::legs::{Leg, legs};
use crate::store::postgres::dialect::lock_timeout;
use crate::store::read::Cells;
use crate::store::rows::{
    AccountWrite, EntryWrite, HoldWrite, KeyWrite, MachineWrite, TallyWrite, TransitionRow, Write,
};
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
    let mut binder = Values::new().bind(lock_timeout(wait).to_string())?.bind(write.now.map(Timestamp::as_micros))?;
    binder = rows(binder, write, shape)?;
    if shape.keys() {
        binder = match write.keys.first().filter(|_| shape.one()) {
            Some(key) => one_key(binder, key)?,
            None => keys(binder, write, shape)?,
        };
    }
    Ok(rest(binder, write, shape)?.finish())
}

/// What a write in a caller's transaction binds: keys first.
pub(super) fn joined(write: &Write, shape: Shape) -> Result<PgArguments, Error> {
    let mut binder = Values::new();
    if shape.keys() {
        binder = match write.keys.first().filter(|_| shape.one()) {
            Some(key) => one_key(binder, key)?,
            None => claims(binder, &write.keys)?,
        };
    }
    binder = binder.bind(write.now.map(Timestamp::as_micros))?;
    Ok(rest(rows(binder, write, shape)?, write, shape)?.finish())
}

/// What posting one entry under one key binds.
pub(super) fn post_one(
    write: &Write,
    (account, entry, key): (&AccountWrite, &EntryWrite, &KeyWrite),
    wait: Duration,
) -> Result<PgArguments, Error> {
    let binder = Values::new()
        .bind(lock_timeout(wait).to_string())?
        .bind(write.now.map(Timestamp::as_micros))?
        .bind(&key.hash.0[..])?
        .bind(&*account.account)?
        .bind(entry.delta)?
        .bind(account.unit.as_deref())?
        .bind(key.surface)?
        .bind(&key.fingerprint.0[..])?
        .bind(entry.kind)?
        .bind(entry.key.as_ref().map(Key::scope))?
        .bind(entry.key.as_ref().map(Key::as_str))?;
    Ok(binder.finish())
}

fn rows(mut binder: Values, write: &Write, shape: Shape) -> Bound {
    if shape.tallies() {
        binder = tallies(binder, &write.tallies)?;
    }
    if shape.machines() {
        binder = machines(binder, write, shape)?;
    }
    if shape.money() {
        binder = accounts(binder, write)?;
    }
    if shape.holds() { holds(binder, &write.holds) } else { Ok(binder) }
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
        .bind(column(rows, |row| &*row.runs.0))?
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
        .bind(&machine.runs.0)?
        .bind(machine.expected)?
        .bind(machine.version)?
        .bind(machine.visit)?
        .bind(machine.entered_at.as_micros())
}

fn tallies(binder: Values, rows: &[TallyWrite]) -> Bound {
    binder.bind(column(rows, |row| &*row.account))?.bind(column(rows, |row| row.unit.as_deref()))
}

fn accounts(binder: Values, write: &Write) -> Bound {
    let rows = &write.accounts;
    binder
        .bind(column(rows, |row| &*row.account))?
        .bind(column(rows, |row| row.delta))?
        .bind(column(rows, |row| row.reserved))?
        .bind(column(rows, |row| row.lowest))?
        .bind(column(rows, |row| row.highest))?
        .bind(column(rows, |row| row.entries))?
        .bind(column(rows, |row| row.expected))?
        .bind(column(rows, |row| row.unit.as_deref()))
}

fn holds(binder: Values, rows: &[HoldWrite]) -> Bound {
    binder
        .bind(column(rows, |row| &*row.hold))?
        .bind(column(rows, |row| &*row.account))?
        .bind(column(rows, |row| row.amount))?
        .bind(column(rows, |row| row.expected))?
        .bind(column(rows, |row| row.remaining))?
        .bind(column(rows, |row| row.expires_at.map(Timestamp::as_micros)))
}

/// Keys as they are claimed in a caller's transaction: with the seqs that were decided.
fn claims(binder: Values, rows: &[KeyWrite]) -> Bound {
    binder
        .bind(column(rows, |row| &row.hash.0[..]))?
        .bind(column(rows, |row| row.surface))?
        .bind(column(rows, |row| &*row.target))?
        .bind(column(rows, |row| row.seq))?
        .bind(column(rows, |row| &row.fingerprint.0[..]))?
        .bind(column(rows, |row| row.expires_at.map(Timestamp::as_micros)))?
        .bind(column(rows, |row| row.outcome.as_ref().map(|outcome| &*outcome.0)))
}

/// Keys with, for each that names an entry, the place of the entry's account, and how far the entry is from its newest.
fn keys(binder: Values, write: &Write, shape: Shape) -> Bound {
    let rows = &write.keys;
    let mut binder = binder
        .bind(column(rows, |row| &row.hash.0[..]))?
        .bind(column(rows, |row| &*row.target))?
        .bind(column(rows, |row| &row.fingerprint.0[..]))?;
    if shape.odd_keys() {
        binder = binder
            .bind(column(rows, |row| row.surface))?
            .bind(column(rows, |row| row.seq))?
            .bind(column(rows, |row| row.expires_at.map(Timestamp::as_micros)))?
            .bind(column(rows, |row| row.outcome.as_ref().map(|outcome| &*outcome.0)))?;
    }
    if !shape.posts() {
        return Ok(binder);
    }
    let legs = legs(write)?;
    let leg = |key: &KeyWrite| key.entry.and_then(|entry| legs.get(entry));
    binder.bind(column(rows, |key| leg(key).and_then(Leg::place)))?.bind(column(rows, |key| leg(key).map(Leg::back)))
}

fn one_key(binder: Values, key: &KeyWrite) -> Bound {
    binder
        .bind(&key.hash.0[..])?
        .bind(key.surface)?
        .bind(&*key.target)?
        .bind(key.seq)?
        .bind(&key.fingerprint.0[..])?
        .bind(key.expires_at.map(Timestamp::as_micros))?
        .bind(key.outcome.as_ref().map(|outcome| &*outcome.0))
}

fn rest(mut binder: Values, write: &Write, shape: Shape) -> Bound {
    if shape.machines() {
        binder = match write.transitions.first().filter(|_| shape.one()) {
            Some(transition) => one_transition(binder, transition)?,
            None => transitions(binder, &write.transitions)?,
        };
    }
    if shape.money() {
        binder = entries(binder, write, shape)?;
    }
    if shape.tallies() {
        binder = tails(binder, write)?;
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

fn entries(binder: Values, write: &Write, shape: Shape) -> Bound {
    let legs = legs(write)?;
    let next = |leg: &Leg<'_>| leg.entry.next.and_then(|next| legs.get(next));
    let mut binder = binder
        .bind(column(&legs, |leg| &*leg.entry.account))?
        .bind(column(&legs, |leg| leg.entry.delta))?
        .bind(column(&legs, |leg| leg.entry.kind))?
        .bind(column(&legs, Leg::place))?
        .bind(column(&legs, Leg::back))?
        .bind(column(&legs, Leg::below))?;
    if shape.holds() {
        binder = binder
            .bind(column(&legs, |leg| leg.entry.hold.as_ref().map(|(hold, _)| &**hold)))?
            .bind(column(&legs, |leg| leg.entry.hold.as_ref().map(|(_, reserved)| *reserved)))?;
    }
    if shape.posts() {
        binder = binder
            .bind(column(&legs, |leg| leg.entry.key.as_ref().map(Key::scope)))?
            .bind(column(&legs, |leg| leg.entry.key.as_ref().map(Key::as_str)))?;
    }
    if shape.steps() {
        binder = binder
            .bind(column(&legs, |leg| leg.entry.step.as_ref().map(|step| step.machine)))?
            .bind(column(&legs, |leg| leg.entry.step.as_ref().map(|step| &*step.id)))?
            .bind(column(&legs, |leg| leg.entry.step.as_ref().map(|step| step.seq)))?
            .bind(column(&legs, |leg| leg.entry.step.as_ref().map(|step| step.leg)))?;
    }
    if shape.rings() {
        binder = binder.bind(column(&legs, |leg| next(leg).map(|next| &*next.entry.account)))?;
    }
    if shape.tallies() {
        binder = binder.bind(column(&legs, |leg| leg.entry.seq))?;
    }
    if !shape.rings() {
        return Ok(binder);
    }
    binder = binder
        .bind(column(&legs, |leg| next(leg).and_then(Leg::place)))?
        .bind(column(&legs, |leg| next(leg).map(Leg::back)))?;
    if shape.tallies() {
        binder = binder.bind(column(&legs, |leg| next(leg).and_then(|next| next.entry.seq)))?;
    }
    Ok(binder)
}

fn tails(binder: Values, write: &Write) -> Bound {
    let tails: Vec<_> = write.entries.iter().filter_map(|entry| Some((entry, entry.seq?))).collect();
    binder
        .bind(column(&tails, |(entry, _)| &*entry.account))?
        .bind(column(&tails, |(_, seq)| *seq))?
        .bind(column(&tails, |(entry, _)| entry.delta))
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
