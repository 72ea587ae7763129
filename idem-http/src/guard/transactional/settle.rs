//! How a run of a handler ends: what it handed back is committed with its answer; all else is rolled back.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use idem_core::operation::{Completed, Remembered};
use idem_core::{Database, Effect, Error, ErrorKind};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::turn::Turn;
use super::work::{Ground, Left, NotBegun};
use crate::answer_body::{AnswerBody, ReadBody, Unread, read_answer};
use crate::guard::answered::{Answered, KeyStatus, Marks, Reply, Settled};
use crate::guard::run::{HandedBack, Ran};
use crate::observe::{Step, Verdict};
use crate::problem::{Kind, Problem};
use crate::record::Record;
use crate::record::is_sendable;
use crate::refusal::{Refusal, refusal};

/// The longest time between two looks at what another process records.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

const FIX: &str = "return `work.done(answer)` or `work.refused(answer)`: what is not handed back is rolled back";
const STATUS: &str = "an answer that is recorded has a status from 200 to 599";
const KEPT: &str = "a task has kept the handler's `Work`, and its transaction; await the task, or drop `Work`, before the handler answers";

/// The end of a run.
pub(super) struct Settling<'s, DB: Database> {
    pub(super) turn: &'s mut Turn<DB>,
    pub(super) marks: &'s Marks<'s>,
    pub(super) until: Instant,
}

/// How a commit with an answer ended.
enum Ended {
    Fresh,
    Faster(Remembered),
    Failed(Error),
}

