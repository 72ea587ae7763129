//! The ledger inside a transaction of the caller's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::session::transaction::Tx;
use crate::error::{Error, LedgerError, OutOfBounds};
use crate::key::{Key, check_name};
use crate::ledger::account::{AccountState, hold};
use crate::ledger::change::{Change, Place, Read, posting};
use crate::ledger::entry::{Entry, Hold, Transfer};
use crate::ledger::opening::Opening;
use crate::ledger::{name, post};
use crate::model::ledger::change::LedgerChange;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::rows::{AccountRow, AccountSettings};

/// The ledger inside a transaction: what it does commits with the transaction.
pub struct LedgerWithin<'t, DB: Database> {
    pub(super) tx: &'t mut Tx<DB>,
}

impl<'t, DB: Database> LedgerWithin<'t, DB> {
    pub(super) fn new(tx: &'t mut Tx<DB>) -> Self {
        Self { tx }
    }

    /// As [`Ledger::transfer`](crate::ledger::Ledger::transfer).
    pub fn transfer(
        self,
        key: &Key,
        from: impl Into<String>,
        to: impl Into<String>,
        amount: i64,
    ) -> Change<'t, DB, Transfer> {
        let change = LedgerChange::Transfer { from: name(from), to: name(to), amount };
        Change::new(Place::Joined(self.tx), posting(key, change), Transfer::read)
    }

    /// As [`Ledger::post`](crate::ledger::Ledger::post).
    pub fn post<A: Into<String>>(
        self,
        key: &Key,
        entries: impl IntoIterator<Item = (A, i64)>,
    ) -> Change<'t, DB, Vec<Entry>> {
        Change::new(Place::Joined(self.tx), posting(key, post(entries)), Entry::read_all)
    }

    /// As [`Ledger::capture`](crate::ledger::Ledger::capture).
    pub fn capture(
        self,
        key: &Key,
        hold: impl Into<String>,
        to: impl Into<String>,
        amount: i64,
    ) -> Change<'t, DB, Transfer> {
        let change = LedgerChange::Capture { hold: name(hold), amount, to: Some(name(to)) };
        Change::new(Place::Joined(self.tx), posting(key, change), Transfer::read)
    }

    /// As [`Ledger::release`](crate::ledger::Ledger::release).
    pub fn release(self, key: &Key, hold: impl Into<String>) -> Change<'t, DB, Entry> {
        Change::new(Place::Joined(self.tx), posting(key, LedgerChange::Release { hold: name(hold) }), Entry::read)
    }
}

/// One account inside a transaction: what it does commits with the transaction.
pub struct AccountWithin<'t, DB: Database> {
    name: Arc<str>,
    expected: Option<u64>,
    tx: &'t mut Tx<DB>,
}

impl<'t, DB: Database> AccountWithin<'t, DB> {
    pub(super) fn new(name: Arc<str>, expected: Option<u64>, tx: &'t mut Tx<DB>) -> Self {
        Self { name, expected, tx }
    }

