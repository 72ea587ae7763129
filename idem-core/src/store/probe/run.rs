//! Finds out whether a write was committed.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::connect::TransactionUse;
use crate::store::error::{Class, StoreError};
use crate::store::session::Session;
use crate::store::write::rows::{CommitWitness, KeyTable};

/// Waits until no writer of what `witness` names is under way: by the lock that each writer takes, or by inserting it again, and
/// before that until the database's clock has passed `until`. Then its row decides. `None` if the wait for a lock did not end
/// within `wait`.
pub(crate) async fn probe<DB: Database>(
    session: &mut Session<'_, DB>,
    witness: &CommitWitness,
    until: Option<Timestamp>,
    wait: Duration,
) -> Result<Option<bool>, StoreError> {
    let texts = &session.sql.probes;
    let put = match witness {
        CommitWitness::Key { of: KeyTable::Transitions, .. } => &texts.put_transition_key,
        CommitWitness::Key { of: KeyTable::Entries, .. } => &texts.put_entry_key,
        CommitWitness::Key { of: KeyTable::Claims, .. } => &texts.put_update_key,
        CommitWitness::Transition { .. } => &texts.put_transition,
    };
    let busy = |error: &StoreError| error.class == Class::Busy;
    if until.is_some() && !texts.wait.is_empty() {
        session.fetch(&texts.wait, Binder::new().bind(until)).await?;
    }
    match session.begin(DB::begin(wait, TransactionUse::Own)).await {
        Err(error) if busy(&error) => return Ok(None),
        begun => drop(begun?),
    }
    let put = session.fetch(put, place(witness)).await;
    if put.is_ok() && DB::PUT_IS_COMMITTED {
        session.commit().await?;
    } else {
        session.roll_back().await?;
    }
    match put {
        Err(error) if busy(&error) => Ok(None),
        Err(error) => Err(error),
        Ok(_) => is_there(session, witness).await.map(Some),
    }
}

/// Whether the row is there.
pub(crate) async fn is_there<DB: Database>(
    session: &mut Session<'_, DB>,
    witness: &CommitWitness,
) -> Result<bool, StoreError> {
    let texts = &session.sql.probes;
    let find = match witness {
        CommitWitness::Key { of: KeyTable::Transitions, .. } => &texts.transition_key,
        CommitWitness::Key { of: KeyTable::Entries, .. } => &texts.entry_key,
        CommitWitness::Key { of: KeyTable::Claims, .. } => &texts.update_key,
        CommitWitness::Transition { .. } => &texts.transition,
    };
    Ok(!session.fetch(find, whole(witness)).await?.is_empty())
}

fn place<DB: Database>(witness: &CommitWitness) -> Binder<DB> {
    match witness {
        CommitWitness::Key { hash, .. } => Binder::new().bind(hash),
        CommitWitness::Transition { machine, id, seq, .. } => Binder::new().bind(*machine).bind(id).bind(*seq),
    }
}

/// With what distinguishes it from another in its place.
fn whole<DB: Database>(witness: &CommitWitness) -> Binder<DB> {
    let place = place(witness);
    match witness {
        CommitWitness::Key { at, .. } => place.bind(*at),
        CommitWitness::Transition { at, fingerprint, hash, .. } => {
            let key = hash.as_ref().map_or(&fingerprint.0[..], |hash| &hash.0[..]);
            place.bind(*at).bind(&fingerprint.0[..]).bind(key)
        }
    }
}
