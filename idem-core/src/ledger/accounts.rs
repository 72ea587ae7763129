//! The accounts of one database.

use std::fmt;
use std::sync::Arc;

use crate::engine::shared::Shared;
use crate::idem::Idem;
use crate::key::Key;
use crate::ledger::account::Account;
use crate::ledger::change::{Change, Place};
use crate::ledger::entry::{Entry, Transfer};
use crate::ledger::request::{name, post, posting};
use crate::model::ledger::change::LedgerChange;
use crate::store::Database;

/// The accounts of one database. Cheap to clone.
pub struct Ledger<DB: Database> {
    pub(super) idem: Idem<DB>,
}

impl<DB: Database> Idem<DB> {
    /// The accounts in this database.
    pub fn ledger(&self) -> Ledger<DB> {
        Ledger { idem: self.clone() }
    }
}

impl<DB: Database> Ledger<DB> {
    /// One account: a name for what may or may not be open. An account that is not open opens itself with its first entry,
    /// unbounded.
    pub fn account(&self, name: impl Into<String>) -> Account<DB> {
        Account::new(self.idem.clone(), name.into().into())
    }

    /// Moves `amount` minor units from one account to another: two entries, which sum to zero, under one key. A negative
    /// amount moves the other way.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`](crate::Error::OutOfBounds), [`Error::KeyReused`](crate::Error::KeyReused);
    /// [`Error::Ledger`](crate::Error::Ledger) for accounts of two units, or closed ones. Others: as [`Change`].
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn transfer(
        &self,
        key: &Key,
        from: impl Into<String>,
        to: impl Into<String>,
        amount: i64,
    ) -> Change<'static, DB, Transfer> {
        let change = LedgerChange::Transfer { from: name(from), to: name(to), amount };
        Change::new(self.place(), posting(key, change), Transfer::read)
    }

    /// Adds entries to several accounts, all or none, under one key; in each unit they sum to zero. 2 to 1,000 entries.
    ///
    /// # Errors
    /// [`Error::Ledger`](crate::Error::Ledger) if they do not sum to zero, or are fewer or more than that, and as
    /// [`Ledger::transfer`].
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn post<A: Into<String>>(
        &self,
        key: &Key,
        entries: impl IntoIterator<Item = (A, i64)>,
    ) -> Change<'static, DB, Vec<Entry>> {
        Change::new(self.place(), posting(key, post(entries)), Entry::read_all)
    }

    /// Moves `amount` minor units of what `hold` reserves to the account `to`. What is left stays reserved.
    ///
    /// # Errors
    /// [`Error::Ledger`](crate::Error::Ledger) if there is no such hold, it has expired, or less is left of it. The latter two
    /// are remembered by [`Change::remember_refusal`].
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn capture(
        &self,
        key: &Key,
        hold: impl Into<String>,
        to: impl Into<String>,
        amount: i64,
    ) -> Change<'static, DB, Transfer> {
        let change = LedgerChange::Capture { hold: name(hold), amount, to: Some(name(to)) };
        Change::new(self.place(), posting(key, change), Transfer::read)
    }

    /// Gives back what `hold` still reserves. That may be nothing: of a hold that was captured, released or let go before, the
    /// entry says that 0 was given back.
    ///
    /// # Errors
    /// [`Error::Ledger`](crate::Error::Ledger) if there is no such hold, or its account was closed since.
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn release(&self, key: &Key, hold: impl Into<String>) -> Change<'static, DB, Entry> {
        Change::new(self.place(), posting(key, LedgerChange::Release { hold: name(hold) }), Entry::read)
    }

    fn place(&self) -> Place<'static, DB> {
        Place::Own(self.shared().clone())
    }

    pub(super) fn shared(&self) -> &Arc<Shared<DB>> {
        &self.idem.shared
    }
}

impl<DB: Database> Clone for Ledger<DB> {
    fn clone(&self) -> Self {
        Self { idem: self.idem.clone() }
    }
}

impl<DB: Database> fmt::Debug for Ledger<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("idem", &self.idem).finish()
    }
}
