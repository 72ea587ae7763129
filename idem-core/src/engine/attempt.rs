//! One attempt: load, decide, write. Whatever lost the race is loaded and decided again (`run`).
//!
//! An attempt has one of three strategies. *Blind*: decided on what is assumed, and the write finds out. *Optimistic*: loaded
//! without a lock, and the write compares. *Locked*: what is decided on is locked before it is read. A call begins with the
//! first that is possible; each loss leads to the next.

use std::time::Duration;

use crate::engine::answer::Answered;
use crate::engine::decide::decision::{Decision, decide};
use crate::engine::decide::snapshot::Snapshot;
use crate::engine::load::{Assumed, Lock, assume, decide_blind, decide_loading, load_and_decide};
use crate::engine::lost::{Expiry, LostWrite};
use crate::engine::memory::Unbroken;
use crate::engine::plan::Plan;
use crate::engine::seeded;
use crate::engine::session::pool::Lease;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::connect::TransactionUse;
use crate::store::error::{Class, StoreError};
use crate::store::key::KnownKey;
use crate::store::ledger::queries::compact_tally;
use crate::store::session::Session;
use crate::store::write::part::{LockName, Write};
use crate::store::write::rows::{Locks, MachineWrite};
use crate::store::write::run::{write_joined, write_own};
use crate::store::write::written::Written;

/// How an attempt comes to its decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// On assumptions.
    Blind,
    /// On a load without a lock.
    Optimistic,
    /// On a load under locks.
    Locked,
}

/// Whose attempt it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// One call, or several that came together.
    One,
    /// A group of calls: locks are waited for only shortly, those of machines and accounts in this way.
    Group(Held),
}

/// What a group does about rows that others hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Leaves them, and gets their names.
    Skip,
    /// Waits for them, a little while, if it has only changes of the ledger.
    Wait,
    /// The same where a group of this process holds them, which ends soon.
    Behind,
}

/// What one attempt came to.
pub(crate) enum Attempt<DB: Database> {
    Done(Vec<Answered>),
    /// Another writer was faster: nothing is written. With the decision, and the names of rows that others hold or have changed.
    Lost(Option<Box<Decision<DB>>>, Vec<LockName>),
    /// There is no connection to write on. What the decision answers without a write is known.
    NoConnection(Option<Box<Decision<DB>>>, Error),
    /// The reply to the write was lost.
    ReplyLost(Box<Decision<DB>>, LostWrite),
    /// A statement failed, and nothing is written.
    Failed(StoreError),
}

/// One attempt.
pub(crate) struct Try {
    pub(crate) strategy: Strategy,
    /// What a blind one is decided on.
    pub(crate) assumed: Option<Assumed>,
    /// What it assumed holds while no connection breaks.
    pub(crate) since: Unbroken,
    pub(crate) caller: Caller,
    /// The longest wait for each lock, and for the connection to write on.
    pub(crate) wait: Duration,
}

impl Try {
    /// Assumes what can be assumed, if it is to be blind; optimistic, if that is nothing.
    pub(crate) fn new<DB: Database>(
        shared: &Shared<DB>,
        plans: &[&dyn Plan<DB>],
        strategy: Strategy,
        caller: Caller,
        wait: Duration,
    ) -> Self {
        let since = shared.memory.unbroken();
        let assumed = if strategy == Strategy::Blind { assume(shared, plans, true) } else { None };
        let strategy = match strategy {
            Strategy::Blind if assumed.is_none() => Strategy::Optimistic,
            other => other,
        };
        Self { strategy, assumed, since, caller, wait }
    }

    fn locks<DB: Database>(&self, shared: &Shared<DB>, write: &Write<DB>) -> Locks {
        match self.caller {
            Caller::One => Locks { wait: self.wait, skip: false, until: shared.until() },
            Caller::Group(held) => Locks {
                wait: if held == Held::Behind { self.wait } else { GROUP_WAIT.min(shared.settings.wait) },
                skip: held == Held::Skip || !write.machines.is_empty(),
                until: shared.until(),
            },
        }
    }
}

/// The longest wait of a group for a key that another transaction is writing.
pub(crate) const GROUP_WAIT: Duration = Duration::from_millis(50);

