//! An audit that has not begun.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use crate::error::Error;
use crate::ledger::accounts::Ledger;
use crate::ledger::audit::report::{AuditProgress, AuditReport, Progress};
use crate::ledger::audit::walk::Walk;
use crate::store::Database;

/// An audit as a lazy future: awaited, it reads the whole ledger.
///
/// # Errors
/// Those of the database. What the audit finds is no error: it is in the report.
///
/// # Cancel safety
/// Nothing is written. Dropped, its connection is closed, and nothing is left behind.
#[must_use = "an audit reads nothing until it is awaited"]
pub struct Audit<'a, DB: Database> {
    ledger: Ledger<DB>,
    progress: Progress<'a>,
}

impl<DB: Database> Ledger<DB> {
    /// Proves the ledger from its entries: they are dense, each balance is the one before plus the delta, time does not
    /// fall; every account is what its entries say and within its bounds; postings are whole and sum to zero in each unit;
    /// every key stands in the first entry of its change, with its hash and the fingerprint of what the entries did; holds and
    /// tallies are what their entries say; entries of steps belong to a transition; a remembered refusal is one by its account or
    /// hold, under the hash of its key.
    ///
    /// What entries do not prove is not checked: the bounds, the unit and the closing of an account beyond that its balance
    /// fits them, which of its commands' transitions made a lone entry of a machine, when an entry was made, and what a
    /// remembered refusal was asked for.
    ///
    /// The audit reads pages of one snapshot, in a transaction that only reads: what others write meanwhile is neither seen
    /// nor disturbed nor reported as damage. The database keeps what that snapshot sees until the audit is done: PostgreSQL
    /// vacuums less, SQLite's write-ahead log grows. It takes time in proportion to the entries, and the memory of a page
    /// and of the holds of one account that still reserve something.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Key;
    /// use idem_core::ledger::FindingKind;
    ///
    /// let ledger = idem.ledger();
    /// ledger.transfer(&Key::new("shop", "k1")?, "bank", "wallet:7", 100).await?;
    /// let report = ledger.audit().progress(|so_far| eprintln!("{} entries", so_far.entries)).await?;
    /// assert!(report.is_sound() && report.entries == 2, "{:?}", report.findings);
    ///
    /// sqlx::query("UPDATE idem_accounts SET balance = 90 WHERE account = 'wallet:7'").execute(idem.pool()).await?;
    /// let report = ledger.audit().await?;
    /// assert_eq!(report.findings[0].account, "wallet:7");
    /// assert_eq!(report.findings[0].what, FindingKind::Account { column: "balance", expected: 100 });
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Those of the database. What the audit finds is no error: it is in the report.
    ///
    /// # Cancel safety
    /// Nothing is written. Dropped, its connection is closed.
    pub fn audit(&self) -> Audit<'static, DB> {
        Audit { ledger: self.clone(), progress: None }
    }
}

impl<DB: Database> Audit<'_, DB> {
    /// Calls `tell` with the progress of the audit, about every thousand rows. Default: nothing is called.
    pub fn progress<'p>(self, tell: impl FnMut(AuditProgress) + Send + 'p) -> Audit<'p, DB> {
        Audit { ledger: self.ledger, progress: Some(Box::new(tell)) }
    }
}

impl<'a, DB: Database> IntoFuture for Audit<'a, DB> {
    type Output = Result<AuditReport, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Walk::audit(self.ledger.shared(), self.progress).await })
    }
}

impl<DB: Database> fmt::Debug for Audit<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}
