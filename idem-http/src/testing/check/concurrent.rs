//! Two at once, and clients that end early.

use http::StatusCode;

use super::judge;
use crate::testing::finding::FindingKind;
use crate::testing::plan::{KeyLines, What};
use crate::testing::poll::{both, polled};
use crate::testing::scenario::Scenario;
use crate::testing::seen::Seen;
use crate::testing::session::{Session, new_key};

/// The client's future is dropped after 1, 2, … polls, under a key of its own each time, until it ends before; at most after as many.
const MAX_POLLS: u32 = 16;

pub(super) async fn at_once(session: &mut Session<'_>) {
    session.open(Scenario::AtOnce);
    let before = session.ready().await;
    let key = new_key();
    let sending = || session.sending(KeyLines::One(&key, session.form), What::Same);
    let ended = both(sending(), sending()).await;
    let seen: Vec<Seen> = ended.into_iter().filter_map(|ended| session.saw(ended)).collect();
    let last = session.same_until_ended(&key).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = seen.into_iter().partition(Seen::is_accepted);
    let Some(first) = accepted.first().or(last.as_ref().filter(|last| last.is_done())) else {
        if let Some(last) = last {
            session.found(FindingKind::NotAccepted, format!("neither is accepted; a repeat is answered with {last}"));
        }
        return;
    };
    for wrong in refused.iter().filter(|refused| refused.status != StatusCode::CONFLICT) {
        session.found(FindingKind::WrongRefusal, format!("of two at once one is answered with {wrong}"));
    }
    accepted.iter().skip(1).chain(&last).for_each(|again| judge::same(session, first, again));
    if session.one.is_none() && accepted.len() > 1 && !accepted.iter().any(|seen| seen.is_marked) {
        session.found(FindingKind::ReplayNotMarked, "both are accepted, and none says that it was given before");
    }
    judge::total(session, before).await;
}

pub(super) async fn client_gone(session: &mut Session<'_>) {
    session.open(Scenario::ClientGone);
    for polls in 1..=MAX_POLLS {
        let before = session.ready().await;
        let key = new_key();
        let sending = session.sending(KeyLines::One(&key, session.form), What::Same);
        if let Some(ended) = polled(sending, polls).await {
            let Some(seen) = session.saw(ended) else { return };
            if !seen.is_accepted() {
                session.found(FindingKind::NotAccepted, format!("the request is answered with {seen}"));
            } else if polls == 1 {
                session.unchecked("the service answers at its first poll, so no client can end before");
            }
            return;
        }
        session.noted(format!("dropped after {polls}"));
        let Some(last) = session.same_until_ended(&key).await else { return };
        if last.is_done() {
            if !judge::total(session, before).await {
                return;
            }
            continue;
        }
        if judge::accepts(session).await {
            session.found(FindingKind::KeyStuck, format!("the repeat is answered with {last}"));
        }
        return;
    }
}
