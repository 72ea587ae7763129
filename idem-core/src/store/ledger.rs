//! What is asked about the ledger, and the rows that answer.

use std::sync::Arc;

use sqlx::Error;

use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::read::{Cells, Reader};
use crate::store::rows::{AccountRow, EntryRow, HoldRow};
use crate::wire::Stored;

/// How many rows a page of an audit has.
pub(crate) const PAGE: i64 = 1_000;

/// One question: of one account first, then those of an audit.
#[derive(Debug)]
pub enum Question<'q> {
    /// An account by its name: [`WholeAccount`].
    Account(&'q str),
    /// The entries of an account with a seq above `after`, oldest first, at most `limit`: [`EntryRow`].
    Entries { account: &'q str, after: i64, limit: i64 },
    /// The newest entry of an account, no tally, that was made by `at`: [`EntryRow`].
    EntryAt { account: &'q str, at: Timestamp },
    /// The sum of a tally's entries that were made by `at`: `i64`.
    TallyAt { account: &'q str, at: Timestamp },
    /// The oldest holds of an account that have expired by `now` and still reserve something, at most `limit`:
    /// [`NamedHold`].
    ExpiredHolds { account: &'q str, now: Timestamp, limit: i64 },
    /// Holds by their names: [`NamedHold`].
    Holds(&'q [&'q str]),
    /// How many holds there are: `i64`.
    HoldCount,
    /// A page of all accounts after this name: [`NamedAccount`].
    AllAccounts(&'q str),
    /// A page of all entries after this account and seq: [`AuditedEntry`].
    AllEntries((&'q str, i64)),
    /// A page of all tails after this account and seq: [`TailRow`]. None where a tally has no tail.
    AllTails((&'q str, i64)),
    /// A page of all keys, of all surfaces, after this hash: [`PagedKey`].
    AllKeys(&'q [u8]),
    /// Keys by their hash: [`At`] of [`AuditedKey`].
    KeysNamed(&'q [KeyHash]),
    /// Transitions by machine, id and seq: [`At`] of [`RunAt`].
    Runs(&'q [(&'q str, &'q str, i64)]),
    /// The entries of postings, from one of each around the ring, at most one more than a posting may have: [`At`] of
    /// [`RingLeg`].
    Rings(&'q [(&'q str, i64)]),
}

/// A database that answers questions about the ledger.
pub trait LedgerReads: Store {
    /// Begins a transaction that only reads, and sees one moment throughout.
    const SNAPSHOT: &'static str;

    /// The rows that answer a question: one statement, no lock.
    fn answer<T: Row>(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        question: &Question<'_>,
    ) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;
}

/// A row of an answer, read the same way from every database.
pub trait Row: Sized + Send {
    /// Reads it from left to right.
    ///
    /// # Errors
    /// A column is not what it should be.
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error>;
}

/// An answer to the item at this position of what was asked.
#[derive(Debug)]
pub struct At<T>(pub(crate) usize, pub(crate) T);

/// An account with its tail in its balance.
#[derive(Debug)]
pub struct WholeAccount(pub(crate) AccountRow);

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
    pub(crate) leg: Option<i64>,
    /// Of columns that are empty together only some are.
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

#[derive(Debug, Clone)]
pub struct AuditedKey {
    pub(crate) surface: String,
    pub(crate) target: String,
    pub(crate) seq: i64,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) outcome: Option<Stored>,
}

#[derive(Debug)]
pub struct PagedKey {
    pub(crate) hash: Vec<u8>,
    pub(crate) key: AuditedKey,
    /// Scope and key of the entry it names, if that is there and has them.
    pub(crate) named: Option<(String, String)>,
}

#[derive(Debug)]
pub struct RunAt {
    pub(crate) command: String,
    pub(crate) at: Timestamp,
}

#[derive(Debug)]
pub struct RingLeg {
    pub(crate) unit: Option<String>,
    pub(crate) entry: EntryRow,
    pub(crate) leg: Option<i64>,
}

impl<T: Row> Row for At<T> {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok(Self(row.position()?, T::read(row)?))
    }
}

impl Row for WholeAccount {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        let (tail, mut account) = (row.int()?, row.an_account()?);
        account.balance = account.balance.saturating_add(tail);
        Ok(Self(account))
    }
}

impl Row for NamedHold {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok((row.text()?.into(), row.hold()?))
    }
}

impl Row for NamedAccount {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok(Self { name: row.text()?.into(), row: row.an_account()? })
    }
}

impl Row for EntryRow {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        row.an_entry()
    }
}

impl Row for AuditedEntry {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok(Self { entry: row.an_entry()?, leg: row.maybe_int()?, torn: row.int()? != 0 })
    }
}

impl Row for TailRow {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        let (account, seq) = (row.text()?.into(), row.int()?);
        Ok(Self { account, seq, delta: row.int()?, entry: row.maybe_int()? })
    }
}

impl Row for AuditedKey {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok(Self {
            surface: row.text()?,
            target: row.text()?,
            seq: row.int()?,
            fingerprint: row.bytes()?,
            at: row.at()?,
            expires_at: row.maybe_int()?.map(Timestamp::from_micros),
            outcome: row.maybe_bytes()?.map(Stored),
        })
    }
}

impl Row for PagedKey {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        let (hash, key) = (row.bytes()?, AuditedKey::read(row)?);
        Ok(Self { hash, key, named: row.maybe_text()?.zip(row.maybe_text()?) })
    }
}

impl Row for RunAt {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok(Self { command: row.text()?, at: row.at()? })
    }
}

impl Row for RingLeg {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        Ok(Self { unit: row.maybe_text()?, entry: row.an_entry()?, leg: row.maybe_int()? })
    }
}

impl Row for i64 {
    fn read<R: Cells>(row: &mut Reader<'_, R>) -> Result<Self, Error> {
        row.int()
    }
}