    /// As [`Account::apply_delta`](crate::ledger::Account::apply_delta).
    pub fn apply_delta(self, key: &Key, delta: i64) -> Change<'t, DB, Entry> {
        let change = LedgerChange::Delta { account: self.name.clone(), delta };
        self.change(key, change, Entry::read)
    }

    /// As [`Account::set_balance`](crate::ledger::Account::set_balance).
    pub fn set_balance(self, key: &Key, balance: i64) -> Change<'t, DB, Entry> {
        let change = LedgerChange::Set { account: self.name.clone(), balance };
        self.change(key, change, Entry::read)
    }

    /// As [`Account::hold`](crate::ledger::Account::hold).
    pub fn hold(self, key: &Key, amount: i64) -> Change<'t, DB, Hold> {
        let change = hold(&self.name, key, amount, None);
        self.change(key, change, Hold::read)
    }

    /// As [`Account::hold_for`](crate::ledger::Account::hold_for).
    pub fn hold_for(self, key: &Key, amount: i64, lifetime: Duration) -> Change<'t, DB, Hold> {
        let change = hold(&self.name, key, amount, Some(lifetime));
        self.change(key, change, Hold::read)
    }

    fn change<O>(self, key: &Key, change: LedgerChange, read: Read<O>) -> Change<'t, DB, O> {
        Change::new(Place::Joined(self.tx), posting(key, change), read).expecting(self.expected)
    }

    /// The account as the transaction sees it, locked until the transaction ends unless it is a tally. It is open then: one
    /// that is not opens itself.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the transaction was left half-way; those of the database.
    pub async fn get(self) -> Result<AccountState, Error> {
        self.locked().await.map(|(row, _)| AccountState::of(row))
    }

    /// As [`Account::open`](crate::ledger::Account::open).
    ///
    /// # Errors
    /// As there.
    pub async fn open(self, opening: impl Into<Opening>) -> Result<(), Error> {
        let opening = opening.into();
        if let Some(unit) = &opening.unit {
            check_name("unit", unit)?;
        }
        let (row, this) = self.locked().await?;
        let wanted = AccountSettings {
            account: &this.name,
            floor: opening.bounds.floor,
            ceiling: opening.bounds.ceiling,
            unit: opening.unit.as_deref(),
            tally: opening.tally,
            closed_at: None,
        };
        if changes(&row, &wanted)? { put(this.tx, &wanted).await } else { Ok(()) }
    }

    /// As [`Account::close`](crate::ledger::Account::close).
    ///
    /// # Errors
    /// As there.
    pub async fn close(self) -> Result<(), Error> {
        let (row, this) = self.locked().await?;
        let account = || this.name.to_string();
        if row.closed_at.is_some() {
            return Ok(());
        }
        if row.tally {
            return Err(LedgerError::Tally { account: account() }.into());
        }
        if row.balance != 0 || row.held != 0 {
            return Err(LedgerError::NotSettled { account: account(), balance: row.balance, held: row.held }.into());
        }
        let shared = this.tx.shared.clone();
        let now = match shared.reply(DB::load(this.tx.engine_conn()?, &shared.sql, &[], &[])).await {
            Ok(loaded) => loaded.now,
            Err(error) => return Err(this.tx.failed(error)),
        };
        let AccountRow { floor, ceiling, unit, tally, .. } = &row;
        let (floor, ceiling, tally) = (*floor, *ceiling, *tally);
        let unit = unit.as_deref();
        put(this.tx, &AccountSettings { account: &this.name, floor, ceiling, unit, tally, closed_at: Some(now) }).await
    }

    /// The account's row, locked.
    async fn locked(self) -> Result<(AccountRow, Self), Error> {
        check_name("account", &self.name)?;
        self.tx.usable()?;
        let shared = self.tx.shared.clone();
        let (conn, broken) = self.tx.parts()?;
        *broken = true;
        let rows = match shared.reply(DB::load_accounts(conn, &shared.sql, &[&self.name], true)).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.tx.failed(error)),
        };
        self.tx.broken = false;
        let row = rows.into_iter().next().flatten().unwrap_or_else(AccountRow::unopened);
        Ok((row, self))
    }
}

/// Whether an account must be changed to be as it is wanted.
fn changes(row: &AccountRow, wanted: &AccountSettings<'_>) -> Result<bool, Error> {
    let account = || wanted.account.to_owned();
    if row.closed_at.is_some() {
        return Err(LedgerError::Closed { account: account() }.into());
    }
    let same_nature = (row.unit.as_deref(), row.tally) == (wanted.unit, wanted.tally);
    if same_nature && (row.floor, row.ceiling) == (wanted.floor, wanted.ceiling) {
        return Ok(false);
    }
    let otherwise = |what| Err(LedgerError::OpenedOtherwise { account: account(), what }.into());
    let plain = row.unit.is_none() && !row.tally;
    if !same_nature {
        let what = if row.tally == wanted.tally { "unit" } else { "nature: a tally or not" };
        if !plain || row.floor.is_some() || row.ceiling.is_some() {
            return otherwise(what);
        }
        if row.seq > 0 {
            return Err(LedgerError::HasEntries { account: account(), what }.into());
        }
    }
    if row.floor.is_some() || row.ceiling.is_some() {
        return otherwise("bounds");
    }
    if wanted.tally && (wanted.floor.is_some() || wanted.ceiling.is_some()) {
        return Err(LedgerError::Tally { account: account() }.into());
    }
    let (balance, held) = (row.balance, row.held);
    let (floor, ceiling) = (wanted.floor, wanted.ceiling);
    if floor.is_some_and(|floor| balance.saturating_sub(held) < floor) || ceiling.is_some_and(|top| balance > top) {
        let bounds = OutOfBounds { account: account(), balance, held, delta: 0, floor, ceiling };
        return Err(Error::OutOfBounds(Box::new(bounds)));
    }
    Ok(true)
}

async fn put<DB: Database>(tx: &mut Tx<DB>, settings: &AccountSettings<'_>) -> Result<(), Error> {
    let shared = tx.shared.clone();
    let (conn, broken) = tx.parts()?;
    *broken = true;
    let put: Result<(), StoreError> = shared.reply(DB::put_account(conn, &shared.sql, settings)).await;
    if let Err(error) = put {
        return Err(tx.failed(error));
    }
    tx.broken = false;
    tx.wrote(None);
    Ok(())
}

impl<DB: Database> fmt::Debug for LedgerWithin<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerWithin").field("tx", &self.tx).finish()
    }
}

impl<DB: Database> fmt::Debug for AccountWithin<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountWithin").field("name", &self.name).field("tx", &self.tx).finish()
    }
}
