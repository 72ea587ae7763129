//! One group: loaded, decided and written at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::attempt::{Start, fold_and_give_back, run_own};
use crate::engine::decide::command::Decision;
use crate::engine::decide::posting::fill_in;
use crate::engine::group::queue::{Busy, Target, Waiter, Waiting};
use crate::engine::load::{assume, load_and_decide};
use crate::engine::plan::{Answer, Answered, Item, Refusal, Value};
use crate::engine::session::resolve::{committed, witness};
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::error::{Class, StoreError};
use crate::store::rows::{Locks, Missed, Write, Written};

/// The longest wait of a group for a key that a stranger is writing.
const WAIT: Duration = Duration::from_millis(50);

/// How often a group is decided again before its calls go their own ways.
const ATTEMPTS: u32 = 3;

/// What one attempt came to.
enum Attempt {
    Done(Vec<Answered>),
    /// It rested on an assumption that does not hold.
    Load,
    /// Others have what these targets need; those of one list need the same.
    Missed(Vec<Vec<Target>>),
    /// There is no connection to write on.
    Refused(Box<Decision>, Error),
    /// Nobody knows why; each call is tried by itself.
    Apart,
    Failed(Error),
    /// The reply was lost, and these answers with it.
    Broken(Option<Box<Decision>>, StoreError),
}

/// Answers a group; what it cannot have at once is run apart. With `cautious`, nothing is written without a load. True if the
/// next group should be cautious: this one met keys that were known, or money that did not fit.
pub(super) async fn flush<DB: Database>(
    shared: &Arc<Shared<DB>>,
    group: Vec<Waiting>,
    mut busy: Busy<DB>,
    cautious: bool,
) -> bool {
    let (mut items, mut callers): (Vec<Item>, Vec<Waiter>) =
        group.into_iter().map(|call| (call.item, call.waiter)).unzip();
    let mut assumed = if cautious { None } else { assume(shared, &items) };
    for _ in 0..ATTEMPTS {
        if items.is_empty() {
            return cautious;
        }
        match attempt(shared, &items, assumed.take(), earliest(&callers)).await {
            Attempt::Done(answers) => {
                let met = answers.iter().any(|answer| !answer.as_ref().is_ok_and(|answer| answer.fresh));
                callers.into_iter().zip(answers).for_each(|(caller, answer)| caller.answer(answer));
                return met;
            }
            Attempt::Load => {}
            Attempt::Missed(missed) => {
                for targets in missed {
                    let wants = |caller: &Waiter| caller.targets.iter().any(|target| targets.contains(target));
                    let (theirs, rest): (Vec<_>, Vec<_>) =
                        items.into_iter().zip(callers).partition(|(_, caller)| wants(caller));
                    (items, callers) = rest.into_iter().unzip();
                    if seeded_bug!("group-forgets-missed") {
                        continue;
                    }
                    apart(shared, theirs, busy.split_off(&targets));
                }
            }
            Attempt::Refused(decision, error) => {
                // Where the wait was cut short for those who are late, the others wait on.
                let all = !callers.iter().any(Waiter::is_late);
                (items, callers) = tell(items, callers, *decision, &error, |caller| all || caller.is_late());
                break;
            }
            Attempt::Apart => break,
            Attempt::Failed(error) => {
                for caller in callers {
                    caller.fail(&error);
                }
                return cautious;
            }
            Attempt::Broken(decision, error) => {
                let Some(decision) = decision else { continue };
                if seeded_bug!("group-loss-is-success") {
                    callers.into_iter().zip(decision.answers).for_each(|(caller, answer)| caller.answer(answer));
                    return true;
                }
                match committed(shared, witness(&decision.write).as_ref(), Box::new(error.source)).await {
                    Ok(true) => {
                        let mut decision = decision;
                        if seeded_bug!("group-answers-mixed") {
                            decision.answers.rotate_left(1);
                        }
                        callers.iter_mut().zip(decision.answers).for_each(|(caller, answer)| caller.wrote(answer));
                    }
                    Ok(false) => {}
                    Err(unknown) => {
                        tell(items, callers, *decision, &unknown, |_| true);
                        return true;
                    }
                }
            }
        }
    }
    // What still is there goes its own ways, each target by itself.
    let mut rest: Vec<_> = items.into_iter().zip(callers).collect();
    while let Some(first) = rest.first().and_then(|(_, caller)| caller.targets.first().copied()) {
        let (theirs, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(_, caller)| caller.targets.contains(&first));
        rest = others;
        apart(shared, theirs, busy.split_off(&[first]));
    }
    true
}

