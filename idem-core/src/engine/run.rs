//! Answers plans: attempt after attempt, until one is the last.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::answer::{Answer, Answered, restore_fresh};
use crate::engine::attempt::{Attempt, Caller, Strategy, Try, attempt};
use crate::engine::decide::snapshot::Snapshot;
use crate::engine::load::{Lock, assume, decide_loading, load_and_decide};
use crate::engine::lost::LostWrites;
use crate::engine::plan::Plan;
use crate::engine::session::pool::Lease;
use crate::engine::session::resolve::{Fate, fate, settle};
use crate::engine::session::transaction::Tx;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::error::{Class, StoreError};
use crate::store::write::run::write_joined;
use crate::watch;

/// Answers plans in the engine's own transactions.
///
/// Changes of the ledger are first written without a load where that pays, and rows of callers always. If an attempt with a
/// load loses a race, what won is loaded once more without a lock, because most often it was the same request; if there still
/// is something to write, machines and accounts are locked before they are read, so that a busy one is waited for instead of
/// being raced for.
pub(crate) async fn run_own<DB: Database>(
    shared: &Shared<DB>,
    plans: &[&dyn Plan<DB>],
    deadline: Option<Duration>,
    first: Strategy,
) -> Result<Vec<Answered>, Error> {
    // On the heap: those that wait in a group, or for a lock of their own, would carry it for nothing.
    Box::pin(run_after(shared, plans, deadline, first, LostWrites::default())).await
}

/// The same after writes of these plans that were lost.
pub(crate) async fn run_after<DB: Database>(
    shared: &Shared<DB>,
    plans: &[&dyn Plan<DB>],
    deadline: Option<Duration>,
    first: Strategy,
    mut lost: LostWrites,
) -> Result<Vec<Answered>, Error> {
    let answered = attempts(shared, plans, deadline, first, &mut lost).await;
    if lost.is_doubtful(&answered) {
        // On the heap, as all that seldom is needed: each caller would carry it.
        return Box::pin(settled(shared, plans, answered, lost)).await;
    }
    answered
}

/// Waits until no call can be answered "not applied" about a write that may still happen.
async fn settled<DB: Database>(
    shared: &Shared<DB>,
    plans: &[&dyn Plan<DB>],
    mut answered: Result<Vec<Answered>, Error>,
    mut lost: LostWrites,
) -> Result<Vec<Answered>, Error> {
    while lost.is_doubtful(&answered) {
        match settle(shared, &mut lost).await {
            Ok(Some(decided)) => answered = Ok(happened(shared, plans, answered, decided).await),
            Ok(None) => {}
            Err(unknown) => return lost.unknown(answered, &unknown),
        }
    }
    answered
}

/// The answers of a write that was lost and turned out to be committed, in the place of others; not its refusals, which had no
/// effect. They are not decided again: nothing but a key would tell that it ran. What is not known of them is read, by its key.
async fn happened<DB: Database>(
    shared: &Shared<DB>,
    plans: &[&dyn Plan<DB>],
    answered: Result<Vec<Answered>, Error>,
    decided: Vec<Option<Answer>>,
) -> Vec<Answered> {
    let failed = |error: Error| plans.iter().map(|_| Err(error.repeat().into())).collect();
    let mut answers: Vec<Answered> = answered.unwrap_or_else(failed);
    let mut read = Vec::new();
    for (at, answer) in decided.into_iter().enumerate() {
        match answer {
            Some(answer) if !answer.fresh && seeded_bug!("committed-tells-effects-alone") => {}
            Some(answer) if answer.is_final() => answers[at] = Ok(answer),
            Some(answer) => read.push((at, answer)),
            None => {}
        }
    }
    if read.is_empty() {
        return answers;
    }
    let written: Vec<&dyn Plan<DB>> = read.iter().map(|(at, _)| plans[*at]).collect();
    let found = Box::pin(attempts(shared, &written, None, Strategy::Optimistic, &mut LostWrites::default())).await;
    match found {
        Ok(found) => {
            for ((at, written), found) in read.into_iter().zip(found) {
                answers[at] = restore_fresh(found, Some(written));
            }
        }
        // It happened: that its answer could not be read does not undo it.
        Err(error) => {
            for (at, _) in read {
                answers[at] = Err(Error::Indeterminate { source: error.repeat().into() }.into());
            }
        }
    }
    answers
}

