//! Requests that have to be refused: another one under the same key, and half of one.

use super::judge;
use crate::testing::finding::FindingKind;
use crate::testing::plan::{KeyLines, What};
use crate::testing::scenario::Scenario;
use crate::testing::session::{Session, new_key};

pub(super) async fn other_body(session: &mut Session<'_>) {
    session.open(Scenario::OtherBody);
    if session.plan.changed.is_none() {
        session.unchecked("`Route::changed` gives another body");
        return;
    }
    other(session, What::OtherBody).await;
}

pub(super) async fn other_query(session: &mut Session<'_>) {
    session.open(Scenario::OtherQuery);
    other(session, What::OtherQuery).await;
}

async fn other(session: &mut Session<'_>, what: What) {
    session.ready().await;
    let Some((key, first)) = session.accepted().await else { return };
    let before = session.count().await;
    let Some(other) = session.send(KeyLines::One(&key, session.form), what).await else { return };
    let grown = session.grown(before).await;
    if what == What::OtherQuery && session.plan.query_is_ignored {
        judge::replay(session, &first, &other, grown);
        return;
    }
    if let Some(grown @ 1..) = grown {
        session.found(FindingKind::SecondEffect, format!("the other request had {grown} effects under the same key"));
    }
    if other.is_accepted() {
        let answer = if other.is_same(&first) { "the first one's answer" } else { "an answer of its own" };
        session.found(FindingKind::OtherRequestAnswered, format!("the other request got {answer}"));
    }
}

pub(super) async fn broken_body(session: &mut Session<'_>) {
    session.open(Scenario::BrokenBody);
    if session.plan.body.is_empty() {
        session.unchecked("the request has no body");
        return;
    }
    let before = session.ready().await;
    let key = new_key();
    let Some(half) = session.send(KeyLines::One(&key, session.form), What::HalfBody).await else { return };
    if half.is_accepted() {
        if session.plan.half_is_broken() {
            session.found(FindingKind::BrokenBodyAccepted, "half of the JSON is accepted");
        } else {
            session.unchecked("half of the body is a body");
        }
        return;
    }
    if let Some(grown @ 1..) = session.grown(before).await {
        session.found(FindingKind::EffectOfRefused, format!("half of the body is refused, and had {grown} effects"));
    }
    let before = session.count().await;
    let Some(whole) = session.same(&key).await else { return };
    if whole.is_accepted() {
        judge::total(session, before).await;
    } else if judge::accepts(session).await {
        session.found(FindingKind::KeySpent, format!("the whole body is answered with {whole}"));
    }
}
