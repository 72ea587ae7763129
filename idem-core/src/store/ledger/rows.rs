//! Rows of the ledger as they are read.

use std::sync::Arc;

use sqlx::Error;

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::model::ledger::tally::saturated;
use crate::store::machine::rows::Name;
use crate::store::reader::{Cells, Reader, columns};
use crate::wire::Stored;

/// An account as it stands.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Of a tally: without the tail.
    pub(crate) balance: i64,
    /// The seq of its newest entry; 0 for a tally.
    pub(crate) seq: i64,
    /// What its holds reserve.
    pub(crate) held: i64,
    /// When its newest entry was made; 0 for a tally.
    pub(crate) at: Timestamp,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub(crate) unit: Option<Arc<str>>,
    pub(crate) tally: bool,
    pub(crate) closed_at: Option<Timestamp>,
}

columns! {
    AccountRow {
        balance: [balance Int],
        seq: [seq Int],
        held: [held Int],
        at: [at Int],
        floor: [floor Int],
        ceiling: [ceiling Int],
        unit: [unit Text],
        tally: [tally Flag],
        closed_at: [closed_at Int],
    }
}

impl AccountRow {
    /// As if it was never opened.
    pub(crate) fn unopened() -> Self {
        let at = Timestamp::from_micros(0);
        Self { balance: 0, seq: 0, held: 0, at, floor: None, ceiling: None, unit: None, tally: false, closed_at: None }
    }
}

/// An entry of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub(crate) seq: i64,
    pub(crate) account: Arc<str>,
    pub(crate) delta: i64,
    /// After it; none in a tally.
    pub(crate) balance: Option<i64>,
    pub(crate) at: Timestamp,
    /// What made it: `delta`, `transfer`, `hold`, …
    pub(crate) kind: Name,
    /// The hold it opens, captures or releases, and by how much it changes what is reserved.
    pub(crate) hold: Option<(Arc<str>, i64)>,
    pub(crate) key: Option<Key>,
    /// The transition that made it: machine, id and seq.
    pub(crate) step: Option<(String, String, i64)>,
    /// The next entry of the same posting; of the last one it is the first.
    pub(crate) next: Option<(Arc<str>, i64)>,
    /// What the caller noted with the change.
    pub(crate) metadata: Option<Stored>,
}

impl EntryRow {
    /// Whether `Idem::forget` has erased its key.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.key.as_ref().is_some_and(Key::is_forgotten)
    }
}

columns! {
    EntryRow {
        seq: [seq Int],
        account: [account Text],
        delta: [delta Int],
        balance: [balance Int],
        at: [at Int],
        kind: [kind Text],
        hold: [hold Text, reserved Int],
        key: [scope Text, key Text],
        step: [machine Text, id Text, machine_seq Int],
        next: [next_account Text, next_seq Int],
        metadata: [metadata Bytes],
    }
}

/// A hold as it stands.
#[derive(Debug, Clone)]
pub struct HoldRow {
    pub(crate) account: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) remaining: i64,
    pub(crate) expires_at: Option<Timestamp>,
}

columns! {
    HoldRow {
        account: [account Text],
        amount: [amount Int],
        remaining: [remaining Int],
        expires_at: [expires_at Int],
    }
}

/// A remembered refusal, as an audit reads it.
#[derive(Debug, Clone)]
pub struct RefusalRow {
    /// As it is stored: it leads on to the next page.
    pub(crate) hash: Vec<u8>,
    pub(crate) account: String,
    pub(crate) delta: i64,
    pub(crate) kind: String,
    /// The hold that refused, where the account did not.
    pub(crate) hold: Option<String>,
    pub(crate) key: Option<Key>,
    pub(crate) outcome: Option<Stored>,
}

columns! {
    RefusalRow {
        hash: [hash Bytes],
        account: [account Text],
        delta: [delta Int],
        kind: [kind Text],
        hold: [hold Text],
        key: [scope Text, key Text],
        outcome: [outcome Bytes],
    }
}

/// A row that answers a query of the ledger.
pub trait Answer: Sized + Send {
    /// Reads it from left to right.
    ///
    /// # Errors
    /// A column is not what it should be.
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error>;
}

/// An answer to the item at this position of what was asked.
#[derive(Debug)]
pub struct Placed<T>(pub(crate) usize, pub(crate) T);

/// A sum of numbers of 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct WideSum(pub(crate) i128);

/// An account, and what its tail adds up to.
#[derive(Debug)]
pub struct WholeAccount {
    pub(crate) row: AccountRow,
    pub(crate) tail: WideSum,
}

impl WholeAccount {
    /// With the tail in the balance.
    pub(crate) fn into_row(self) -> AccountRow {
        let balance = saturated(i128::from(self.row.balance) + self.tail.0);
        AccountRow { balance, ..self.row }
    }
}

/// A hold and its name.
pub(crate) type NamedHold = (Arc<str>, HoldRow);

#[derive(Debug)]
pub struct NamedAccount {
    pub(crate) name: Arc<str>,
    pub(crate) row: AccountRow,
}

#[derive(Debug)]
pub struct AuditedEntry {
    pub(crate) entry: EntryRow,
    /// The hash of its key and the fingerprint of the change, where its key stands in it.
    pub(crate) named: Option<(KeyHash, Fingerprint)>,
    /// Which of the entries of its transition it is.
    pub(crate) step_entry_no: Option<i64>,
    /// Columns that are NULL together are partly NULL.
    pub(crate) torn: bool,
}

#[derive(Debug)]
pub struct TailRow {
    pub(crate) account: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) delta: i64,
    /// The delta of its entry, if that is there.
    pub(crate) entry: Option<i64>,
}

/// The command and the time of a transition.
#[derive(Debug)]
pub struct CommandAt {
    pub(crate) command: String,
    pub(crate) at: Timestamp,
}

/// An entry of a posting, with its account's unit.
#[derive(Debug)]
pub struct PostingEntry {
    pub(crate) unit: Option<String>,
    pub(crate) entry: EntryRow,
    pub(crate) step_entry_no: Option<i64>,
}

impl<T: Answer> Answer for Placed<T> {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        Ok(Self(row.position()?, T::read(row)?))
    }
}

impl Answer for WholeAccount {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let tail = WideSum::read(row)?;
        Ok(Self { row: row.read()?, tail })
    }
}

impl Answer for WideSum {
    /// From the sums of the upper and of the lower 32 bits.
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let (high, low): (i64, i64) = (row.field()?, row.field()?);
        Ok(Self((i128::from(high) << 32) + i128::from(low)))
    }
}

impl Answer for NamedHold {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        Ok((row.field()?, row.read()?))
    }
}

impl Answer for NamedAccount {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        Ok(Self { name: row.field()?, row: row.read()? })
    }
}

impl Answer for EntryRow {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        row.read()
    }
}

impl Answer for AuditedEntry {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let entry = row.read()?;
        Ok(Self { entry, named: row.field()?, step_entry_no: row.field()?, torn: row.field()? })
    }
}

impl Answer for TailRow {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        Ok(Self { account: row.field()?, seq: row.field()?, delta: row.field()?, entry: row.field()? })
    }
}

impl Answer for RefusalRow {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        row.read()
    }
}

impl Answer for CommandAt {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        Ok(Self { command: row.field()?, at: row.field()? })
    }
}

impl Answer for PostingEntry {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let unit = row.field()?;
        Ok(Self { unit, entry: row.read()?, step_entry_no: row.field()? })
    }
}

impl Answer for i64 {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        row.field()
    }
}
