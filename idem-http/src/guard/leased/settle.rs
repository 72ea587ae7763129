//! How a run of a handler under a lease ends: what it handed back is recorded; the end of all else is unknown, once something may have gone
//! out.

use std::error::Error;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use idem_core::ErrorKind;
use idem_core::lease::WhenLost;
use idem_core::operation::Completed;
use tokio::time::Instant;

use super::turn::{Freed, Turn};
use crate::answer_body::{AnswerBody, ReadBody, read_answer};
use crate::guard::answered::{Answered, KeyStatus, Marks, Reply};
use crate::guard::run::{HandedBack, Ran};
use crate::observe::{self, Step, Verdict};
use crate::problem::{Kind, Problem};
use crate::record::{Record, is_sendable};

const FIX: &str =
    "return `lease.done(answer)` or `lease.not_done(answer)`: the end of what is not handed back is unknown";
const STATUS: &str = "an answer that is recorded has a status from 200 to 599";

pub(super) async fn settle<R>(turn: &mut Turn, marks: &Marks<'_>, until: Instant, ran: Ran<R>) -> Reply<R>
where
    R: Body<Data = Bytes>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let reply = match ran {
        Ran::Answered(response, Some(HandedBack::NotDone)) => {
            let freed = turn.release(marks.gate, until).await;
            return ended(turn, freed, Reply::handlers(response, None, Verdict::Unknown));
        }
        Ran::Answered(response, Some(_)) if is_sendable(response.status()) => {
            return done(turn, response, marks, until).await;
        }
        Ran::Answered(_, Some(_)) => misuse(Kind::BadStatus, STATUS),
        Ran::Answered(response, None) if is_success(response.status()) => misuse(Kind::NotCommitted, FIX),
        Ran::Answered(response, None) => Reply::handlers(response, None, Verdict::Unknown),
        Ran::Panicked | Ran::Failed => Reply::problem(Kind::Panic, None, Verdict::Unknown),
        Ran::TooLong => Reply::problem(Kind::Deadline, None, Verdict::Unknown),
        Ran::Lost => return lost(turn, marks, until).await,
    };
    let freed = turn.give_up(marks.gate, until).await;
    ended(turn, freed, reply)
}

fn misuse<R>(kind: Kind, fix: &'static str) -> Reply<R> {
    Reply::problem(Problem::misuse(kind, fix), None, Verdict::Unknown)
}

/// What a repeat gets after this answer.
fn ended<R>(turn: &Turn, freed: Freed, reply: Reply<R>) -> Reply<R> {
    match freed {
        Freed::Free => {
            let status = if turn.fails_open { KeyStatus::Ignored } else { KeyStatus::Released };
            Reply { status: Some(status), ..reply.with_verdict(Verdict::Released) }
        }
        // A repeat is refused until an operator has found out: no time makes it worth a try.
        Freed::Unknown if turn.when_lost == WhenLost::Indeterminate => reply.not_to_be_repeated(),
        Freed::Elsewhere | Freed::Unknown => reply,
        Freed::Unrecorded => reply.unrecorded(),
    }
}

/// The lease was lost while the handler ran.
async fn lost<R>(turn: &mut Turn, marks: &Marks<'_>, until: Instant) -> Reply<R> {
    let problem = |kind, verdict| Reply::problem(kind, None, verdict);
    match (turn.give_up(marks.gate, until).await, turn.when_lost) {
        // Nothing had gone out.
        (freed @ Freed::Free, _) => ended(turn, freed, problem(Kind::StoreAway, Verdict::Released)),
        (Freed::Elsewhere, _) => problem(Kind::InFlight, Verdict::InFlight),
        (_, WhenLost::Indeterminate) => problem(Kind::OutcomeLost, Verdict::Unknown),
        _ => problem(Kind::OutcomeUnknown, Verdict::Unknown),
    }
}

/// Records an answer.
async fn done<R>(turn: &mut Turn, response: Response<AnswerBody<R>>, marks: &Marks<'_>, until: Instant) -> Reply<R>
where
    R: Body<Data = Bytes>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Some(owned) = turn.owned.take() else {
        let (status, verdict) =
            if turn.fails_open { (Some(KeyStatus::Ignored), Verdict::FailOpen) } else { (None, Verdict::Passed) };
        let reply = Reply::handlers(response, status, verdict);
        return if reply.is_success() { reply } else { reply.not_to_be_repeated() };
    };
    let (head, body) = marks.shown(response).into_parts();
    let (kept, body) = match read_answer(body, marks.settings.max_answer, until).await {
        Ok(ReadBody::Whole(body)) => (Some(body.clone()), Some(AnswerBody::whole(body))),
        Ok(ReadBody::Part(body)) => (None, Some(body)),
        // It was done all the same, and that is recorded.
        Err(_) => (None, None),
    };
    let record = Record::of(head.status, &head.headers, kept, &marks.settings.replayed);
    let outcome = record.fitting(turn.max_outcome);
    let answered = |status, verdict| match body {
        Some(body) => Reply::handlers(Response::from_parts(head, body), Some(status), verdict),
        None => Reply::problem(Kind::AnswerNotKept, Some(status), verdict),
    };
    match Step::Record.run(owned.retry_until(until.into_std()).complete(&outcome)).await {
        Ok(Completed::Fresh { .. }) => answered(KeyStatus::Executed, Verdict::Fresh),
        Ok(Completed::Remembered(winner)) => Reply::from(Answered::from(winner)).with_verdict(Verdict::Late),
        Err(error) if error.kind() == ErrorKind::Fenced => Reply::problem(error, None, Verdict::InFlight),
        // It was done, and the client learns it; a repeat does not.
        Err(error) => {
            observe::problem(&error.into());
            observe::not_recorded();
            answered(KeyStatus::Ignored, Verdict::FailOpen).not_to_be_repeated()
        }
    }
}

fn is_success(status: StatusCode) -> bool {
    status.as_u16() < 400
}
