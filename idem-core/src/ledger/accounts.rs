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
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::{Error, Key};
///
/// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
/// ledger.transfer(&key("k1")?, "bank", "wallet:7", 100).await?;
/// assert_eq!(ledger.account("wallet:7").balance_after(1).await?, 100);
/// assert!(matches!(ledger.transfer(&key("k1")?, "bank", "wallet:7", 90).await, Err(Error::KeyReused(_))));
/// assert!(ledger.audit().await?.is_sound());
/// # Ok(()) }) }
/// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::error::LedgerError;
    /// use idem_core::ledger::AccountSettings;
    /// use idem_core::{Error, Key};
    ///
    /// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
    /// let paid = ledger.transfer(&key("k1")?, "bank", "wallet:7", 100).await?;
    /// assert_eq!((paid.from.delta, paid.to.delta, paid.to.balance), (-100, 100, Some(100)));
    ///
    /// ledger.account("dollars").open(AccountSettings::default().unit("USD")).await?;
    /// let refused = ledger.transfer(&key("k2")?, "wallet:7", "dollars", 5).await;  // the wallet has no unit
    /// assert!(matches!(refused, Err(Error::Ledger(error)) if matches!(*error, LedgerError::OtherUnit { .. })));
    /// # Ok(()) }) }
    /// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::error::LedgerError;
    /// use idem_core::{Error, Key};
    ///
    /// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
    /// let entries = ledger.post(&key("k1")?, [("wallet:7", -100), ("shop", 97), ("fees", 3)]).await?;
    /// assert_eq!(entries.iter().map(|entry| entry.delta).collect::<Vec<_>>(), [-100, 97, 3]);
    /// let refused = ledger.post(&key("k2")?, [("wallet:7", -100), ("shop", 97)]).await;
    /// assert!(matches!(refused, Err(Error::Ledger(error)) if matches!(*error, LedgerError::Unbalanced { sum: -3, .. })));
    /// # Ok(()) }) }
    /// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::error::LedgerError;
    /// use idem_core::{Error, Key};
    ///
    /// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
    /// let hold = ledger.account("wallet:7").hold(&key("order")?, 70).await?;
    /// let captured = ledger.capture(&key("shipped")?, &hold.id, "shop", 50).await?;
    /// assert_eq!((captured.from.delta, captured.to.delta), (-50, 50));
    /// let refused = ledger.capture(&key("more")?, &hold.id, "shop", 21).await;
    /// assert!(matches!(refused, Err(Error::Ledger(error)) if matches!(*error, LedgerError::HoldExceeded { remaining: 20, .. })));
    /// # Ok(()) }) }
    /// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::error::LedgerError;
    /// use idem_core::{Error, Key};
    ///
    /// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
    /// let hold = ledger.account("wallet:7").hold(&key("order")?, 70).await?;
    /// ledger.release(&key("cancelled")?, &hold.id).await?;
    /// assert_eq!(ledger.account("wallet:7").get().await?.map(|wallet| wallet.held), Some(0));
    /// let refused = ledger.release(&key("k2")?, "no such hold").await;
    /// assert!(matches!(refused, Err(Error::Ledger(error)) if matches!(*error, LedgerError::UnknownHold { .. })));
    /// # Ok(()) }) }
    /// ```
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
