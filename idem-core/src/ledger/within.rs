//! The ledger inside the caller's transaction.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::account;
use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::key::{Key, check_name};
use crate::ledger::account::Account;
use crate::ledger::account_state::AccountState;
use crate::ledger::accounts::Ledger;
use crate::ledger::change::{Change, Place, Read};
use crate::ledger::entry::{Entry, Hold, Transfer};
use crate::ledger::request::{hold, name, post, posting};
use crate::ledger::settings::AccountSettings;
use crate::model::ledger::change::LedgerChange;
use crate::store::Database;

/// The ledger inside a transaction: what it does commits with the transaction.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Key;
///
/// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
/// let mut tx = idem.begin().await?;
/// ledger.within(&mut tx).transfer(&key("k1")?, "bank", "wallet:7", 100).await?;
/// let hold = ledger.account("wallet:7").within(&mut tx).hold(&key("k2")?, 70).await?;
/// ledger.within(&mut tx).capture(&key("k3")?, &hold.id, "shop", 70).await?;
/// assert!(ledger.within(&mut tx).release(&key("k4")?, "no such hold").await.is_err());
/// tx.commit().await?;
/// assert_eq!(ledger.account("wallet:7").balance_after(99).await?, 30);
/// # Ok(()) }) }
/// ```
pub struct LedgerInTx<'t, DB: Database> {
    pub(super) tx: &'t mut Tx<DB>,
}

impl<DB: Database> Ledger<DB> {
    /// The same changes inside your transaction.
    pub fn within<'t>(&self, tx: &'t mut Tx<DB>) -> LedgerInTx<'t, DB> {
        LedgerInTx { tx }
    }
}

impl<'t, DB: Database> LedgerInTx<'t, DB> {
    /// As [`Ledger::transfer`](crate::ledger::Ledger::transfer), its errors and cancel safety included.
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

    /// As [`Ledger::post`](crate::ledger::Ledger::post), its errors and cancel safety included.
    pub fn post<A: Into<String>>(
        self,
        key: &Key,
        entries: impl IntoIterator<Item = (A, i64)>,
    ) -> Change<'t, DB, Vec<Entry>> {
        Change::new(Place::Joined(self.tx), posting(key, post(entries)), Entry::read_all)
    }

    /// As [`Ledger::capture`](crate::ledger::Ledger::capture), its errors and cancel safety included.
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

    /// As [`Ledger::release`](crate::ledger::Ledger::release), its errors and cancel safety included.
    pub fn release(self, key: &Key, hold: impl Into<String>) -> Change<'t, DB, Entry> {
        Change::new(Place::Joined(self.tx), posting(key, LedgerChange::Release { hold: name(hold) }), Entry::read)
    }
}

/// One account inside a transaction: what it does commits with the transaction.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::ledger::Bounds;
/// use idem_core::{Error, Key};
///
/// let wallet = idem.ledger().account("wallet:7");
/// let mut tx = idem.begin().await?;
/// wallet.within(&mut tx).open(Bounds::at_least(0)).await?;
/// wallet.within(&mut tx).apply_delta(&Key::new("shop", "k1")?, 5).await?;
/// assert_eq!(wallet.within(&mut tx).lock().await?.balance, 5);
/// assert!(matches!(wallet.within(&mut tx).close().await, Err(Error::Ledger(_))));     // 5 are left
/// assert_eq!(wallet.get().await?, None);                                              // others do not see it yet
/// tx.commit().await?;
/// assert!(wallet.get().await?.is_some());
/// # Ok(()) }) }
/// ```
pub struct AccountInTx<'t, DB: Database> {
    name: Arc<str>,
    expected: Option<u64>,
    tx: &'t mut Tx<DB>,
}

impl<DB: Database> Account<DB> {
    /// The same changes inside your transaction.
    pub fn within<'t>(&self, tx: &'t mut Tx<DB>) -> AccountInTx<'t, DB> {
        AccountInTx { name: self.name.clone(), expected: self.expected, tx }
    }
}

impl<'t, DB: Database> AccountInTx<'t, DB> {
    /// As [`Account::apply_delta`](crate::ledger::Account::apply_delta), its errors and cancel safety included.
    pub fn apply_delta(self, key: &Key, delta: i64) -> Change<'t, DB, Entry> {
        let change = LedgerChange::Delta { account: self.name.clone(), delta };
        self.change(key, change, Entry::read)
    }

    /// As [`Account::set_balance`](crate::ledger::Account::set_balance), its errors and cancel safety included.
    pub fn set_balance(self, key: &Key, balance: i64) -> Change<'t, DB, Entry> {
        let change = LedgerChange::Set { account: self.name.clone(), balance };
        self.change(key, change, Entry::read)
    }

    /// As [`Account::hold`](crate::ledger::Account::hold), its errors and cancel safety included.
    pub fn hold(self, key: &Key, amount: i64) -> Change<'t, DB, Hold> {
        let change = hold(&self.name, key, amount, None);
        self.change(key, change, Hold::read)
    }

    /// As [`Account::hold_for`](crate::ledger::Account::hold_for), its errors and cancel safety included.
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
    /// [`Error::Key`] if the name is none; [`Error::Interrupted`] in a broken transaction; [`Error::InFlight`] or
    /// [`Error::Contention`] if another transaction holds the account; those of the database.
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken: see [`Tx`].
    pub async fn lock(self) -> Result<AccountState, Error> {
        check_name("account", &self.name)?;
        account::locked(self.tx, &self.name).await.map(AccountState::of)
    }

    /// As [`Account::open`](crate::ledger::Account::open), when the transaction commits.
    ///
    /// # Errors
    /// As [`Account::open`](crate::ledger::Account::open) and [`AccountInTx::lock`].
    ///
    /// # Cancel safety
    /// As [`AccountInTx::lock`].
    pub async fn open(self, opening: impl Into<AccountSettings> + Send) -> Result<(), Error> {
        check_name("account", &self.name)?;
        let opening = opening.into();
        opening.check()?;
        account::open(self.tx, &opening.of(&self.name)).await
    }

    /// As [`Account::close`](crate::ledger::Account::close), when the transaction commits.
    ///
    /// # Errors
    /// As [`Account::close`](crate::ledger::Account::close) and [`AccountInTx::lock`].
    ///
    /// # Cancel safety
    /// As [`AccountInTx::lock`].
    pub async fn close(self) -> Result<(), Error> {
        check_name("account", &self.name)?;
        account::close(self.tx, &self.name).await
    }
}

impl<DB: Database> fmt::Debug for LedgerInTx<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerInTx").field("tx", &self.tx).finish()
    }
}

impl<DB: Database> fmt::Debug for AccountInTx<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountInTx").field("name", &self.name).field("tx", &self.tx).finish()
    }
}
