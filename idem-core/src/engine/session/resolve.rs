//! What to do when the reply to a write is lost: ask the database, in a way that a write still in flight cannot fool.
//!
//! Reading alone proves nothing, the first COMMIT may still be on its way. So a row of the lost write is *inserted* again, on
//! another connection, with a bound on the wait, and rolled back. After that no transaction that had written it is under way,
//! and the row shows whether it is the lost write's own: meanwhile another may have taken its place.
//!
//! A write that is one statement can come later than the question, if it waited for a table's lock or in a proxy. It bears the
//! time until which it may write ([`Shared::until`]), so the row is looked up again after that time, before a call is answered
//! "not applied". A call that tries again instead, and has its effect, need not wait: the row is its own, and a late write meets
//! it.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::clock::Timestamp;
use crate::engine::answer::Answer;
use crate::engine::lost::{Expiry, Found, LostWrite, LostWrites, PendingWrite};
use crate::engine::session::retry::{PATIENCE, RetryPolicy};
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::probe::run::probe;
use crate::store::write::rows::CommitWitness;

/// What became of a lost write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Committed,
    /// It did not happen, and cannot any more.
    Undone,
    /// It did not happen yet, and may still happen.
    Pending,
}

/// Asks what became of a lost write by now.
///
/// # Errors
/// [`Error::Indeterminate`] if the database cannot be asked in time, or nothing was written that could be asked for.
pub(crate) async fn fate<DB: Database>(shared: &Shared<DB>, write: &LostWrite) -> Result<Fate, Error> {
    if seeded_bug!("guess-not-applied") {
        return Ok(Fate::Undone);
    }
    if write.witness.is_some() && seeded_bug!("commit-loss-is-success") {
        return Ok(Fate::Committed);
    }
    let committed = is_committed(shared, write, None).await?;
    Ok(match (committed, write.expiry) {
        (true, _) => Fate::Committed,
        (false, Expiry::Locked) => Fate::Undone,
        (false, Expiry::At(_) | Expiry::Unknown) => Fate::Pending,
    })
}

/// Waits until none of the pending writes can happen any more; of one that did, what plans were to be answered that it did not
/// refuse.
///
/// # Errors
/// [`Error::Indeterminate`] if nobody can say.
pub(crate) async fn settle<DB: Database>(
    shared: &Shared<DB>,
    lost: &mut LostWrites,
) -> Result<Option<Vec<Option<Answer>>>, Error> {
    while let Some(PendingWrite { write, .. }) = lost.pending.last() {
        let found = match write.found() {
            Some(found) => found,
            None => has_happened(shared, write).await?,
        };
        write.settle(found);
        let decided = lost.pending.pop().map(|write| write.decided);
        if found == Found::Committed {
            return Ok(decided);
        }
    }
    Ok(None)
}

/// Waits until a write can no longer happen; whether it did.
async fn has_happened<DB: Database>(shared: &Shared<DB>, write: &LostWrite) -> Result<Found, Error> {
    let Expiry::At(until) = write.expiry else { return Err(write.unknown()) };
    let longest = if seeded_bug!("clock-waited-for") { Duration::MAX } else { shared.settings.statement() };
    // The clock may have been set back.
    sleep(shared.clock.until(until).min(longest)).await;
    let committed = is_committed(shared, write, Some(until)).await?;
    Ok(if committed { Found::Committed } else { Found::Undone })
}

async fn is_committed<DB: Database>(
    shared: &Shared<DB>,
    write: &LostWrite,
    until: Option<Timestamp>,
) -> Result<bool, Error> {
    let Some(witness) = &write.witness else { return Err(write.unknown()) };
    let asked = async {
        let pauses = RetryPolicy::default().attempts(u32::MAX);
        let mut made = 1;
        loop {
            if let Some(committed) = ask(shared, witness, until).await {
                return committed;
            }
            pauses.pause(made).await;
            made += 1;
        }
    };
    timeout(PATIENCE + shared.settings.wait, asked).await.map_err(|_| write.unknown())
}

/// `None` if it cannot be asked now.
async fn ask<DB: Database>(shared: &Shared<DB>, witness: &CommitWitness, until: Option<Timestamp>) -> Option<bool> {
    let mut lease = shared.writers.acquire().await.ok()?;
    probe(&mut lease.session(), witness, until, shared.settings.wait).await.ok()?
}