async fn attempts<DB: Database>(
    shared: &Shared<DB>,
    plans: &[&dyn Plan<DB>],
    deadline: Option<Duration>,
    first: Strategy,
    lost: &mut LostWrites,
) -> Result<Vec<Answered>, Error> {
    let began = Instant::now();
    let in_flight = || Error::in_flight(began.elapsed());
    let (mut strategy, mut forgot, mut made) = (first, false, 1);
    loop {
        // What has no key could run twice beside a write that comes late.
        if lost.may_have(|at| plans[at].key().is_none())
            && let Some(decided) = Box::pin(settle(shared, lost)).await?
        {
            let left = deadline.map(|deadline| deadline.saturating_sub(began.elapsed()));
            return Ok(Box::pin(committed(shared, plans, left, decided)).await);
        }
        // Whether the claim still is its owner's is found out by one that locks it first.
        if strategy == Strategy::Locked && plans.iter().any(|plan| plan.fence().is_some()) {
            return Err(Error::Contention { attempts: made });
        }
        let wait = match deadline {
            None => shared.settings.wait,
            Some(deadline) => match deadline.checked_sub(began.elapsed()) {
                Some(left) => left.min(shared.settings.wait),
                None => return Err(in_flight()),
            },
        };
        watch::attempts(made);
        let of = Try::new(shared, plans, strategy, Caller::One, wait);
        strategy = of.strategy;
        let acquire = acquire(shared, strategy, wait);
        let lease = match deadline {
            None => acquire.await?,
            Some(_) => tokio::time::timeout(wait, acquire).await.map_err(|_| in_flight())??,
        };
        let retry = &shared.settings.retry;
        let sent = Instant::now();
        match attempt(shared, lease, plans, of).await {
            Attempt::Done(answers) => return Ok(answers),
            // That what was assumed is not so does not count: nothing was loaded yet that another could have changed.
            Attempt::Lost(..) if strategy == Strategy::Blind => {
                strategy = Strategy::Optimistic;
                continue;
            }
            Attempt::Lost(..) => strategy = Strategy::Locked,
            Attempt::NoConnection(_, error) => return Err(error),
            Attempt::ReplyLost(decision, write) => {
                strategy = Strategy::Locked;
                let answers = decision.answers;
                match Box::pin(fate(shared, &write)).await? {
                    Fate::Committed if seeded_bug!("committed-is-decided-again") => {}
                    Fate::Committed if seeded_bug!("refusal-without-its-time") => return Ok(answers),
                    Fate::Committed => {
                        let left = deadline.map(|deadline| deadline.saturating_sub(began.elapsed()));
                        let decided = answers.into_iter().map(Result::ok).collect();
                        return Ok(Box::pin(committed(shared, plans, left, decided)).await);
                    }
                    Fate::Pending => lost.add(Arc::new(write), answers.into_iter().map(Result::ok).collect()),
                    Fate::Undone => {}
                }
            }
            Attempt::Failed(error) => match error.class {
                // It waited; or the database's clock was set, and is read again.
                Class::Late if sent.elapsed() >= wait => return Err(in_flight()),
                Class::Late => strategy = Strategy::Optimistic,
                Class::Contention => strategy = Strategy::Locked,
                // What is known is answered all the same.
                Class::ReadOnly if strategy == Strategy::Blind && !seeded_bug!("read-only-knows-nothing") => {
                    strategy = Strategy::Optimistic;
                    continue;
                }
                // Only reads, or statements of a transaction that ends with its connection, fail like this: after a restart
                // of the server each connection of the pool does once.
                Class::Broken if !retry.spent(made) => {}
                _ if forget_tables(shared, plans, &error) && !forgot => {
                    forgot = true;
                    continue;
                }
                _ => return Err(shared.explain(error, began.elapsed()).await),
            },
        }
        // The first loss is answered at once: the winner has committed, so its row is there.
        if made > 1 && !retry.pause(made).await {
            return Err(Error::Contention { attempts: made });
        }
        made += 1;
    }
}

