//! Fences: writes that happen only while a claim is its owner's.
//!
//! A claim of this database is locked against other owners, in a mode that fences share, until the transaction ends: a claim waits for
//! it, and a fence for a claim. Looking at it without the lock would be wrong: one who looks, waits for something else and writes then
//! could write after the next owner's claim. A claim of another store cannot be locked here. Its epoch is noted instead, and a lower one
//! is refused from then on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::answer::{Answered, Refusal, only};
use crate::engine::attempt::Strategy;
use crate::engine::load::{Lock, load_and_decide};
use crate::engine::plan::Plan;
use crate::engine::run::{run_in, run_own};
use crate::engine::session::transaction::Tx;
use crate::engine::session::transaction::end::may_succeed_again;
use crate::engine::shared::Shared;
use crate::epoch::Epoch;
use crate::error::{Effect, Error};
use crate::model::claim::fence::Fence;
use crate::store::Database;
use crate::store::claims::queries::{fence, installation, mark, newest_epoch};
use crate::store::connect::TransactionUse;
use crate::store::error::{Class, StoreError};
use crate::store::session::Session;

/// Answers plans inside a transaction that the caller began and will end.
pub(crate) async fn run_joined<DB: Database>(tx: &mut Tx<DB>, plans: &[&dyn Plan<DB>]) -> Result<Vec<Answered>, Error> {
    for by in plans.iter().filter_map(|plan| plan.fence()) {
        // On the heap: few calls are fenced.
        Box::pin(fence_tx(tx, by)).await?;
    }
    run_in(tx, plans).await
}

/// Fences the rest of a transaction. If the claim is another owner's, the transaction can only be rolled back.
pub(crate) async fn fence_tx<DB: Database>(tx: &mut Tx<DB>, by: &Fence) -> Result<(), Error> {
    let shared = tx.shared.clone();
    let mut call = tx.asking_call().await?;
    let mut session = call.session()?;
    session.half_written(true);
    let held = hold(&shared, &mut session, by).await;
    match call.end(held)? {
        Ok(()) => Ok(()),
        Err(current) => {
            tx.fenced_off(by.epoch, current);
            Err(Error::Fenced { mine: by.epoch, current })
        }
    }
}

/// Holds a claim until the transaction that is open ends; the newest epoch, if it is another owner's.
async fn hold<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    by: &Fence,
) -> Result<Result<(), Option<Epoch>>, StoreError> {
    let mut known = shared.installation.lock().await;
    let here = match &*known {
        Some(here) => here,
        None => known.insert(installation(session).await?),
    };
    let is_here = **here == *by.store;
    drop(known);
    if is_here {
        if seeded_bug!("unfenced") || fence(session, (&by.hash, by.epoch)).await? {
            return Ok(Ok(()));
        }
        return Ok(Err(newest_epoch(session, Ok(&by.hash)).await?));
    }
    // A claim of another store that has ended is not seen here: no other owner may have written yet.
    if by.known.is_lost() && !seeded_bug!("unmarked") {
        return Ok(Err(newest_epoch(session, Err(&by.name)).await?));
    }
    if seeded_bug!("unmarked") || mark(session, (&by.name, by.epoch)).await? {
        return Ok(Ok(()));
    }
    Ok(Err(newest_epoch(session, Err(&by.name)).await?))
}

/// Answers one plan that is fenced: in one write, which is lost if the claim is another owner's. A plan that is not answered by it is
/// answered in a transaction that locks the claim first; so is one that is refused, because that it is fenced off comes before that.
pub(crate) async fn run_fenced<DB: Database>(
    shared: &Arc<Shared<DB>>,
    plan: &dyn Plan<DB>,
    by: &Fence,
    deadline: Option<Duration>,
) -> Result<Answered, Error> {
    let began = Instant::now();
    // Once it is known which database this is, and that it keeps the claim.
    if shared.installation.lock().await.as_ref() == Some(&by.store) {
        match run_own(shared, &[plan], deadline, Strategy::Blind).await.map(only) {
            Ok(Err(refusal)) if plan.remembers(&refusal) => return Ok(Err(refusal)),
            Err(Error::Contention { .. }) | Ok(Err(Refusal::Rejected(..))) => {}
            Ok(Err(Refusal::Failed(error))) if error.effect() == Effect::NotApplied => {}
            answered => return answered,
        }
    }
    let mut made = 1;
    loop {
        let wait = match deadline {
            None => shared.settings.wait,
            Some(deadline) => {
                let left = deadline.checked_sub(began.elapsed());
                left.ok_or_else(|| Error::in_flight(began.elapsed()))?.min(shared.settings.wait)
            }
        };
        let error = match attempt(shared, plan, by, wait).await {
            Ok(answered) => return Ok(answered),
            // What was done under the key before is answered all the same: nothing is written.
            Err(error @ Error::Fenced { .. }) => return known(shared, plan).await.ok_or(error),
            Err(error) => error,
        };
        if !may_succeed_again(&error) || !shared.settings.retry.pause(made).await {
            return Err(error);
        }
        made += 1;
    }
}

async fn attempt<DB: Database>(
    shared: &Arc<Shared<DB>>,
    plan: &dyn Plan<DB>,
    by: &Fence,
    wait: Duration,
) -> Result<Answered, Error> {
    let mut lease = shared.writer(wait).await?;
    match lease.session().begin(DB::begin(wait, TransactionUse::Own)).await {
        Ok(_) => {}
        Err(error) if error.class == Class::Broken => {
            return Err(Error::NotApplied { source: Box::new(error.source) });
        }
        Err(error) => return shared.answer(lease, Err(error)).await,
    }
    let mut tx = Tx::begun(shared.clone(), lease);
    fence_tx(&mut tx, by).await?;
    fail_point!("fenced.held");
    let answered = run_in(&mut tx, &[plan]).await.map(only);
    if matches!(&answered, Ok(answer) if is_kept(plan, answer)) {
        tx.commit().await?;
    } else {
        tx.rollback().await;
    }
    answered
}

/// Whether the key remembers this answer.
fn is_kept<DB: Database>(plan: &dyn Plan<DB>, answered: &Answered) -> bool {
    answered.as_ref().map_or_else(|refusal| plan.remembers(refusal), |_| true)
}

/// The answer, if none of it is to be written.
async fn known<DB: Database>(shared: &Shared<DB>, plan: &dyn Plan<DB>) -> Option<Answered> {
    let mut lease = shared.readers.acquire().await.ok()?;
    let decision = load_and_decide(shared, &mut lease.session(), &[plan], Lock::None).await.ok()?;
    let is_known = decision.write.is_empty();
    let answered = only(decision.answers);
    (is_known && is_kept(plan, &answered)).then_some(answered)
}
