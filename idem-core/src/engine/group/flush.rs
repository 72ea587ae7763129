//! One group: loaded, decided and written at once.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::answer::Answered;
use crate::engine::attempt::{Attempt, Caller, Held, Strategy, Try, attempt};
use crate::engine::decide::decision::Decision;
use crate::engine::group::call::{Group, LockTarget, QueuedCall, ReplySlot};
use crate::engine::group::separate::{earliest, fail_unwritten, left, run_lane, run_separately};
use crate::engine::group::targets::TargetLocks;
use crate::engine::lost::LostWrite;
use crate::engine::plan::Plan;
use crate::engine::session::resolve::{Fate, fate};
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::namespace::LEDGER;
use crate::store::Database;
use crate::store::error::Class;
use crate::store::write::part::{LockName, Write};
use crate::watch;

/// How often a group is tried before its calls run separately.
const ATTEMPTS: u32 = 4;

/// How many groups wait at once for what others hold, after one had to.
const CONTENDED: u32 = 64;

/// What is done after an attempt.
enum Next<DB: Database> {
    /// All are answered, or will be; true if keys were known, or money did not fit.
    Answered(bool, Delivery<DB>),
    /// What is left is tried again, as a group that does this about what others hold.
    Again(Group<DB>, Held),
    /// What is left is tried again, each lock target separately.
    Separately(Group<DB>),
}

impl<DB: Database> Next<DB> {
    /// What is left of a group that was answered.
    fn of(rest: Group<DB>, saw_conflict: bool) -> Self {
        if rest.plans.is_empty() { Self::Answered(saw_conflict, Delivery::none()) } else { Self::Separately(rest) }
    }
}

/// What became of a group.
pub(crate) struct Flushed<DB: Database> {
    /// The next group should be loaded first: this one met keys that were known, or money that did not fit.
    pub(crate) load_first: bool,
    /// The answers that were not given yet. They wait for nothing.
    pub(crate) delivery: Delivery<DB>,
}

/// Answers on their way to their callers.
pub(crate) struct Delivery<DB: Database>(Group<DB>, Vec<Answered>);

