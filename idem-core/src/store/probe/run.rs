//! Finds out whether a write was committed.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::{Class, StoreError};
use crate::store::session::Session;
use crate::store::write::rows::CommitWitness;

/// Waits, in a transaction that is rolled back, until no first writer of what `witness` names is under way: by the lock that each
/// writer takes, or by inserting it again. Then its row tells. `None` if the wait did not end within `wait`.
pub(crate) async fn probe<DB: Database>(
    session: &mut Session<'_, DB>,
    witness: &CommitWitness,
    wait: Duration,
) -> Result<Option<bool>, StoreError> {
    let texts = &session.sql.probes;
    let (put, find) = match witness {
        CommitWitness::Key { .. } => (&texts.put_key, &texts.key),
        CommitWitness::Transition { .. } => (&texts.put_transition, &texts.transition),
    };
    let busy = |error: &StoreError| error.class == Class::Busy;
    match session.begin(DB::begin(wait)).await {
        Err(error) if busy(&error) => return Ok(None),
        begun => begun?,
    }
    let inserted = if put.is_empty() { None } else { Some(session.fetch(put, place(witness)).await) };
    session.roll_back().await?;
    match inserted {
        Some(Ok(_)) => return Ok(Some(false)),
        Some(Err(error)) if busy(&error) => return Ok(None),
        Some(Err(error)) if !DB::is_there(&error.source) => return Err(error),
        Some(Err(_)) | None => {}
    }
    let found = session.fetch(find, place(witness).bind(time(witness))).await?;
    Ok(Some(!found.is_empty()))
}

fn place<DB: Database>(witness: &CommitWitness) -> Binder<DB> {
    match witness {
        CommitWitness::Key { hash, .. } => Binder::new().bind(hash),
        CommitWitness::Transition { machine, id, seq, .. } => Binder::new().bind(*machine).bind(id).bind(*seq),
    }
}

fn time(witness: &CommitWitness) -> Option<Timestamp> {
    match witness {
        CommitWitness::Key { at, .. } => *at,
        CommitWitness::Transition { at, .. } => Some(*at),
    }
}
