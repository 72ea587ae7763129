//! Rows that a transaction locks before its first call.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::key::check_name;
use crate::namespace::LEDGER;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::ledger::queries::load_accounts;
use crate::store::machine::queries::lock_machines;
use crate::store::session::Session;

/// A row that [`Tx::lock_rows`] can lock: a machine's, or an account's; each handle gives its own by `row_name()`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowName {
    namespace: &'static str,
    name: Arc<str>,
}

impl RowName {
    pub(crate) fn machine(machine: &'static str, id: Arc<str>) -> Self {
        Self { namespace: machine, name: id }
    }

    pub(crate) fn account(name: Arc<str>) -> Self {
        Self { namespace: LEDGER, name }
    }

    fn check(&self) -> Result<(), Error> {
        let what = if self.namespace == LEDGER { "account" } else { "machine id" };
        Ok(check_name(what, &self.name)?)
    }
}

impl<DB: Database> Tx<DB> {
    /// Locks machines and accounts until the transaction ends, all at once and in the order that every call of idem's keeps:
    /// machines before accounts, each in the order of their bytes. A transaction that locks first what its calls need does not
    /// meet another one half-way: transactions that take the same rows in different orders would wait for each other, and one of
    /// them would run again.
    ///
    /// An account that is not open is opened, unbounded. A machine that is not started has no row to lock, and a tally needs no
    /// lock. On SQLite the transaction itself is the lock, and nothing is done.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Key};
    ///
    /// let (wallet, shop) = (idem.ledger().account("wallet:7"), idem.ledger().account("shop:1"));
    /// let mut tx = idem.begin().await?;
    /// tx.lock_rows([shop.row_name(), wallet.row_name()]).await?;
    /// wallet.within(&mut tx).apply_delta(&Key::new("shop", "k1")?, -5).await?;
    /// shop.within(&mut tx).apply_delta(&Key::new("shop", "k2")?, 5).await?;
    /// tx.commit().await?;
    /// assert_eq!((wallet.balance_after(1).await?, shop.balance_after(1).await?), (-5, 5));
    ///
    /// let nameless = idem.ledger().account("").row_name();
    /// assert!(matches!(idem.begin().await?.lock_rows([nameless]).await, Err(Error::Key(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Key`] if a name is none, before anything is sent. [`Error::InFlight`] if another transaction holds one of them
    /// for longer than the lock wait, [`Error::Contention`] if it waits for this one in turn; on PostgreSQL the transaction is
    /// then aborted. [`Error::Interrupted`] in a broken transaction.
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken: see [`Tx`].
    pub async fn lock_rows(&mut self, rows: impl IntoIterator<Item = RowName> + Send) -> Result<(), Error> {
        let rows: BTreeSet<RowName> = rows.into_iter().collect();
        rows.iter().try_for_each(RowName::check)?;
        let (accounts, machines): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.namespace == LEDGER);
        let machines: Vec<(&str, &str)> = machines.into_iter().map(|row| (row.namespace, &*row.name)).collect();
        let accounts: Vec<&str> = accounts.into_iter().map(|row| &*row.name).collect();
        let mut call = self.asking_call().await?;
        let mut session = call.session()?;
        session.half_written(true);
        let locked = lock(&mut session, &machines, &accounts).await;
        call.end(locked)
    }
}

async fn lock<DB: Database>(
    session: &mut Session<'_, DB>,
    machines: &[(&str, &str)],
    accounts: &[&str],
) -> Result<(), StoreError> {
    if !machines.is_empty() {
        lock_machines(session, machines).await?;
    }
    if !accounts.is_empty() {
        load_accounts(session, accounts, true).await?;
    }
    Ok(())
}
