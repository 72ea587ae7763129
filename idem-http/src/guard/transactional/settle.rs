//! How a run of a handler ends: what it handed back is committed with its answer; all else is rolled back.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use idem_core::operation::{Completed, Remembered};
use idem_core::{Database, Effect, Error, ErrorKind};
use tokio::time::{Instant, sleep};

use super::turn::Turn;
use super::work::{Ground, Left, NotBegun};
use crate::answer_body::{AnswerBody, ReadBody, read_answer};
use crate::guard::answered::{Answered, KeyStatus, Reply, Settled};
use crate::guard::run::{HandedBack, Ran};
use crate::guard::settings::Settings;
use crate::observe::{Step, Verdict};
use crate::problem::{Kind, Problem};
use crate::record::Record;
use crate::refusal::refusal;

/// The longest time between two looks at what another process records.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The end of a run.
pub(super) struct Settling<'s, DB: Database> {
    pub(super) turn: &'s mut Turn<DB>,
    pub(super) settings: &'s Settings,
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
            None => Left { touched: false, failed: None, tx: None },
        };
        match ran {
            Ran::Answered(response, None) if !is_error(&response) && seeded_bug!("commit-without-token") => {
                self.handed_back(response, HandedBack::Done, left).await
            }
            Ran::Answered(response, Some(how)) if !response.status().is_server_error() => {
                self.handed_back(response, how, left).await
            }
            Ran::Answered(response, None) if !is_error(&response) => {
                let fix =
                    "return `work.done(answer)` or `work.refused(answer)`: what is not handed back is rolled back";
                self.not_handed_back(
                    Reply::problem(Problem::misuse(Kind::NotCommitted, fix), None, Verdict::Released),
                    left,
                )
                .await
            }
            Ran::Answered(response, _) => {
                self.not_handed_back(Reply::handlers(response, None, Verdict::Released), left).await
            }
            Ran::Panicked => self.not_handed_back(Reply::problem(Kind::Panic, None, Verdict::Released), left).await,
            Ran::TooLong => self.not_handed_back(Reply::problem(Kind::Deadline, None, Verdict::Released), left).await,
            Ran::Lost | Ran::Failed => {
                if let Some(tx) = left.tx {
                    tx.abort().await;
                }
                Reply::problem(Kind::Panic, None, Verdict::Released).into()
            }
        }
    }

    /// Commits an answer, or undoes what was written and records the answer alone.
    async fn handed_back<R>(&mut self, response: Response<AnswerBody<R>>, how: HandedBack, left: Left<DB>) -> Settled<R>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Left { touched, failed, mut tx } = left;
        // The handler went on after it had lost to another writer.
        if tx.as_mut().is_some_and(|tx| tx.tx().is_contended()) {
            return self.lost_to_another(tx).await;
        }
        if how != HandedBack::Done
            && let Some(tx) = tx.take()
        {
            tx.abort().await;
        }
        let (head, body) = response.into_parts();
        let max = if self.turn.seat.is_some() { self.turn.max_answer } else { 0 };
        let body = match read_answer(body, max, self.until).await {
            Ok(body) => body,
            Err(problem) => {
                let left = Left { touched, failed, tx };
                return self.not_handed_back(Reply::problem(problem, None, Verdict::Released), left).await;
            }
        };
        let (kept, body) = match body {
            ReadBody::Whole(body) => (Some(body.clone()), AnswerBody::whole(body)),
            ReadBody::Part(body) => (None, body),
        };
        let record = Record::of(head.status, &head.headers, kept, &self.settings.replayed);
        let response = Response::from_parts(head, body);
        match Step::Record.run(self.commit(tx, how, record)).await {
            Ended::Fresh => {
                let (status, verdict) = match (&self.turn.seat, self.turn.fails_open) {
                    (Some(_), _) => (Some(KeyStatus::Executed), Verdict::Fresh),
                    (None, true) => (Some(KeyStatus::Ignored), Verdict::FailOpen),
                    (None, false) => (None, Verdict::Passed),
                };
                Reply::handlers(response, status, verdict).into()
            }
            Ended::Faster(remembered) => late(remembered),
            Ended::Failed(error) => self.not_committed(error).await,
        }
    }

    async fn commit(&self, tx: Option<Ground<DB>>, how: HandedBack, record: Record) -> Ended {
        let outcome = || {
            let whole = record.encode();
            if whole.len() <= self.turn.max_outcome { whole } else { record.clone().without_body().encode() }
        };
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
            return Reply::problem(Problem::from(Kind::OutcomeUnknown).because(error), None, Verdict::Unknown).into();
        }
        match error.kind() {
            ErrorKind::Contention | ErrorKind::NotApplied | ErrorKind::Interrupted => self.lost_to_another(None).await,
            ErrorKind::InFlight => self.elsewhere().await,
            _ => {
                let problem = Problem::from(Kind::NotCommitted).because(error);
                self.look_once_more(Reply::problem(problem, Some(KeyStatus::Released), Verdict::Released)).await.into()
            }
        }
    }

    /// Rolls back. Then: again, if another writer was faster; what is recorded meanwhile; or this answer.
    async fn not_handed_back<R>(&mut self, reply: Reply<R>, left: Left<DB>) -> Settled<R> {
        let Left { touched, failed, mut tx } = left;
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

    /// Another process works under the key. What it recorded; or, as long as it may be waited for, again after a pause.
    async fn elsewhere<R>(&mut self) -> Settled<R> {
        let rest = self.turn.wait.min(self.until.saturating_duration_since(Instant::now()));
        let pause = self.turn.pause.min(rest);
        for pause in [Duration::ZERO, pause] {
            sleep(pause).await;
            let in_flight = Reply::problem(Kind::InFlight, None, Verdict::InFlight);
            let reply = self.look_once_more(in_flight).await;
            if reply.verdict != Verdict::InFlight || rest.is_zero() {
                return reply.into();
            }
        }
        self.turn.wait = rest.saturating_sub(pause);
        self.turn.pause = (self.turn.pause * 2).min(LONGEST_PAUSE);
        Settled::Again
    }

    /// Another process may have done the work meanwhile, in which case this answer is wrong.
    async fn look_once_more<R>(&self, reply: Reply<R>) -> Reply<R> {
        if seeded_bug!("no-second-look") {
            return reply;
        }
        match self.recall().await {
            Ok(None) => reply,
            Ok(Some(remembered)) => Reply::from(Answered::from(remembered)).with_verdict(Verdict::Late),
            Err(error) => {
                let (problem, verdict) = refusal(error);
                Reply::problem(problem, None, verdict)
            }
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

/// Whether it is a 4xx or 5xx.
fn is_error<R>(response: &Response<R>) -> bool {
    response.status().is_client_error() || response.status().is_server_error()
}