/// Makes one attempt on this connection.
pub(crate) async fn attempt<DB: Database>(
    shared: &Shared<DB>,
    lease: Lease<DB>,
    plans: &[&dyn Plan<DB>],
    of: Try,
) -> Attempt<DB> {
    let since = of.since;
    let attempted = match of.strategy {
        Strategy::Blind | Strategy::Optimistic => unlocked(shared, lease, plans, of).await,
        // On the heap: most calls never come here.
        Strategy::Locked => Box::pin(locked(shared, lease, plans, of)).await,
    };
    if let Ok(Attempt::Done(answers)) = &attempted {
        keep(shared, plans, answers, since);
    }
    attempted.unwrap_or_else(|error| {
        if error.class == Class::Late {
            shared.clock.forget();
        }
        Attempt::Failed(error)
    })
}

/// Keeps what repeats are to be answered.
fn keep<DB: Database>(shared: &Shared<DB>, plans: &[&dyn Plan<DB>], answers: &[Answered], since: Unbroken) {
    if shared.memory.is_off() {
        return;
    }
    let outcome = |(plan, answer): (_, &Answered)| {
        let plan: &&dyn Plan<DB> = plan;
        Some((plan.identity()?, plan.outcome(answer)?))
    };
    shared.memory.keep(plans.iter().zip(answers).filter_map(outcome).collect(), since);
}

/// No lock; the write holds only if nothing changed since the load.
async fn unlocked<DB: Database>(
    shared: &Shared<DB>,
    mut lease: Lease<DB>,
    plans: &[&dyn Plan<DB>],
    mut of: Try,
) -> Result<Attempt<DB>, StoreError> {
    // The connection may be a new one, in the place of one that broke.
    let mut blind = None;
    if let Some(assumed) = of.assumed.take().filter(|_| shared.memory.holds(of.since)) {
        blind = decide_blind(shared, &mut lease.session(), plans, assumed).await?;
    }
    let mut decision = match blind {
        Some(decision) => decision,
        None => load_and_decide(shared, &mut lease.session(), plans, Lock::None).await?,
    };
    if decision.write.is_empty() {
        return Ok(Attempt::Done(decision.answers));
    }
    if shared.readers_apart && of.strategy == Strategy::Optimistic {
        drop(lease);
        lease = match shared.writer(of.wait).await {
            Ok(writer) => writer,
            Err(error) => return Ok(Attempt::NoConnection(Some(Box::new(decision)), error)),
        };
    }
    if let Some(by) = plans.iter().find_map(|plan| plan.fence()).filter(|_| !seeded_bug!("unfenced-statement")) {
        decision.write.fence(by);
    }
    let late = if of.caller == Caller::One { seeded::late_keys(&mut decision.write) } else { None };
    match of.caller {
        Caller::One => {
            fail_point!("own.write.before");
        }
        Caller::Group(_) => {
            fail_point!("group.write.before");
        }
    }
    if of.caller != Caller::One && seeded_bug!("group-unwritten") {
        return Ok(Attempt::Done(decision.answers));
    }
    let mut locks = of.locks(shared, &decision.write);
    let until = locks.until;
    if seeded_bug!("write-without-end") {
        locks.until = None;
    }
    let mut wrote = write_own(&mut lease.session(), &decision.write, locks).await;
    match of.caller {
        Caller::One => {
            fail_point!("own.write.after");
        }
        Caller::Group(_) => {
            fail_point!("group.write.after");
        }
    }
    if let (Some(late), Ok(Written::Done(_))) = (&late, &wrote) {
        wrote = write_own(&mut lease.session(), late, locks).await;
    }
    match wrote {
        Ok(Written::Done(after)) => {
            compact_tallies(lease, &decision.write).await;
            shared.memory.note_machines(std::mem::take(&mut decision.write.machines), of.since);
            shared.wake_relay(&decision.write);
            Ok(Attempt::Done(decision.answered(&after)))
        }
        Ok(Written::Lost(missed)) => {
            doubt(shared, &decision.write, &missed);
            Ok(Attempt::Lost(Some(Box::new(decision)), missed))
        }
        Ok(Written::Known(key)) => Ok(known(shared, plans, &key)),
        Err(error) if error.is_in_doubt() => {
            let expiry = match until {
                _ if !DB::WRITES_IN_ONE_STATEMENT => Expiry::Locked,
                Some(until) => Expiry::At(until),
                None => Expiry::Unknown,
            };
            Ok(reply_lost(decision, &error, expiry))
        }
        Err(error) => Err(error),
    }
}