async fn attempt<DB: Database>(
    shared: &Arc<Shared<DB>>,
    items: &[Item],
    assumed: Option<Decision>,
    deadline: Option<Instant>,
) -> Attempt {
    // A known key is answered while someone else writes, where readers are apart.
    let connections = if shared.readers_apart { &shared.readers } else { &shared.flushers };
    let mut held = match connections.acquire().await {
        Ok(held) => held,
        Err(error) => return Attempt::Failed(error),
    };
    let mut decision = match assumed {
        Some(decision) => decision,
        None => match shared.reply(load_and_decide(shared, held.conn(), items, None)).await {
            Ok(decision) => decision,
            Err(error) => return failed(None, error),
        },
    };
    if decision.write.is_empty() {
        held.give_back();
        return Attempt::Done(decision.answers);
    }
    if shared.readers_apart {
        held.give_back();
        let wait = left(deadline).map_or(shared.settings.wait, |left| left.min(shared.settings.wait));
        held = match shared.writer(wait).await {
            Ok(writer) => writer,
            Err(error) => return Attempt::Refused(Box::new(decision), error),
        };
    }
    fail_point!("group.write.before");
    if seeded_bug!("group-unwritten") {
        return Attempt::Done(decision.answers);
    }
    let locks = Locks { wait: WAIT.min(shared.settings.wait), skip: true };
    let wrote = shared.reply(DB::write_own(held.conn(), &shared.sql, &decision.write, locks)).await;
    fail_point!("group.write.after");
    match wrote {
        Ok(Written::Done(after)) => {
            fold_and_give_back(shared, held, &decision.write).await;
            fill_in(&mut decision.answers, &decision.write, &after);
            Attempt::Done(decision.answers)
        }
        Ok(Written::Lost(missed)) => {
            held.give_back();
            match targets(shared, &decision.write, &missed) {
                none if none.is_empty() => Attempt::Load,
                missed => Attempt::Missed(missed),
            }
        }
        Err(error) => failed(Some(decision), error),
    }
}

/// What comes of an error; the connection is closed.
fn failed(decision: Option<Decision>, error: StoreError) -> Attempt {
    match error.class {
        Class::Broken => Attempt::Broken(decision.map(Box::new), error),
        Class::Unavailable | Class::ReadOnly => Attempt::Failed(error.not_sent()),
        _ => Attempt::Apart,
    }
}

/// Who needs what others have: for each machine itself, for each account all that change it.
fn targets<DB: Database>(shared: &Shared<DB>, write: &Write, missed: &Missed) -> Vec<Vec<Target>> {
    let queue = &shared.queue;
    let machines = missed.machines.iter().filter_map(|place| write.machines.get(*place));
    let machines = machines.map(|row| vec![queue.machine(&row.machine, &row.id)]);
    let accounts = missed.accounts.iter().filter_map(|place| write.accounts.get(*place));
    let users = accounts.map(|row| {
        let of_steps = write.entries.iter().filter(|entry| entry.account == row.account);
        let of_steps = of_steps.filter_map(|entry| entry.step.as_ref());
        let machines = of_steps.map(|step| queue.machine(step.machine, &step.id));
        machines.chain([queue.account(&row.account)]).collect()
    });
    machines.chain(users).collect()
}

/// Runs calls that share a target by themselves, in order, with locks that are waited for.
fn apart<DB: Database>(shared: &Arc<Shared<DB>>, calls: Vec<(Item, Waiter)>, busy: Busy<DB>) {
    let shared = shared.clone();
    tokio::spawn(async move {
        let _busy = busy;
        let (mut items, mut callers): (Vec<Item>, Vec<Waiter>) = calls.into_iter().unzip();
        while !items.is_empty() {
            let error = match run_own(&shared, &items, left(earliest(&callers)), Start::Locked).await {
                Ok(answers) => {
                    callers.into_iter().zip(answers).for_each(|(caller, answer)| caller.answer(answer));
                    return;
                }
                Err(error) => error,
            };
            // Nothing happened. Whoever is late is told so; the others wait on.
            let late = matches!(error, Error::InFlight { .. }) && callers.iter().any(Waiter::is_late);
            let (told, rest): (Vec<_>, Vec<_>) =
                items.into_iter().zip(callers).partition(|(_, caller)| !late || caller.is_late());
            for (_, caller) in told {
                caller.fail(&error);
            }
            (items, callers) = rest.into_iter().unzip();
        }
    });
}

/// When the first of them gives up.
fn earliest(callers: &[Waiter]) -> Option<Instant> {
    callers.iter().filter_map(|caller| caller.deadline).min()
}

fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// The write did not happen, or nobody knows. What did not depend on it is answered all the same, and of the others those
/// that are `meant` are told why they are not; the rest is given back.
fn tell(
    items: Vec<Item>,
    callers: Vec<Waiter>,
    decision: Decision,
    error: &Error,
    meant: impl Fn(&Waiter) -> bool,
) -> (Vec<Item>, Vec<Waiter>) {
    let Decision { answers, write, .. } = decision;
    // A repeat of what the very same write does is a replay, of what may not be there.
    let drafted = |answer: &Answer| {
        matches!(answer.outcome, Value::Drafted(_))
            || !seeded_bug!("group-repeat-is-success")
                && write.transitions.iter().any(|row| (row.seq, row.at) == (answer.seq, answer.at))
    };
    let (mut rest, mut waiting) = (Vec::new(), Vec::new());
    for ((item, caller), answer) in items.into_iter().zip(callers).zip(answers) {
        let known = match &answer {
            Ok(answer) => !answer.fresh && !drafted(answer),
            Err(Refusal::Panicked(_)) => true,
            Err(_) => false,
        };
        match known {
            true => caller.answer(answer),
            false if meant(&caller) => caller.fail(error),
            false => {
                rest.push(item);
                waiting.push(caller);
            }
        }
    }
    (rest, waiting)
}