/// The answers of a write that was lost and turned out to be committed. What it had refused has no effect in it, and is decided
/// again.
async fn committed<DB: Database>(
    shared: &Shared<DB>,
    plans: &[&dyn Plan<DB>],
    deadline: Option<Duration>,
    decided: Vec<Option<Answer>>,
) -> Vec<Answered> {
    let refused = decided.iter().enumerate().filter(|(_, answer)| answer.is_none());
    let (places, refused): (Vec<usize>, Vec<&dyn Plan<DB>>) = refused.map(|(at, _)| (at, plans[at])).unzip();
    let none = || Err(Error::Internal { what: "an answer that was decided is not there" }.into());
    let mut answers: Vec<Answered> = plans.iter().map(|_| none()).collect();
    if !refused.is_empty() {
        let again = Box::pin(attempts(shared, &refused, deadline, Strategy::Locked, &mut LostWrites::default())).await;
        let again = again.unwrap_or_else(|error| refused.iter().map(|_| Err(error.repeat().into())).collect());
        places.into_iter().zip(again).for_each(|(at, answer)| answers[at] = answer);
    }
    happened(shared, plans, Ok(answers), decided).await
}

/// A connection for an attempt of one call. Where readers have their own connections, a known key is answered while another call
/// writes.
async fn acquire<DB: Database>(shared: &Shared<DB>, strategy: Strategy, wait: Duration) -> Result<Lease<DB>, Error> {
    match strategy {
        Strategy::Optimistic => shared.readers.acquire().await,
        Strategy::Blind | Strategy::Locked => shared.writer(wait).await,
    }
}

/// Answers plans inside a transaction that is open, which fences them if they are fenced.
pub(crate) async fn run_in<DB: Database>(tx: &mut Tx<DB>, plans: &[&dyn Plan<DB>]) -> Result<Vec<Answered>, Error> {
    let shared = tx.shared.clone();
    let mut assumed = assume(&shared, plans, false).map(|assumed| assumed.snapshot);
    plans.iter().filter_map(|plan| plan.table()).for_each(|table| tx.uses_table(table));
    let limit = shared.settings.retry.limit();
    let (mut made, mut forgot) = (1, false);
    while made <= limit {
        watch::attempts(made);
        let mut call = tx.writing_call().await?;
        let mut session = call.session()?;
        let decided = match assumed.take() {
            Some(assumed) => decide_loading(&shared, &mut session, plans, assumed, Lock::Rows).await,
            None => load_and_decide(&shared, &mut session, plans, Lock::Rows).await,
        };
        let mut decision = match decided {
            Ok(decision) => decision,
            Err(error) if forget_tables(&shared, plans, &error) && !forgot && !DB::ERRORS_ABORT => {
                call.end(Ok(()))?;
                forgot = true;
                continue;
            }
            Err(error) => return call.end(Err(error)),
        };
        if decision.write.is_empty() {
            return call.end(Ok(decision.answers));
        }
        session.half_written(true);
        fail_point!("joined.write.before");
        let wrote = write_joined(&mut session, &decision.write).await;
        fail_point!("joined.write.after");
        match wrote {
            Ok(after) => {
                if decision.note(after) {
                    let moved = decision.write.machines.last();
                    let moved = moved.map(|machine| (machine.machine, machine.id.clone(), machine.version));
                    call.wrote(decision.witness())?;
                    tx.emits |= !decision.write.messages.is_empty();
                    tx.moved = moved.or(tx.moved.take());
                    return Ok(decision.into_answers());
                }
                call.end(Ok(()))?;
                let missed = decision.missed_row();
                assumed = missed.map(|missed| Snapshot { missed: Some(missed), ..Snapshot::default() });
            }
            // Where an error aborts the transaction, only the next one can try again.
            Err(error) if forget_tables(&shared, plans, &error) && !forgot && !DB::ERRORS_ABORT => {
                call.end(Ok(()))?;
                forgot = true;
                continue;
            }
            Err(error) => return call.end(Err(error)),
        }
        made += 1;
    }
    Err(Error::Contention { attempts: limit })
}

/// Forgets what is known of the tables that plans write, if the error may come of it. True if another try, which describes them
/// anew, may be answered otherwise.
fn forget_tables<DB: Database>(shared: &Shared<DB>, plans: &[&dyn Plan<DB>], error: &StoreError) -> bool {
    if !matches!(error.class, Class::Table | Class::Storage) {
        return false;
    }
    let forgotten = plans.iter().filter(|plan| plan.forget_tables(&shared.sql)).count();
    forgotten > 0 && error.class == Class::Table
}
