//! What is bound and read. A list is one JSON text of arrays; bytes in it are hexadecimal.

use serde::{Serialize, Serializer};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Error, Row, Sqlite};

use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::legs::legs;
use crate::store::read::Cells;
use crate::store::rows::{KeyWrite, MachineWrite, TransitionRow, Write};
use crate::store::statement::Shape;

/// The values bound to a statement.
pub(super) type Values = Binder<Sqlite>;

impl Cells for SqliteRow {
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

/// `items` as the JSON text that `json_each` takes apart.
pub(super) fn json<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<String, Error> {
    let items: Vec<T> = items.into_iter().collect();
    serde_json::to_string(&items).map_err(|error| Error::Encode(error.into()))
}

/// Bytes as `unhex` reads them. Not as text: `CAST(… AS BLOB)` would give UTF-16 in a database of that encoding.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digit = |four: u8| char::from(if four < 10 { b'0' + four } else { b'a' + four - 10 });
        let mut text = String::with_capacity(self.0.len() * 2);
        for byte in self.0 {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        serializer.serialize_str(&text)
    }
}

/// What a write binds, in the order of the parts of its shape.
pub(super) fn write(write: &Write, shape: Shape) -> Result<SqliteArguments, Error> {
    let mut binder = Values::new();
    binder = match write.machines.first().filter(|_| shape.one()) {
        Some(machine) => bind_machine(binder, machine)?,
        None => binder.bind(machines(write)?)?,
    };
    if shape.money() {
        binder = binder.bind(accounts(write)?)?;
    }
    if shape.keys() {
        binder = match write.keys.first().filter(|_| shape.one()) {
            Some(key) => bind_key(binder, key)?,
            None => binder.bind(keys(write)?)?,
        };
        binder = binder.bind(write.now)?;
    }
    binder = match write.transitions.first().filter(|_| shape.one()) {
        Some(transition) => bind_transition(binder, transition)?,
        None => binder.bind(transitions(write)?)?,
    };
    if shape.money() {
        binder = binder.bind(entries(write)?)?;
    }
    if shape.messages() {
        binder = binder.bind(messages(write)?)?;
    }
    Ok(binder.finish())
}

fn bind_machine(binder: Values, machine: &MachineWrite) -> Result<Values, Error> {
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

fn machines(write: &Write) -> Result<String, Error> {
    json(write.machines.iter().map(|m| {
        let body = Bytes(&m.body.0);
        (&m.machine, &m.id, &m.state, body, m.expected, m.version, m.visit, m.entered_at)
    }))
}

fn bind_key(binder: Values, key: &KeyWrite) -> Result<Values, Error> {
    binder
        .bind(&key.hash.0[..])?
        .bind(&key.surface)?
        .bind(&key.target)?
        .bind(key.seq)?
        .bind(&key.fingerprint.0[..])?
        .bind(key.at.as_micros())?
        .bind(key.expires_at.map(Timestamp::as_micros))
}

fn keys(write: &Write) -> Result<String, Error> {
    json(
        write
            .keys
            .iter()
            .map(|k| (Bytes(&k.hash.0), &k.surface, &k.target, k.seq, Bytes(&k.fingerprint.0), k.at, k.expires_at)),
    )
}

fn bind_transition(binder: Values, transition: &TransitionRow) -> Result<Values, Error> {
    let (scope, key) = transition.key.as_ref().map(|(scope, key)| (scope, key)).unzip();
    binder
        .bind(&transition.machine)?
        .bind(&transition.id)?
        .bind(transition.seq)?
        .bind(&transition.command)?
        .bind(&transition.from_state)?
        .bind(&transition.state)?
        .bind(&transition.body.0)?
        .bind(&transition.payload.0)?
        .bind(&transition.outcome.0)?
        .bind(&transition.fingerprint.0[..])?
        .bind(scope)?
        .bind(key)?
        .bind(transition.from_visit)?
        .bind(transition.visit)?
        .bind(transition.at.as_micros())?
        .bind(transition.correlation.as_ref())
}

fn transitions(write: &Write) -> Result<String, Error> {
    json(write.transitions.iter().map(|t| {
        let (scope, key) = t.key.as_ref().map(|(scope, key)| (scope, key)).unzip();
        let stored = (Bytes(&t.body.0), Bytes(&t.payload.0), Bytes(&t.outcome.0), Bytes(&t.fingerprint.0));
        let (body, payload, outcome, fingerprint) = stored;
        (
            &t.machine,
            &t.id,
            t.seq,
            &t.command,
            &t.from_state,
            &t.state,
            body,
            payload,
            outcome,
            fingerprint,
            scope,
            key,
            t.from_visit,
            t.visit,
            t.at,
            &t.correlation,
        )
    }))
}

fn accounts(write: &Write) -> Result<String, Error> {
    json(write.accounts.iter().map(|a| (&a.account, a.delta, a.lowest, a.highest, a.entries)))
}

fn entries(write: &Write) -> Result<String, Error> {
    json(legs(write)?.iter().map(|leg| {
        let (entry, account) = (leg.entry, leg.account);
        let counted = (account.entries, entry.nth, entry.delta, account.delta, entry.running);
        let (entries, nth, delta, total, running) = counted;
        let at = entry.at;
        (&entry.account, entries, nth, delta, total, running, &entry.machine, &entry.id, entry.seq, entry.leg, at)
    }))
}

fn messages(write: &Write) -> Result<String, Error> {
    json(write.messages.iter().map(|m| (&m.machine, &m.id, m.seq, m.leg, &m.topic, Bytes(&m.payload.0), m.at)))
}
