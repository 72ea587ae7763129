//! What to do when the reply to a write is lost: ask the database, in a way that a write still in flight cannot fool.
//!
//! Reading alone proves nothing, the first COMMIT may still be on its way. So a row of the lost write is *inserted* again, on
//! a fresh connection, with a bound on the wait: an insert (rolled back) proves that there was no commit and will be none.
//! After a conflict nothing is on its way any more, and the row that is there tells whether it is the lost write's own:
//! meanwhile another may have taken its place.

use std::time::{Duration, Instant};

use crate::engine::session::retry::Retry;
use crate::engine::shared::Shared;
use crate::error::{Error, Source};
use crate::store::Database;
use crate::store::rows::{Witness, Write};

/// How long a database that went away is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A row by which a write can be recognised.
pub(crate) fn witness(write: &Write) -> Option<Witness> {
    let transition = write.transitions.first().map(|row| {
        let (machine, id) = (row.machine.clone(), row.id.clone());
        Witness::Transition { machine, id, seq: row.seq, at: row.at }
    });
    transition.or_else(|| write.keys.first().map(|key| Witness::Key { hash: key.hash, at: write.now }))
}

/// Whether the write that `witness` stands for was committed.
///
/// # Errors
/// [`Error::Indeterminate`] if the database cannot be asked in time, or nothing was written that could be asked for.
pub(crate) async fn committed<DB: Database>(
    shared: &Shared<DB>,
    witness: Option<&Witness>,
    lost: Source,
) -> Result<bool, Error> {
    let Some(witness) = witness else {
        return Err(Error::Indeterminate { source: lost });
    };
    if seeded_bug!("guess-not-applied") {
        return Ok(false);
    }
    if seeded_bug!("commit-loss-is-success") {
        return Ok(true);
    }
    let began = Instant::now();
    let pauses = Retry::default().attempts(u32::MAX);
    for made in 1.. {
        if let Ok(Some(answer)) = ask(shared, witness).await {
            return Ok(answer);
        }
        if began.elapsed() > PATIENCE || !pauses.pause(made).await {
            break;
        }
    }
    Err(Error::Indeterminate { source: lost })
}

async fn ask<DB: Database>(shared: &Shared<DB>, witness: &Witness) -> Result<Option<bool>, Error> {
    let mut held = shared.writers.acquire().await?;
    let answer = DB::probe(held.conn(), &shared.sql, witness, shared.settings.wait).await;
    match answer {
        Ok(answer) => {
            held.give_back();
            Ok(answer)
        }
        Err(error) => Err(error.not_sent()),
    }
}
