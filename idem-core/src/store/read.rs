//! Rows as every store reads them: the columns in one order, whatever the database.

use sqlx::Error;

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
#[cfg(feature = "sqlite")]
use crate::store::rows::Funded;
#[cfg(feature = "postgres")]
use crate::store::rows::LoadedLedger;
use crate::store::rows::{
    AccountRow, EntryRow, GraphRow, HoldRow, KeyRow, Loaded, MachineRow, Named, RunRow, TransitionRow,
};
use crate::wire::Stored;

/// Of `state, body, runs, version, visit, entered_at`.
const MACHINE_COLUMNS: usize = 6;
/// Of `balance, seq, held, at, floor, ceiling, unit, tally, closed_at`.
const ACCOUNT_COLUMNS: usize = 9;
/// Of `fingerprint, target, seq, at, expires_at, outcome`.
#[cfg(feature = "sqlite")]
pub(crate) const KEY_COLUMNS: usize = 6;
/// Of `seq, command, payload, outcome, fingerprint, at, from_visit`.
#[cfg(feature = "sqlite")]
pub(crate) const RUN_COLUMNS: usize = 7;
/// Of `account, seq, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account, next_seq`.
#[cfg(feature = "sqlite")]
pub(crate) const ENTRY_COLUMNS: usize = 15;

/// A database's row, by column.
pub trait Cells {
    fn int(&self, column: usize) -> Result<Option<i64>, Error>;
    fn text(&self, column: usize) -> Result<Option<String>, Error>;
    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error>;
}

/// Reads a row from left to right.
#[derive(Debug)]
pub struct Reader<'r, R> {
    row: &'r R,
    column: usize,
}

impl<'r, R: Cells> Reader<'r, R> {
    pub(crate) fn new(row: &'r R) -> Self {
        Self { row, column: 0 }
    }

    fn next<T>(&mut self, read: impl FnOnce(&R, usize) -> Result<Option<T>, Error>) -> Result<Option<T>, Error> {
        let value = read(self.row, self.column);
        self.column += 1;
        value
    }

    fn present<T>(&self, value: Option<T>) -> Result<T, Error> {
        let column = self.column - 1;
        value.ok_or_else(|| Error::Decode(format!("column {column} has no value").into()))
    }