impl<DB: Database> Settling<'_, DB> {
    pub(super) async fn settle<R>(mut self, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let left = match self.turn.run.take() {
            Some(run) => run.end(),
            None => Left::default(),
        };
        let problem = |problem| Reply::problem(problem, None, Verdict::Released);
        let misuse = |kind, fix| problem(Problem::misuse(kind, fix));
        let reply = match ran {
            // Its transaction is open: what becomes of it is not known yet.
            _ if left.is_kept => return misuse(Kind::WorkKept, KEPT).with_verdict(Verdict::Unknown).into(),
            Ran::Answered(response, None) if !is_error(response.status()) && seeded_bug!("commit-without-token") => {
                return self.handed_back(response, HandedBack::Done, left).await;
            }
            Ran::Answered(response, Some(how))
                if is_sendable(response.status()) && !response.status().is_server_error() =>
            {
                return self.handed_back(response, how, left).await;
            }
            Ran::Answered(response, Some(_)) if !is_sendable(response.status()) => misuse(Kind::BadStatus, STATUS),
            Ran::Answered(response, None) if !is_error(response.status()) => misuse(Kind::NotCommitted, FIX),
            Ran::Answered(response, _) => Reply::handlers(response, None, Verdict::Released),
            Ran::Panicked | Ran::Lost | Ran::Failed => problem(Kind::Panic.into()),
            Ran::TooLong => problem(Kind::Deadline.into()),
        };
        self.not_handed_back(reply, left).await
    }

    /// Commits an answer, or undoes what was written and records the answer alone.
    async fn handed_back<R>(&mut self, response: Response<AnswerBody<R>>, how: HandedBack, left: Left<DB>) -> Settled<R>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Left { touched, failed, mut tx, .. } = left;
        // The handler went on without the transaction that it could not begin, or did not wait for.
        if touched && tx.is_none() && how == HandedBack::Done {
            let left = Left { touched: true, failed, ..Left::default() };
            return self.not_handed_back(Reply::problem(Kind::StoreAway, None, Verdict::Released), left).await;
        }
        // Or after it had lost to another writer.
        if tx.as_mut().is_some_and(|tx| tx.tx().is_contended()) {
            return self.lost_to_another(tx).await;
        }
        if how != HandedBack::Done
            && let Some(tx) = tx.take()
        {
            tx.abort().await;
        }
        let (head, body) = self.marks.shown(response).into_parts();
        let max = if self.turn.seat.is_some() { self.turn.max_answer } else { 0 };
        let body = match read_answer(body, max, self.until).await {
            Ok(body) => body,
            Err(unread) => {
                let problem = match unread {
                    Unread::Broken(error) => Problem::from(Kind::NotCommitted).because(error),
                    Unread::Late => Kind::Deadline.into(),
                };
                let left = Left { touched: true, tx, ..Left::default() };
                return self.not_handed_back(Reply::problem(problem, None, Verdict::Released), left).await;
            }
        };
        let (kept, body) = match body {
            ReadBody::Whole(body) => (Some(body.clone()), AnswerBody::whole(body)),
            ReadBody::Part(body) => (None, body),
        };
        let record = Record::of(head.status, &head.headers, kept, &self.marks.settings.replayed);
        let response = Response::from_parts(head, body);
        match Step::Record.run(self.commit(tx, how, record)).await {
            Ended::Fresh => {
                let (status, verdict) = match (&self.turn.seat, self.turn.fails_open) {
                    (Some(_), _) => (Some(KeyStatus::Executed), Verdict::Fresh),
                    (None, true) => (Some(KeyStatus::Ignored), Verdict::FailOpen),
                    (None, false) => (None, Verdict::Passed),
                };
                let reply = Reply::handlers(response, status, verdict);
                let may_repeat = self.turn.seat.is_some() || reply.is_success();
                if may_repeat { reply } else { reply.not_to_be_repeated() }.into()
            }
            Ended::Faster(remembered) => late(remembered),
            Ended::Failed(error) => self.not_committed(error).await,
        }
    }

    async fn commit(&self, tx: Option<Ground<DB>>, how: HandedBack, record: Record) -> Ended {
        let outcome = || record.fitting(self.turn.max_outcome);
        let completed = match (tx, &self.turn.seat) {
            (Some(Ground::Unit(unit)), _) => unit.complete(&outcome()).await,
            (Some(Ground::Bare(tx)), _) => return tx.commit().await.map_or_else(Ended::Failed, |()| Ended::Fresh),
            (None, Some(seat)) if how != HandedBack::NotDone => seat.remember(&outcome()).await,
            (None, _) => return Ended::Fresh,
        };
        match completed {
            Ok(Completed::Fresh { .. }) => Ended::Fresh,
            Ok(Completed::Remembered(remembered)) => Ended::Faster(remembered),
            Err(error) => Ended::Failed(error),
        }
    }

    /// A commit failed.
    async fn not_committed<R>(&mut self, error: Error) -> Settled<R> {
        if error.effect() == Effect::Unknown {
            let unknown = |kind| Reply::problem(Problem::from(kind).because(error), None, Verdict::Unknown);
            return match self.turn.seat {
                Some(_) => unknown(Kind::OutcomeUnknown),
                None => unknown(Kind::OutcomeUnrecorded).unrecorded(),
            }
            .into();
        }
        match error.kind() {
            ErrorKind::Contention | ErrorKind::NotApplied => self.lost_to_another(None).await,
            ErrorKind::InFlight => self.elsewhere().await,
            _ => {
                let problem = Problem::from(Kind::NotCommitted).because(error);
                self.look_once_more(Reply::problem(problem, Some(KeyStatus::Released), Verdict::Released)).await.into()
            }
        }
    }

    /// Rolls back. Then: again, if another writer was faster; what is recorded meanwhile; or this answer.
    async fn not_handed_back<R>(&mut self, reply: Reply<R>, left: Left<DB>) -> Settled<R> {
        let Left { touched, failed, mut tx, .. } = left;
        if failed == Some(NotBegun::Contended) || tx.as_mut().is_some_and(|tx| tx.tx().is_contended()) {
            return self.lost_to_another(tx).await;
        }
        if let Some(tx) = tx {
            tx.abort().await;
        }
        if failed == Some(NotBegun::Elsewhere) {
            return self.elsewhere().await;
        }
        let reply = self.released(reply);
        if touched { self.look_once_more(reply).await.into() } else { reply.into() }
    }

    /// Runs the handler again, after a pause; or gives up.
    async fn lost_to_another<R>(&mut self, tx: Option<Ground<DB>>) -> Settled<R> {
        if let Some(tx) = tx {
            tx.abort().await;
        }
        self.turn.lost_runs += 1;
        if Instant::now() < self.until && self.turn.retry.pause(self.turn.lost_runs).await {
            return Settled::Again;
        }
        self.look_once_more(self.released(Reply::problem(Kind::Contended, None, Verdict::Released))).await.into()
    }

    /// Another process works under the key. What it recorded; or, once it has ended without that, again, which counts as a run that lost. As
    /// long as it may be waited for, counted from the first time.
    async fn elsewhere<R>(&mut self) -> Settled<R> {
        let waits_until = match self.turn.waits_until {
            Some(until) => until,
            None => *self.turn.waits_until.insert(self.until.min(Instant::now() + self.turn.wait)),
        };
        loop {
            let reply = self.look_once_more(Reply::problem(Kind::InFlight, None, Verdict::InFlight)).await;
            if reply.verdict != Verdict::InFlight || Instant::now() >= waits_until {
                return reply.into();
            }
            sleep_until(waits_until.min(Instant::now() + self.turn.pause)).await;
            self.turn.pause = (self.turn.pause * 2).min(LONGEST_PAUSE);
            // Whether it is free is asked for, and the handler is not run for that.
            let Some(seat) = &self.turn.seat else { return self.lost_to_another(None).await };
            match timeout_at(waits_until, seat.begin()).await {
                Ok(Ok(unit)) => {
                    unit.abort().await;
                    return self.lost_to_another(None).await;
                }
                Ok(Err(error)) if error.kind() != ErrorKind::InFlight => {
                    return Reply::problem(error, None, Verdict::Refused).into();
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    /// Another process may have done the work meanwhile, in which case this answer is wrong.
    async fn look_once_more<R>(&self, reply: Reply<R>) -> Reply<R> {
        if seeded_bug!("no-second-look") {
            return reply;
        }
        match self.recall().await {
            Ok(None) => reply,
            Ok(Some(remembered)) => Reply::from(Answered::from(remembered)).with_verdict(Verdict::Late),
            Err(error) => match refusal(error, None) {
                Refusal::Answer(problem, verdict) => Reply::problem(problem, None, verdict),
                Refusal::Open => reply,
            },
        }
    }

    async fn recall(&self) -> Result<Option<Remembered>, Error> {
        match &self.turn.seat {
            Some(seat) => Step::LookUp.run(seat.recall()).await,
            None => Ok(None),
        }
    }

    /// Nothing was done, and the key is free.
    fn released<R>(&self, reply: Reply<R>) -> Reply<R> {
        let ignored = self.turn.fails_open || seeded_bug!("released-as-ignored");
        let status = if ignored { KeyStatus::Ignored } else { KeyStatus::Released };
        Reply { status: Some(status), ..reply }
    }
}

fn late<R>(remembered: Remembered) -> Settled<R> {
    Reply::from(Answered::from(remembered)).with_verdict(Verdict::Late).into()
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}
