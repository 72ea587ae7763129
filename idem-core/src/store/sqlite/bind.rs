//! What is bound and read. A list is one JSON text of arrays; bytes in it are hexadecimal.

use serde::ser::SerializeTuple as _;
use serde::{Serialize, Serializer};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Error, Row, Sqlite};

use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::legs::{Leg, legs};
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
    let now = write.now.map(Timestamp::as_micros);
    if shape.tallies() {
        binder = binder.bind(tallies(write)?)?;
    }
    if shape.machines() {
        binder = match write.machines.first().filter(|_| shape.one()) {
            Some(machine) => bind_machine(binder, machine)?,
            None => binder.bind(machines(write)?)?,
        };
    }
    if shape.money() {
        binder = binder.bind(accounts(write)?)?.bind(now)?;
    }
    if shape.holds() {
        binder = binder.bind(holds(write)?)?;
    }
    if shape.keys() {
        binder = match write.keys.first().filter(|_| shape.one()) {
            Some(key) => bind_key(binder, key)?,
            None => binder.bind(keys(write)?)?,
        };
        binder = binder.bind(now)?;
    }
    if shape.machines() {
        binder = match write.transitions.first().filter(|_| shape.one()) {
            Some(transition) => bind_transition(binder, transition)?,
            None => binder.bind(transitions(write)?)?,
        };
    }
    if shape.money() {
        binder = binder.bind(entries(write)?)?.bind(now)?;
    }
    if shape.messages() {
        binder = binder.bind(messages(write)?)?;
    }
    if shape.money() {
        binder = binder.bind(json(write.accounts.iter().map(|account| &*account.account))?)?;
    }
    Ok(binder.finish())
}

fn bind_machine(binder: Values, machine: &MachineWrite) -> Result<Values, Error> {
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

fn machines(write: &Write) -> Result<String, Error> {
    json(write.machines.iter().map(|m| {
        let (body, runs) = (Bytes(&m.body.0), Bytes(&m.runs.0));
        (&m.machine, &m.id, &m.state, body, runs, m.expected, m.version, m.visit, m.entered_at)
    }))
}

fn bind_key(binder: Values, key: &KeyWrite) -> Result<Values, Error> {
    binder
        .bind(&key.hash.0[..])?
        .bind(key.surface)?
        .bind(&*key.target)?
        .bind(key.seq)?
        .bind(&key.fingerprint.0[..])?
        .bind(key.expires_at.map(Timestamp::as_micros))?
        .bind(key.outcome.as_ref().map(|outcome| &*outcome.0))
}

fn keys(write: &Write) -> Result<String, Error> {
    let legs = legs(write)?;
    json(write.keys.iter().map(|k| {
        let outcome = k.outcome.as_ref().map(|outcome| Bytes(&outcome.0));
        // Of a tally the entry's own seq is the key's.
        let leg = k.entry.and_then(|entry| legs.get(entry)).filter(|leg| leg.entry.seq.is_none());
        let (back, account) = leg.map(|leg| (leg.back(), &*leg.entry.account)).unzip();
        let fingerprint = Bytes(&k.fingerprint.0);
        (Bytes(&k.hash.0), k.surface, &*k.target, k.seq, fingerprint, k.expires_at, outcome, back, account)
    }))
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

fn tallies(write: &Write) -> Result<String, Error> {
    json(write.tallies.iter().map(|tally| {
        let own = write.entries.iter().filter(|entry| entry.account == tally.account);
        (&*tally.account, tally.unit.as_deref(), own.map(|entry| i128::from(entry.delta)).sum::<i128>())
    }))
}

fn accounts(write: &Write) -> Result<String, Error> {
    json(
        write
            .accounts
            .iter()
            .map(|a| (&*a.account, a.delta, a.reserved, a.lowest, a.highest, a.entries, a.expected, a.unit.as_deref())),
    )
}

fn holds(write: &Write) -> Result<String, Error> {
    json(write.holds.iter().map(|h| (&*h.hold, &*h.account, h.amount, h.expected, h.remaining, h.expires_at)))
}

fn entries(write: &Write) -> Result<String, Error> {
    let legs = legs(write)?;
    json(legs.iter().map(|leg| Entry { leg, next: leg.entry.next.and_then(|next| legs.get(next)) }))
}

/// An entry with more columns than a tuple may have.
struct Entry<'l, 'w> {
    leg: &'l Leg<'w>,
    next: Option<&'l Leg<'w>>,
}

impl Serialize for Entry<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (entry, next) = (self.leg.entry, self.next);
        let (hold, reserved) = entry.hold.as_ref().map(|(hold, reserved)| (&**hold, *reserved)).unzip();
        let (scope, key) = entry.key.as_ref().map(|key| (key.scope(), key.as_str())).unzip();
        let step = entry.step.as_ref();
        let mut row = serializer.serialize_tuple(17)?;
        row.serialize_element(&*entry.account)?;
        row.serialize_element(&entry.seq)?;
        row.serialize_element(&self.leg.back())?;
        row.serialize_element(&entry.delta)?;
        row.serialize_element(&self.leg.below())?;
        row.serialize_element(entry.kind)?;
        row.serialize_element(&hold)?;
        row.serialize_element(&reserved)?;
        row.serialize_element(&scope)?;
        row.serialize_element(&key)?;
        row.serialize_element(&step.map(|step| step.machine))?;
        row.serialize_element(&step.map(|step| &*step.id))?;
        row.serialize_element(&step.map(|step| step.seq))?;
        row.serialize_element(&step.map(|step| step.leg))?;
        row.serialize_element(&next.map(|next| &*next.entry.account))?;
        row.serialize_element(&next.and_then(|next| next.entry.seq))?;
        row.serialize_element(&next.map(Leg::back))?;
        row.end()
    }
}

fn messages(write: &Write) -> Result<String, Error> {
    json(write.messages.iter().map(|m| (&m.machine, &m.id, m.seq, m.leg, &m.topic, Bytes(&m.payload.0), m.at)))
}
