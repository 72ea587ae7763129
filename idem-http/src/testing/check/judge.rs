//! Rules that several scenarios judge by.

use crate::testing::finding::FindingKind;
use crate::testing::seen::Seen;
use crate::testing::session::{Count, Session};

/// An answer to a repeat has to be the first one, marked, and without an effect.
pub(super) fn replay(session: &mut Session<'_>, first: &Seen, again: &Seen, grown: Option<u64>) {
    if let Some(grown @ 1..) = grown {
        if again.is_marked {
            let detail = format!("the answer is marked as a replay, and there are {grown} more effects");
            session.found(FindingKind::EffectBesideRecord, detail);
        } else {
            session.found(FindingKind::SecondEffect, format!("the repeat had {grown} more effects"));
        }
    }
    same(session, first, again);
    if !again.is_marked && !matches!(grown, Some(1..)) && again.is_accepted() {
        session.found(FindingKind::ReplayNotMarked, "no header of the answer says that it was given before");
    }
}

/// An answer has to be the one that was given before.
pub(super) fn same(session: &mut Session<'_>, first: &Seen, again: &Seen) {
    if again.is_without_answer() {
        session.found(FindingKind::AnswerNotKept, "the request was recorded without its answer");
    } else if first.status != again.status {
        session.found(FindingKind::ReplayDiffers, format!("the first answer is {first}, the repeat's is {again}"));
    } else if !first.is_same(again) {
        let (first, again) = (first.excerpt(), again.excerpt());
        session.found(FindingKind::ReplayDiffers, format!("the first body is {first}, the repeat's is {again}"));
    }
}

/// All requests under one key, at least one of them accepted, have the effects of one. Whether they have, as far as it is known.
pub(super) async fn total(session: &mut Session<'_>, before: Count) -> bool {
    let grown = session.grown(before).await;
    let (Some(one @ 1..), Some(grown)) = (session.one, grown) else { return true };
    if grown > one {
        session.found(FindingKind::SecondEffect, format!("there are {grown} effects, and one request has {one}"));
        return false;
    }
    // A machine that was moved before answers without an effect, under any key.
    if grown < one && has_effects(session, one).await {
        let detail = format!("the request was accepted, and there are {grown} effects; one request has {one}");
        session.found(FindingKind::EffectLost, detail);
        return false;
    }
    true
}

/// Whether the service accepts the request under a new key.
pub(super) async fn accepts(session: &mut Session<'_>) -> bool {
    session.noted("then under a new key");
    session.accepted().await.is_some()
}

async fn has_effects(session: &mut Session<'_>, one: u64) -> bool {
    let before = session.count().await;
    accepts(session).await && session.grown(before).await.is_some_and(|grown| grown >= one)
}