impl<DB: Database> Delivery<DB> {
    pub(crate) fn none() -> Self {
        Self(Group::new(), Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.1.is_empty()
    }

    pub(crate) fn give(self) {
        self.0.answer(self.1);
    }
}

/// Answers a group; what it cannot have at once is run separately. With `load_first`, nothing is written without a load;
/// with `behind`, a group that has the same targets is being written.
pub(crate) async fn flush<DB: Database>(
    shared: &Arc<Shared<DB>>,
    calls: Vec<QueuedCall<DB>>,
    mut targets: TargetLocks<DB>,
    (load_first, behind): (bool, bool),
) -> Flushed<DB> {
    watch::meter::group(calls.len());
    let (plans, slots) = calls.into_iter().map(|call| (call.plan, call.slot)).unzip();
    let mut group = Group { plans, slots };
    let mut held = match shared.queue.is_contended() {
        _ if behind => Held::Behind,
        true => Held::Wait,
        false => Held::Skip,
    };
    let mut strategy = if load_first { Strategy::Optimistic } else { Strategy::Blind };
    for _ in 0..ATTEMPTS {
        if group.plans.is_empty() {
            return Flushed { load_first, delivery: Delivery::none() };
        }
        let attempted = try_group(shared, &group.plans(), earliest(&group.slots), strategy, held).await;
        // What only waits for others is as it was assumed to be.
        let next = after(shared, group, &mut targets, attempted, (load_first, held)).await;
        (group, held) = match next {
            Next::Answered(load_first, delivery) => return Flushed { load_first, delivery },
            Next::Again(group, held) => {
                if held == Held::Skip {
                    strategy = Strategy::Optimistic;
                }
                (group, held)
            }
            Next::Separately(group) => {
                run_separately(shared, group, &mut targets);
                return Flushed { load_first: true, delivery: Delivery::none() };
            }
        };
    }
    run_separately(shared, group, &mut targets);
    Flushed { load_first: true, delivery: Delivery::none() }
}

async fn try_group<DB: Database>(
    shared: &Arc<Shared<DB>>,
    plans: &[&dyn Plan<DB>],
    earliest: Option<Instant>,
    strategy: Strategy,
    held: Held,
) -> Attempt<DB> {
    let wait = shared.settings.wait;
    // The wait for the one writer ends with the first deadline.
    let wait = left(earliest).map_or(wait, |left| left.min(wait));
    let of = Try::new(shared, plans, strategy, Caller::Group(held), wait);
    // A known key is answered while someone else writes, where readers are apart.
    let readers = shared.readers_apart && of.strategy == Strategy::Optimistic;
    let connections = if readers { &shared.readers } else { &shared.flushers };
    match connections.acquire().await {
        Ok(lease) => attempt(shared, lease, plans, of).await,
        Err(error) => Attempt::NoConnection(None, error),
    }
}

async fn after<DB: Database>(
    shared: &Arc<Shared<DB>>,
    mut group: Group<DB>,
    targets: &mut TargetLocks<DB>,
    attempted: Attempt<DB>,
    (load_first, held): (bool, Held),
) -> Next<DB> {
    match attempted {
        Attempt::Done(answers) => {
            let conflict = |answer: &Answered| !answer.as_ref().is_ok_and(|answer| answer.fresh);
            let saw_conflict = answers.iter().any(conflict);
            if group.slots.iter().any(ReplySlot::is_in_doubt) {
                return Next::of(group.answer_certain(answers), saw_conflict);
            }
            Next::Answered(saw_conflict, Delivery(group, answers))
        }
        Attempt::Lost(Some(decision), missed)
            if held == Held::Skip && is_contended(shared, &group, &decision, &missed) =>
        {
            shared.queue.set_contended(CONTENDED);
            Next::Again(group, Held::Wait)
        }
        // Machines may not be as they were known to be, which a load tells.
        Attempt::Lost(Some(decision), _) if decision.blind && !decision.write.machines.is_empty() => {
            Next::Again(group, Held::Skip)
        }
        Attempt::Lost(decision, missed) => {
            let users = decision.map_or_else(Vec::new, |decision| users_of(shared, &decision.write, &missed));
            for of_one in users {
                let calls = group.split_off(|slot| slot.targets.iter().any(|target| of_one.contains(target)));
                if seeded_bug!("group-forgets-missed") {
                    continue;
                }
                run_lane(shared, calls, targets.split_off(&of_one));
            }
            Next::Again(group, Held::Skip)
        }
        Attempt::NoConnection(Some(decision), error) => {
            // Where the wait was cut short for those who are late, the others wait on.
            let all = !group.slots.iter().any(ReplySlot::is_late);
            Next::Separately(fail_unwritten(group, *decision, &error, |slot| all || slot.is_late()))
        }
        Attempt::NoConnection(None, error) => Next::of(group.fail_certain(&error), load_first),
        Attempt::ReplyLost(decision, write) => reply_lost(shared, group, decision, write).await,
        Attempt::Failed(error) => match error.class {
            // A read: nothing was written.
            Class::Broken => Next::Again(group, Held::Skip),
            // Which ones did not become free is asked by skipping them.
            Class::Busy if held != Held::Skip => {
                shared.queue.set_contended(0);
                Next::Again(group, Held::Skip)
            }
            Class::Unavailable => {
                let error = Error::Unavailable { source: Box::new(error.source) };
                Next::of(group.fail_certain(&error), load_first)
            }
            // Unclassified, or a lock that did not become free: each call is tried by itself.
            _ => Next::Separately(group),
        },
    }
}

async fn reply_lost<DB: Database>(
    shared: &Arc<Shared<DB>>,
    mut group: Group<DB>,
    decision: Box<Decision<DB>>,
    write: LostWrite,
) -> Next<DB> {
    if seeded_bug!("group-loss-is-success") {
        group.answer(decision.answers);
        return Next::Answered(true, Delivery::none());
    }
    match fate(shared, &write).await {
        Ok(Fate::Committed) => {
            if seeded_bug!("group-answers-mixed") {
                group.slots.rotate_left(1);
            }
            answer_committed(group, decision.answers)
        }
        Ok(Fate::Pending) => {
            let write = Arc::new(write);
            let answers = decision.answers.into_iter().map(Result::ok);
            group.slots.iter_mut().zip(answers).for_each(|(slot, answer)| slot.note_pending(&write, answer));
            // What has no key could run twice beside a write that comes late.
            let no_key = group.plans.iter().any(|plan| plan.key().is_none());
            if no_key { Next::Separately(group) } else { Next::Again(group, Held::Skip) }
        }
        Ok(Fate::Undone) => Next::Again(group, Held::Skip),
        Err(unknown) => {
            let rest = fail_unwritten(group, *decision, &unknown, |_| true);
            debug_assert!(rest.plans.is_empty(), "all are answered or told why not");
            Next::Answered(true, Delivery::none())
        }
    }
}

/// Gives the answers of a write that turned out to be committed. What is not known of them is read, by its key; what it had refused
/// has no effect in it, and is decided again.
fn answer_committed<DB: Database>(group: Group<DB>, answers: Vec<Answered>) -> Next<DB> {
    let mut rest = Group::new();
    for ((plan, mut slot), answer) in group.into_calls().zip(answers) {
        match answer {
            Ok(answer) if answer.is_final() => slot.answer(Ok(answer)),
            Ok(answer) => {
                if answer.fresh {
                    slot.note_written(answer);
                }
                rest.push(plan, slot);
            }
            Err(_) => rest.push(plan, slot),
        }
    }
    if rest.plans.is_empty() { Next::Answered(true, Delivery::none()) } else { Next::Again(rest, Held::Skip) }
}

/// Whether another process seems to write what was missed, which ends soon: more than a single transaction of somebody's holds, or
/// all that the group is for. Only of the ledger's changes, which are right whatever the accounts hold by then.
fn is_contended<DB: Database>(
    shared: &Shared<DB>,
    group: &Group<DB>,
    decision: &Decision<DB>,
    missed: &[LockName],
) -> bool {
    const OF_ONE: usize = 2;
    if missed.is_empty() || !decision.write.machines.is_empty() {
        return false;
    }
    let missed: Vec<LockTarget> =
        missed.iter().map(|missed| shared.queue.target(missed.namespace, &missed.name)).collect();
    missed.len() > OF_ONE || group.slots.iter().all(|slot| slot.targets.iter().any(|target| missed.contains(target)))
}

/// For each name that was missed, the targets of all calls that need it. An account is needed by calls, too, that do not name it:
/// commands whose steps change it, and changes of its holds.
fn users_of<DB: Database>(shared: &Shared<DB>, write: &Write<DB>, missed: &[LockName]) -> Vec<Vec<LockTarget>> {
    let queue = &shared.queue;
    let users = missed.iter().map(|missed| {
        let mut targets = vec![queue.target(missed.namespace, &missed.name)];
        if missed.namespace == LEDGER {
            for entry in write.entries.iter().filter(|entry| entry.account == missed.name) {
                targets.extend(entry.step.as_ref().map(|step| queue.target(step.machine, &step.id)));
                targets.extend(entry.hold.as_ref().map(|(hold, _)| queue.target(LEDGER, hold)));
            }
            let comparing = write.compared.iter().filter(|(account, _)| *account == missed.name);
            targets.extend(comparing.map(|(_, by)| queue.target(by.namespace, &by.name)));
        }
        targets
    });
    users.collect()
}