    pub(crate) fn skip(&mut self, columns: usize) {
        self.column += columns;
    }

    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>, Error> {
        self.next(R::int)
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, Error> {
        self.next(R::text)
    }

    pub(crate) fn maybe_bytes(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.next(R::bytes)
    }

    pub(crate) fn int(&mut self) -> Result<i64, Error> {
        let value = self.maybe_int()?;
        self.present(value)
    }

    pub(crate) fn text(&mut self) -> Result<String, Error> {
        let value = self.maybe_text()?;
        self.present(value)
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        let value = self.maybe_bytes()?;
        self.present(value)
    }

    pub(crate) fn at(&mut self) -> Result<Timestamp, Error> {
        self.int().map(Timestamp::from_micros)
    }

    pub(crate) fn stored(&mut self) -> Result<Stored, Error> {
        self.bytes().map(Stored)
    }

    /// A position in a list that was bound.
    pub(crate) fn position(&mut self) -> Result<usize, Error> {
        let position = self.int()?;
        usize::try_from(position).map_err(|error| Error::Decode(error.into()))
    }

    /// `state, body, runs, version, visit, entered_at`, all NULL if there is no such machine.
    pub(crate) fn machine(&mut self, id: &str) -> Result<Option<MachineRow>, Error> {
        let Some(state) = self.maybe_text()? else {
            self.skip(MACHINE_COLUMNS - 1);
            return Ok(None);
        };
        Ok(Some(MachineRow {
            id: id.to_owned(),
            state,
            body: self.stored()?,
            runs: self.stored()?,
            version: self.int()?,
            visit: self.int()?,
            entered_at: self.at()?,
        }))
    }

    /// `id` and a [machine](Self::machine) that exists.
    pub(crate) fn named_machine(&mut self) -> Result<MachineRow, Error> {
        let id = self.text()?;
        let machine = self.machine(&id)?;
        self.present(machine)
    }

    /// `fingerprint, target, seq, at, expires_at, outcome` and what it names, all NULL if the key is not known.
    pub(crate) fn key(
        &mut self,
        named: impl FnOnce(&mut Self) -> Result<Option<Named>, Error>,
    ) -> Result<Option<KeyRow>, Error> {
        let Some(fingerprint) = self.maybe_bytes()? else {
            return Ok(None);
        };
        let (target, seq, at) = (self.text()?, self.int()?, self.at()?);
        let expires_at = self.maybe_int()?.map(Timestamp::from_micros);
        let outcome = self.maybe_bytes()?.map(|bytes| Named::Outcome(Stored(bytes)));
        let named = named(self)?.or(outcome).unwrap_or(Named::Gone);
        Ok(Some(KeyRow { fingerprint, target, seq, at, expires_at, named }))
    }

    /// A key of a machine: with its [run](Self::run).
    pub(crate) fn key_of_run(&mut self) -> Result<Option<KeyRow>, Error> {
        self.key(|row| Ok(row.run()?.map(Named::Run)))
    }

    /// A key of the ledger: with the first [entry](Self::entry).
    pub(crate) fn key_of_entry(&mut self) -> Result<Option<KeyRow>, Error> {
        self.key(|row| Ok(row.entry()?.map(|entry| Named::Entries(vec![entry]))))
    }

    /// `seq, command, payload, outcome, fingerprint, at, from_visit`, all NULL if there is no such transition.
    pub(crate) fn run(&mut self) -> Result<Option<RunRow>, Error> {
        let Some(seq) = self.maybe_int()? else {
            return Ok(None);
        };
        Ok(Some(RunRow {
            seq,
            command: self.text()?,
            payload: self.stored()?,
            outcome: self.stored()?,
            fingerprint: self.bytes()?,
            at: self.at()?,
            from_visit: self.int()?,
        }))
    }

    /// The columns of a transition after `machine, id`, in the order of the table.
    pub(crate) fn transition(&mut self, (machine, id): (&str, &str)) -> Result<TransitionRow, Error> {
        Ok(TransitionRow {
            machine: machine.to_owned(),
            id: id.to_owned(),
            seq: self.int()?,
            command: self.text()?,
            from_state: self.text()?,
            state: self.text()?,
            body: self.stored()?,
            payload: self.stored()?,
            outcome: self.stored()?,
            fingerprint: self.fingerprint()?,
            key: self.maybe_text()?.zip(self.maybe_text()?),
            from_visit: self.int()?,
            visit: self.int()?,
            at: self.at()?,
            correlation: self.maybe_text()?,
        })
    }

    fn fingerprint(&mut self) -> Result<Fingerprint, Error> {
        let bytes = self.bytes()?;
        let length = bytes.len();
        let bytes = bytes.try_into();
        bytes.map(Fingerprint).map_err(|_| Error::Decode(format!("a fingerprint of {length} bytes").into()))
    }

    /// `balance, seq, held, at, floor, ceiling, unit, tally, closed_at`, all NULL if there is no such account.
    pub(crate) fn account(&mut self) -> Result<Option<AccountRow>, Error> {
        let Some(balance) = self.maybe_int()? else {
            self.skip(ACCOUNT_COLUMNS - 1);
            return Ok(None);
        };
        Ok(Some(AccountRow {
            balance,
            seq: self.int()?,
            held: self.int()?,
            at: self.at()?,
            floor: self.maybe_int()?,
            ceiling: self.maybe_int()?,
            unit: self.maybe_text()?.map(Into::into),
            tally: self.int()? != 0,
            closed_at: self.maybe_int()?.map(Timestamp::from_micros),
        }))
    }

    /// An [account](Self::account) that exists.
    pub(crate) fn an_account(&mut self) -> Result<AccountRow, Error> {
        let account = self.account()?;
        self.present(account)
    }

    /// `account, seq, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, next_account,
    /// next_seq`, all NULL if there is no such entry.
    pub(crate) fn entry(&mut self) -> Result<Option<EntryRow>, Error> {
        let Some(account) = self.maybe_text()? else {
            return Ok(None);
        };
        Ok(Some(EntryRow {
            account: account.into(),
            seq: self.int()?,
            delta: self.int()?,
            balance: self.maybe_int()?,
            at: self.at()?,
            kind: self.text()?.into(),
            hold: self.maybe_text()?.map(Into::into).zip(self.maybe_int()?),
            key: self.maybe_text()?.zip(self.maybe_text()?),
            step: match (self.maybe_text()?, self.maybe_text()?, self.maybe_int()?) {
                (Some(machine), Some(id), Some(seq)) => Some((machine, id, seq)),
                _ => None,
            },
            next: self.maybe_text()?.map(Into::into).zip(self.maybe_int()?),
        }))
    }

    /// An [entry](Self::entry) that exists.
    pub(crate) fn an_entry(&mut self) -> Result<EntryRow, Error> {
        let entry = self.entry()?;
        self.present(entry)
    }

    /// `balance, seq, at` of an account after a write.
    #[cfg(feature = "sqlite")]
    pub(crate) fn funded(&mut self) -> Result<Funded, Error> {
        Ok(Funded { balance: self.int()?, seq: self.int()?, at: self.at()? })
    }

    /// `account, amount, remaining, expires_at`.
    pub(crate) fn hold(&mut self) -> Result<HoldRow, Error> {
        Ok(HoldRow {
            account: self.text()?.into(),
            amount: self.int()?,
            remaining: self.int()?,
            expires_at: self.maybe_int()?.map(Timestamp::from_micros),
        })
    }

    /// A state's name and how many there are.
    pub(crate) fn count(&mut self) -> Result<(String, i64), Error> {
        Ok((self.text()?, self.int()?))
    }

    /// `hash, names`.
    pub(crate) fn graph(&mut self) -> Result<GraphRow, Error> {
        Ok(GraphRow { hash: self.bytes()?, names: self.stored()? })
    }
}

impl Loaded {
    /// `now`, the columns of a machine and those of a key, for each of which at most one was asked.
    pub(crate) fn from_row<R: Cells>(row: &R, machine: Option<(&str, &str)>, key: bool) -> Result<Self, Error> {
        let mut row = Reader::new(row);
        let now = row.at()?;
        let stored = row.machine(machine.map_or("", |(_, id)| id))?;
        let known = row.key_of_run()?;
        let machines = machine.map(|_| stored).into_iter().collect();
        Ok(Self { now, machines, keys: key.then_some(known).into_iter().collect() })
    }

