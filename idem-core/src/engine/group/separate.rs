//! What leaves a group: calls whose rows are locked by another transaction, or that a group could not write. They run in
//! transactions of their own, those of one lock target together, and wait for the locks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::answer::{Answer, AnswerValue, Answered, Refusal};
use crate::engine::attempt::{GROUP_WAIT, Strategy};
use crate::engine::decide::decision::Decision;
use crate::engine::group::call::{Group, ReplySlot};
use crate::engine::group::targets::TargetLocks;
use crate::engine::run::run_after;
use crate::engine::shared::Shared;
use crate::error::{Effect, Error};
use crate::store::Database;
use crate::store::write::rows::TransitionWrite;

/// Runs the calls outside the group, those of each lock target in a lane of their own.
pub(crate) fn run_separately<DB: Database>(
    shared: &Arc<Shared<DB>>,
    mut group: Group<DB>,
    targets: &mut TargetLocks<DB>,
) {
    while let Some(first) = group.slots.first() {
        let first = first.targets.first().copied();
        let lane = group.split_off(|slot| first.is_none_or(|first| slot.targets.contains(&first)));
        run_lane(shared, lane, targets.split_off(first.as_slice()));
    }
}

/// Runs calls that share a target, in order, with locks that are waited for.
///
/// If the wait for a lock was cut short for calls that are late, these fail and the others are tried again. What the database
/// refuses may be what one of them brought: each half is tried separately, until that one is alone. A lock that stays taken
/// may be that of one call's key. Any other error is the answer of all.
pub(crate) fn run_lane<DB: Database>(shared: &Arc<Shared<DB>>, calls: Group<DB>, targets: TargetLocks<DB>) {
    let shared = shared.clone();
    tokio::spawn(async move {
        let _targets = targets;
        let mut rest = vec![calls];
        while let Some(mut calls) = rest.pop() {
            if calls.plans.is_empty() {
                continue;
            }
            let deadline = left(earliest(&calls.slots));
            match run(&shared, &calls, deadline).await {
                Ok(answers) => calls.answer(answers),
                Err(error @ Error::InFlight { .. }) if calls.slots.iter().any(ReplySlot::is_late) => {
                    calls.split_off(ReplySlot::is_late).fail(&error);
                    rest.push(calls);
                }
                Err(error @ Error::InFlight { .. }) => without_held_key(&shared, calls, &error, &mut rest).await,
                Err(error) => refused(calls, &error, &mut rest),
            }
        }
    });
}

async fn run<DB: Database>(
    shared: &Shared<DB>,
    calls: &Group<DB>,
    deadline: Option<Duration>,
) -> Result<Vec<Answered>, Error> {
    run_after(shared, &calls.plans(), deadline, Strategy::Locked, calls.lost()).await
}

/// Of calls that have waited for a lock in vain, answers those that wait for it no more once one half or the other is left out:
/// then it was a key's. If both halves wait, it is the lock of what they share, and all fail.
async fn without_held_key<DB: Database>(
    shared: &Shared<DB>,
    mut calls: Group<DB>,
    error: &Error,
    rest: &mut Vec<Group<DB>>,
) {
    while calls.plans.len() > 1 && !seeded_bug!("held-key-stops-all") {
        let halves = [calls.split_half(), calls];
        let wait = Some(GROUP_WAIT);
        let answered = [run(shared, &halves[0], wait).await, run(shared, &halves[1], wait).await];
        let (mut waiting, mut halves_waiting) = (Group::new(), 0);
        for (half, answered) in halves.into_iter().zip(answered) {
            match answered {
                Ok(answers) => half.answer(answers),
                Err(Error::InFlight { .. }) => {
                    halves_waiting += 1;
                    half.into_calls().for_each(|(plan, slot)| waiting.push(plan, slot));
                }
                Err(other) => refused(half, &other, rest),
            }
        }
        calls = waiting;
        if halves_waiting != 1 {
            break;
        }
    }
    calls.fail(error);
}

/// Answers calls that the database refused together, or leaves their halves to be tried.
fn refused<DB: Database>(mut calls: Group<DB>, error: &Error, rest: &mut Vec<Group<DB>>) {
    let of_one = matches!(error, Error::Store { .. } | Error::ReadOnly { .. } | Error::Contention { .. });
    if !of_one || calls.plans.len() == 1 || seeded_bug!("group-falls-whole") {
        return calls.fail(error);
    }
    let second = calls.split_half();
    rest.extend([second, calls]);
}

/// The write did not happen, or its result is unknown. Answers that do not depend on it are given. Of the other calls, those
/// that `filter` selects fail with `error`, and the rest is returned.
pub(crate) fn fail_unwritten<DB: Database>(
    group: Group<DB>,
    decision: Decision<DB>,
    error: &Error,
    filter: impl Fn(&ReplySlot) -> bool,
) -> Group<DB> {
    let Decision { answers, write, .. } = decision;
    // A repeat of what the very same write does is a replay, of what may not be there.
    let unwritten = |answer: &Answer| {
        matches!(answer.outcome, AnswerValue::Drafted(_) | AnswerValue::Version)
            || !seeded_bug!("group-repeat-is-success")
                && write
                    .transitions
                    .iter()
                    .filter_map(TransitionWrite::transition)
                    .any(|row| (row.seq, row.at) == (answer.seq, answer.at))
    };
    let mut rest = Group::new();
    for ((plan, slot), answer) in group.into_calls().zip(answers) {
        let known = match &answer {
            Ok(answer) => !answer.fresh && !unwritten(answer),
            Err(Refusal::Panicked(_)) => true,
            Err(_) => false,
        };
        match known {
            true => slot.answer(answer),
            false if filter(&slot) && (error.effect() == Effect::Unknown || !slot.is_in_doubt()) => slot.fail(error),
            false => rest.push(plan, slot),
        }
    }
    rest
}

/// When the first of them gives up.
pub(crate) fn earliest(slots: &[ReplySlot]) -> Option<Instant> {
    slots.iter().filter_map(|slot| slot.deadline).min()
}

pub(crate) fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}
