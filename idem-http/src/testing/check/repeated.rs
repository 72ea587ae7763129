//! A request, and repeats of it.

use super::judge;
use crate::testing::finding::FindingKind;
use crate::testing::plan::{Form, KeyLines, What};
use crate::testing::scenario::Scenario;
use crate::testing::seen::Seen;
use crate::testing::session::{Session, new_key};

/// The first request, and its answer.
pub(super) struct First {
    key: String,
    answer: Seen,
}

/// Finds the form of keys that the service reads, and how many effects one request has.
pub(super) async fn fresh(session: &mut Session<'_>) -> Option<First> {
    session.open(Scenario::Fresh);
    let before = session.ready().await;
    let mut key = new_key();
    let mut answer = session.same(&key).await?;
    if !answer.is_accepted() {
        // A service that is not idem's may read the bare form only.
        session.form = Form::Bare;
        key = new_key();
        answer = session.same(&key).await?;
    }
    if !answer.is_accepted() {
        let detail = format!("the request is answered with {answer}, {}", answer.excerpt());
        session.found(FindingKind::NotAccepted, detail);
        return None;
    }
    session.one = session.grown(before).await;
    if session.one == Some(0) {
        session.found(FindingKind::NoEffect, "the request was accepted, and the count is what it was before");
    }
    Some(First { key, answer })
}

pub(super) async fn repeated(session: &mut Session<'_>, first: &First) {
    session.open(Scenario::Repeated);
    let before = session.count().await;
    let Some(again) = session.same(&first.key).await else { return };
    session.marks = again.is_marked;
    let grown = session.grown(before).await;
    judge::replay(session, &first.answer, &again, grown);
}

pub(super) async fn other_form(session: &mut Session<'_>, first: &First) {
    session.open(Scenario::OtherForm);
    let before = session.count().await;
    let key = KeyLines::One(&first.key, session.form.other());
    let Some(again) = session.send(key, What::Same).await else { return };
    let grown = session.grown(before).await;
    if !again.is_done() {
        session.found(FindingKind::FormRefused, format!("the other form of the key is answered with {again}"));
    } else if !again.is_marked && (session.marks || matches!(grown, Some(1..))) {
        session.found(FindingKind::FormsDiffer, "the key in its other form is answered as a new one");
    } else {
        judge::replay(session, &first.answer, &again, grown);
    }
}
