//! A unit: a transaction that ends with the outcome of a key.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::session::loan::Loan;
use crate::engine::session::pool::Lease;
use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::lease::remembered::Completed;
use crate::operation::place::Place;
use crate::store::Database;
use crate::store::claims::queries::{Put, put};
use crate::store::connect::TransactionUse;
use crate::store::write::rows::{CommitWitness, KeyTable};

/// A unit: a transaction, and the record of its outcome. It is a [`Tx`] for commands, ledger changes and your own statements.
/// Dropped, it is rolled back, and the key is free: on PostgreSQL once the server notices that the connection is closed. Until then
/// [`Seat::begin`](crate::operation::Seat::begin) may answer [`Error::InFlight`].
#[must_use = "dropped, it is rolled back"]
pub struct Unit<DB: Database> {
    seat: Arc<Place<DB>>,
    tx: Tx<DB>,
}

impl<DB: Database> Unit<DB> {
    pub(crate) fn begun(seat: Arc<Place<DB>>, lease: Lease<DB>) -> Self {
        let tx = Tx::begun(seat.shared.clone(), lease);
        Self { seat, tx }
    }

    /// Records the outcome and commits: both, or nothing. If the reply to the COMMIT is lost, the record shows whether it happened.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::InFlight`], [`Error::Contention`], and those of [`Tx::commit`]: [`Error::Indeterminate`] if the
    /// reply was lost and the database could not be asked in time. All others: nothing is applied.
    ///
    /// # Cancel safety
    /// Dropped half-way, it may be committed or not, as a whole.
    pub async fn complete(self, outcome: &[u8]) -> Result<Completed, Error> {
        let Self { seat, mut tx } = self;
        seat.fits(outcome)?;
        let moved = tx.moved.clone();
        let record = Put {
            key: seat.claim_key(),
            fingerprint: &seat.fingerprint,
            outcome: Some(outcome),
            keep: seat.keep,
            moved: moved.as_ref().map(|(machine, id, seq)| (*machine, &**id, *seq)),
        };
        if seeded_bug!("record-apart") {
            tx = committed_alone(&seat, tx).await?;
        }
        fail_point!("unit.complete.before");
        let mut call = tx.writing_call().await?;
        let mut session = call.session()?;
        session.half_written(true);
        let at = match put(&mut session, &record).await {
            Ok(Some(at)) => at,
            Ok(None) => {
                call.end(Ok(()))?;
                tx.rollback().await;
                let remembered = seat.recall().await?;
                return remembered.map(Completed::Remembered).ok_or(Error::Contention { attempts: 1 });
            }
            Err(error) => return call.end(Err(error)),
        };
        call.wrote(Some(CommitWitness::Key { of: KeyTable::Claims, hash: seat.hash, at: Some(at) }))?;
        fail_point!("unit.complete.written");
        tx.commit().await?;
        fail_point!("unit.complete.after");
        Ok(Completed::Fresh { at })
    }

    /// Rolls back. The same as dropping, but done when it returns.
    ///
    /// # Cancel safety
    /// Cancel safe: what was not rolled back ends with its connection.
    pub async fn abort(self) {
        self.tx.rollback().await;
    }

    /// Lends the transaction to a closure.
    pub(crate) fn lend(self) -> (Loan<Tx<DB>>, Tx<DB>) {
        self.tx.lend_to_operation()
    }

    /// With the transaction that came back.
    pub(crate) fn of(seat: Arc<Place<DB>>, tx: Tx<DB>) -> Self {
        Self { seat, tx }
    }
}

/// The bug `record-apart`: the outcome is recorded in a transaction after that of the work.
async fn committed_alone<DB: Database>(seat: &Place<DB>, tx: Tx<DB>) -> Result<Tx<DB>, Error> {
    tx.commit().await?;
    let shared = seat.shared.clone();
    let mut lease = shared.writer(shared.settings.wait).await?;
    let begun = lease.session().begin(DB::begin(shared.settings.wait, TransactionUse::Own)).await;
    begun.map_err(|error| error.not_sent(Duration::ZERO))?;
    Ok(Tx::begun(shared, lease))
}

impl<DB: Database> Deref for Unit<DB> {
    type Target = Tx<DB>;

    fn deref(&self) -> &Tx<DB> {
        &self.tx
    }
}

impl<DB: Database> DerefMut for Unit<DB> {
    fn deref_mut(&mut self) -> &mut Tx<DB> {
        &mut self.tx
    }
}

impl<DB: Database> fmt::Debug for Unit<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit").field("key", &self.seat.hash).field("tx", &self.tx).finish()
    }
}
