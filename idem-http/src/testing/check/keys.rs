//! Requests whose key is none.

use crate::testing::finding::FindingKind;
use crate::testing::plan::{KeyLines, What};
use crate::testing::scenario::Scenario;
use crate::testing::session::{Session, new_key};

pub(super) async fn no_key(session: &mut Session<'_>) {
    session.open(Scenario::NoKey);
    let kind = (!session.plan.key_is_optional).then_some(FindingKind::KeyNotRequired);
    refused(session, KeyLines::None, kind).await;
}

pub(super) async fn empty_key(session: &mut Session<'_>) {
    session.open(Scenario::EmptyKey);
    refused(session, KeyLines::Empty, Some(FindingKind::UnusableKeyAccepted)).await;
}

pub(super) async fn two_keys(session: &mut Session<'_>) {
    session.open(Scenario::TwoKeys);
    let (one, other) = (new_key(), new_key());
    let key = KeyLines::Two(&one, &other, session.form);
    refused(session, key, Some(FindingKind::UnusableKeyAccepted)).await;
}

/// Has to be refused, without an effect. `None`: may be accepted as well.
async fn refused(session: &mut Session<'_>, key: KeyLines<'_>, kind: Option<FindingKind>) {
    let before = session.ready().await;
    let Some(seen) = session.send(key, What::Same).await else { return };
    if seen.is_accepted() {
        if let Some(kind) = kind {
            session.found(kind, format!("the answer is {seen}"));
        }
    } else if let Some(grown @ 1..) = session.grown(before).await {
        session
            .found(FindingKind::EffectOfRefused, format!("the answer is {seen}, and there are {grown} more effects"));
    }
}
