//! Balances: changes of them that happen once, however often they are asked for.
//!
//! ```
//! # #[cfg(feature = "sqlite")] {
//! # let file = std::env::temp_dir().join(format!("idem-ledger-{}.db", std::process::id()));
//! # let url = format!("sqlite://{}", file.display());
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use idem_core::{Idem, Key, ledger::Bounds};
//!
//! let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
//! let ledger = idem.ledger();
//! let wallet = ledger.account("wallet:7");
//! wallet.open(Bounds::at_least(0)).await?;
//! ledger.transfer(&Key::new("bank", "payout-1")?, "bank", "wallet:7", 1_000).await?;
//!
//! let key = Key::new("customer-7", "req-1")?;
//! let entry = wallet.apply_delta(&key, -400).await?;
//! let again = wallet.apply_delta(&key, -400).await?;
//! assert!(again.is_replay() && *again == *entry && entry.balance == Some(600));
//! assert!(wallet.apply_delta(&key, -500).await.is_err()); // another request under the same key
//! assert!(wallet.apply_delta(&Key::new("customer-7", "req-2")?, -601).await.is_err()); // below 0
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # std::fs::remove_file(file)?; }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Amounts are `i64` in minor units and always checked. Every account that is not a tally numbers its entries from 1 without
//! a gap, and each entry holds the balance after it: the entries alone prove the balance.

mod account;
mod audit;
mod batch;
mod change;
mod entry;
mod opening;
mod within;

use std::fmt;
use std::sync::Arc;

pub use account::{Account, AccountState, Entries};
pub use audit::{Audit, AuditProgress, AuditReport, Damage, Finding};
pub use batch::{Delta, MAX_BATCH};
pub use change::{Change, ChangeFuture};
pub use entry::{Entry, Hold, Transfer};
pub use opening::{Bounds, Opening};
pub use within::{AccountWithin, LedgerWithin};

use crate::engine::session::transaction::Tx;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::idem::Idem;
use crate::key::Key;
use crate::model::ledger::change::LedgerChange;
use crate::store::Database;
use change::{Place, posting};

/// The accounts of one database. Cheap to clone.
pub struct Ledger<DB: Database> {
    idem: Idem<DB>,
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
    /// [`Error::OutOfBounds`], [`Error::KeyReused`]; [`Error::Ledger`] for accounts of two units, or closed ones.
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

    /// Adds entries to several accounts, all or none, under one key; in each unit they sum to zero.
    ///
    /// # Errors
    /// [`Error::Ledger`] if they do not sum to zero or are fewer than two, and as [`Ledger::transfer`].
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
    /// [`Error::Ledger`] if there is no such hold, it has expired, or less is left of it.
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

    /// Gives back what `hold` still reserves.
    ///
    /// # Errors
    /// [`Error::Ledger`] if there is no such hold, or nothing is left of it.
    pub fn release(&self, key: &Key, hold: impl Into<String>) -> Change<'static, DB, Entry> {
        Change::new(self.place(), posting(key, LedgerChange::Release { hold: name(hold) }), Entry::read)
    }

    /// The same changes inside a transaction of yours.
    pub fn within<'t>(&self, tx: &'t mut Tx<DB>) -> LedgerWithin<'t, DB> {
        LedgerWithin::new(tx)
    }

    fn place(&self) -> Place<'static, DB> {
        Place::Own(self.shared().clone())
    }

    fn shared(&self) -> &Arc<Shared<DB>> {
        &self.idem.shared
    }
}

fn name(text: impl Into<String>) -> Arc<str> {
    text.into().into()
}

fn post<A: Into<String>>(entries: impl IntoIterator<Item = (A, i64)>) -> LedgerChange {
    LedgerChange::Post { legs: entries.into_iter().map(|(account, delta)| (name(account), delta)).collect() }
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

/// What a change names must be fit to be stored, and small enough.
fn fits(change: &LedgerChange) -> Result<(), Error> {
    if let LedgerChange::Post { legs } = change
        && legs.len() > MAX_LEGS
    {
        let (items, limit) = (legs.len(), MAX_LEGS);
        return Err(crate::error::LedgerError::TooMany { items, limit }.into());
    }
    crate::model::ledger::change::check_names(change)
}

/// The most entries of one posting.
const MAX_LEGS: usize = 1_000;