    /// `now`, then 0 for a machine or 1 for a key, its position in what was asked, and the columns of both.
    #[cfg(feature = "postgres")]
    pub(crate) fn from_rows<R: Cells>(rows: &[R], machines: &[(&str, &str)], keys: usize) -> Result<Self, Error> {
        let mut loaded = Self { now: Timestamp::from_micros(0), machines: places(machines.len()), keys: places(keys) };
        for row in rows {
            let mut row = Reader::new(row);
            loaded.now = row.at()?;
            let (of_key, position) = (row.int()? == 1, row.position()?);
            if of_key {
                row.skip(MACHINE_COLUMNS);
                place(&mut loaded.keys, position, row.key_of_run()?)?;
            } else {
                let id = machines.get(position).map_or("", |(_, id)| id);
                place(&mut loaded.machines, position, row.machine(id)?)?;
            }
        }
        Ok(loaded)
    }
}

#[cfg(feature = "postgres")]
impl LoadedLedger {
    /// `now`, then 0 for an account or 1 for a key with one of its entries, its position in what was asked, and the columns
    /// of both.
    pub(crate) fn from_rows<R: Cells>(rows: &[R], keys: usize, accounts: usize) -> Result<Self, Error> {
        let mut loaded = Self { now: Timestamp::from_micros(0), keys: places(keys), accounts: places(accounts) };
        for row in rows {
            let mut row = Reader::new(row);
            loaded.now = row.at()?;
            let (of_key, position) = (row.int()? == 1, row.position()?);
            if !of_key {
                place(&mut loaded.accounts, position, row.account()?)?;
                continue;
            }
            row.skip(ACCOUNT_COLUMNS);
            place_entry(&mut loaded.keys, position, row.key_of_entry()?)?;
        }
        Ok(loaded)
    }
}

impl KeyRow {
    fn extend(&mut self, next: Self) {
        if let (Named::Entries(entries), Named::Entries(more)) = (&mut self.named, next.named) {
            entries.extend(more);
        }
    }
}

/// Keys of the ledger: each row has the position of one, its columns, and one of its entries; those of one key in their order.
#[cfg(feature = "sqlite")]
pub(crate) fn placed_entries<R: Cells>(rows: &[R], count: usize) -> Result<Vec<Option<KeyRow>>, Error> {
    let mut keys = places(count);
    for row in rows {
        let mut row = Reader::new(row);
        let position = row.position()?;
        place_entry(&mut keys, position, row.key_of_entry()?)?;
    }
    Ok(keys)
}

fn place_entry(keys: &mut [Option<KeyRow>], position: usize, key: Option<KeyRow>) -> Result<(), Error> {
    match (keys.get_mut(position), key) {
        (Some(Some(first)), Some(next)) => {
            first.extend(next);
            Ok(())
        }
        (_, key) => place(keys, position, key),
    }
}

/// For each item of a list that was bound: what the row that begins with its position says of it.
pub(crate) fn placed<'r, R: Cells, T>(
    rows: &'r [R],
    count: usize,
    read: impl Fn(&mut Reader<'r, R>) -> Result<Option<T>, Error>,
) -> Result<Vec<Option<T>>, Error> {
    let mut list = places(count);
    for row in rows {
        let mut row = Reader::new(row);
        let position = row.position()?;
        place(&mut list, position, read(&mut row)?)?;
    }
    Ok(list)
}

/// Puts `value` where the list that was bound had what it belongs to.
fn place<T>(list: &mut [Option<T>], position: usize, value: Option<T>) -> Result<(), Error> {
    let slot = list.get_mut(position).ok_or_else(|| Error::Decode(format!("no item {position} was asked").into()))?;
    *slot = value;
    Ok(())
}

/// As many empty places as were asked for.
fn places<T>(count: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(count).collect()
}