/// Doubts the machines that were missed, or the only one that was written.
fn doubt<DB: Database>(shared: &Shared<DB>, write: &Write<DB>, missed: &[LockName]) {
    match &write.machines[..] {
        [] => {}
        [MachineWrite { machine, id, .. }] => {
            shared.memory.doubt(&[LockName { namespace: machine, name: id.clone() }]);
        }
        _ => shared.memory.doubt(missed),
    }
}

/// Answers the one plan whose key is known.
fn known<DB: Database>(shared: &Shared<DB>, plans: &[&dyn Plan<DB>], key: &KnownKey) -> Attempt<DB> {
    let keys = plans.iter().filter_map(|plan| plan.key()).map(|hash| (*hash, key.clone())).collect();
    let snapshot = Snapshot { keys, ..Snapshot::default() };
    match decide(plans, &snapshot, &shared.settings.limits) {
        Ok(decision) => Attempt::Done(decision.answers),
        Err(_) => Attempt::Lost(None, Vec::new()),
    }
}

/// About one write in 1,024 of a tally first compacts its tail, so that it does not grow for ever.
async fn compact_tallies<DB: Database>(mut lease: Lease<DB>, write: &Write<DB>) {
    const EVERY: i64 = 1_024;
    for entry in &write.entries {
        if entry.number.given().is_some_and(|seq| seq % EVERY == 0) {
            // Another will compact what this one does not.
            if compact_tally(&mut lease.session(), &entry.account).await.is_err() {
                return;
            }
        }
    }
}

/// Machines and accounts are locked before they are read.
async fn locked<DB: Database>(
    shared: &Shared<DB>,
    mut lease: Lease<DB>,
    plans: &[&dyn Plan<DB>],
    Try { wait, since, .. }: Try,
) -> Result<Attempt<DB>, StoreError> {
    let mut session = lease.session();
    // What won the race most often is the same request, and then there is nothing left to lock.
    let stale = load_and_decide(shared, &mut session, plans, Lock::None).await?;
    if stale.write.is_empty() {
        return Ok(Attempt::Done(stale.answers));
    }
    session.begin(DB::begin(wait, TransactionUse::Own)).await?;
    let mut decision = match write_locked(shared, &mut session, plans, &stale.write).await {
        Ok(Some(decision)) => decision,
        undone => {
            // A transaction that does not roll back ends with its connection.
            let _ = session.roll_back().await;
            return undone.map(|_| Attempt::Lost(None, Vec::new()));
        }
    };
    if decision.write.is_empty() {
        // Accounts that were opened to be locked go.
        session.roll_back().await?;
        return Ok(Attempt::Done(decision.answers));
    }
    fail_point!("locked.commit.before");
    let end = session.commit().await;
    fail_point!("locked.commit.after");
    match end {
        Ok(()) => {
            shared.memory.note_machines(std::mem::take(&mut decision.write.machines), since);
            shared.wake_relay(&decision.write);
            Ok(Attempt::Done(decision.into_answers()))
        }
        Err(error) if error.is_in_doubt() => Ok(reply_lost(decision, &error, Expiry::Locked)),
        Err(error) => Err(error),
    }
}

/// Decides and writes under locks; `None` if the write lost a race all the same.
async fn write_locked<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    plans: &[&dyn Plan<DB>],
    stale: &Write<DB>,
) -> Result<Option<Decision<DB>>, StoreError> {
    let mut missed = None;
    loop {
        let mut decision = match missed.take() {
            None => load_and_decide(shared, session, plans, Lock::Rows).await?,
            missed => {
                decide_loading(shared, session, plans, Snapshot { missed, ..Snapshot::default() }, Lock::Rows).await?
            }
        };
        seeded::keep_stale(&mut decision.write, stale);
        fail_point!("locked.write.before");
        let wrote =
            if decision.write.is_empty() { true } else { decision.note(write_joined(session, &decision.write).await?) };
        fail_point!("locked.write.after");
        if wrote {
            return Ok(Some(decision));
        }
        // A caller's row is looked at once more: the table itself may keep it from being written.
        missed = decision.missed_row();
        if missed.is_none() {
            return Ok(None);
        }
    }
}

/// With the row that proves the commit of the write, and why it is asked for.
fn reply_lost<DB: Database>(decision: Decision<DB>, error: &StoreError, expiry: Expiry) -> Attempt<DB> {
    let witness = decision.write.witness();
    let mut why = error.source.to_string();
    if witness.is_none() && decision.write.row.is_some() {
        why.push_str("; this update has no key (`once`), so read the row before it is repeated");
    }
    Attempt::ReplyLost(Box::new(decision), LostWrite::new(witness, expiry, why))
}
