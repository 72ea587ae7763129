//! Fenced transactions.

use crate::engine::fence::fence_tx;
use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::lease::owned::Lease;
use crate::store::Database;

impl<DB: Database> Tx<DB> {
    /// Fences this transaction, your own statements among it: it commits only while this lease or lock is its owner's. Of two owners the
    /// older one's transaction does not commit after the newer one's claim.
    ///
    /// The claim is locked until the transaction ends: a claim by another owner waits for it, and on SQLite, where one transaction writes
    /// at a time, a renewal, too: there keep it shorter than a third of the lease. Call it first, and not after a savepoint that may be rolled back, which would end the lock. A lease of another store is fenced by
    /// its epoch: the highest that has written here is stored (`idem_fences`), and a lower one is refused.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use std::time::Duration;
    ///
    /// use idem_core::Error;
    ///
    /// sqlx::query("CREATE TABLE reports (day INTEGER PRIMARY KEY)").execute(idem.pool()).await?;
    /// let lock = idem.lock("nightly-report");
    /// let guard = lock.acquire(Duration::ZERO).await?;
    /// let mut tx = idem.begin().await?;
    /// tx.fenced_by(&guard).await?;
    /// sqlx::query("INSERT INTO reports VALUES (1)").execute(tx.conn()).await?;
    /// tx.commit().await?;
    ///
    /// sqlx::query("UPDATE idem_claims SET until = 0").execute(idem.pool()).await?;   // as if this process had been paused
    /// let next = lock.acquire(Duration::ZERO).await?;                             // another owner
    /// let mut late = idem.begin().await?;
    /// assert!(matches!(late.fenced_by(&guard).await, Err(Error::Fenced { .. })));
    /// assert!(matches!(late.commit().await, Err(Error::Fenced { .. })));
    /// # next.release().await?;
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Fenced`] if the claim is another owner's or has ended: every later call and [`commit`](Self::commit) answer it, too, and
    /// nothing is applied. [`Error::InFlight`] if the claim is being made by another owner for longer than the lock wait; those of the
    /// database.
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken.
    pub async fn fenced_by(&mut self, lease: &impl AsRef<Lease>) -> Result<(), Error> {
        fence_tx(self, &lease.as_ref().fence()).await
    }
}
