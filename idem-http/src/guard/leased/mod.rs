//! The mode whose handlers do what no transaction can hold.

pub(crate) mod lease;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Response};
use http_body::Body;
use idem_core::ErrorKind;
use idem_core::lease::{Claim, LeasedOperation, Leases, OwnedLease, Resolved, WhenLost};
use idem_core::operation::Completed;
use tokio::time::Instant;

use self::lease::Run;
use super::answered::{Answered, KeyStatus, Reply, Settled};
use super::mode::{Engine, Entered, Mode, Recorded};
use super::prepare::Admitted;
use super::run::{HandedBack, Ran, RunId};
use super::settings::Settings;
use crate::answer_body::{AnswerBody, ReadBody, read_answer};
use crate::observe::{self, Step, Verdict};
use crate::problem::{Kind, Problem};
use crate::record::Record;
use crate::refusal::refusal;

/// The mode of [`Guard::leased`](super::Guard::leased).
#[derive(Clone)]
pub struct Leased {
    leases: Leases,
    operation: LeasedOperation,
    pub(super) lease: Duration,
    pub(super) when_lost: WhenLost,
}

/// A key that this process works under.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None`: nothing is recorded.
    owned: Option<OwnedLease>,
    /// The records could not be reached, and the handler runs all the same.
    fails_open: bool,
    /// What the run of the handler shares with this.
    run: Option<Arc<Run>>,
    when_lost: WhenLost,
    max_outcome: usize,
}

impl Leased {
    pub(super) fn new(leases: Leases) -> Self {
        let operation = leases.operation("http");
        Self { leases, operation, lease: Duration::from_secs(30), when_lost: WhenLost::default() }
    }
}

impl Mode for Leased {}

impl Recorded for Leased {}

impl Engine for Leased {
    const NAME: &'static str = "leased";
    const COMPARES: bool = true;
    type Turn = Turn;

    fn set_up(&mut self, settings: &Settings) {
        let operation = self.leases.operation(settings.namespace.clone());
        self.operation = operation.remember_for(settings.keep).lease(self.lease).when_lost(self.when_lost);
    }

    async fn enter(&self, request: &Admitted, settings: &Settings) -> Entered<Turn> {
        let turn = |owned, fails_open| {
            let (when_lost, max_outcome) = (self.when_lost, self.operation.max_outcome());
            Entered::Turn(Turn { owned, fails_open, run: None, when_lost, max_outcome })
        };
        let Some(key) = &request.key else { return turn(None, false) };
        let operation = match settings.derived.filter(|_| request.is_derived) {
            Some(window) => self.operation.clone().remember_for(window),
            None => self.operation.clone(),
        };
        let claim = Step::Claim.run(operation.claim_within(key, &request.request, settings.wait)).await;
        match claim {
            Ok(Claim::Mine(owned)) if owned.lease().check().is_ok() => turn(Some(owned), false),
            // The claim took so long that its lease cannot be relied on.
            Ok(Claim::Mine(owned)) => {
                let _ = owned.release().await;
                Entered::Refused(Kind::StoreAway.into(), Verdict::Refused)
            }
            Ok(Claim::Remembered(remembered)) => Entered::Known(remembered.into()),
            Ok(Claim::Held { left }) => {
                Entered::Refused(Problem::from(Kind::InFlight).retry_after(left), Verdict::InFlight)
            }
            Ok(Claim::Lost { .. }) => Entered::Refused(Kind::OutcomeLost.into(), Verdict::Unknown),
            Err(error) => match (refusal(error), settings.fail_open) {
                ((problem, Verdict::Refused), Some(why)) => {
                    observe::problem(&problem);
                    observe::fail_open(why);
                    turn(None, true)
                }
                ((problem, verdict), _) => Entered::Refused(problem, verdict),
            },
        }
    }

    fn lend(turn: &mut Turn, request: &Admitted, (_, id): (u32, &RunId), extensions: &mut Extensions) {
        let lease = turn.owned.as_ref().map(|owned| owned.lease().clone());
        let run = Arc::new(Run::new(id, &request.keys, &request.correlation, lease));
        extensions.insert(run.clone());
        turn.run = Some(run);
    }

    async fn lost(turn: &Turn) {
        match &turn.owned {
            Some(owned) => owned.lease().lost().await,
            None => std::future::pending().await,
        }
    }

    async fn settle<R>(turn: &mut Turn, settings: &Settings, until: Instant, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let fix =
            "return `lease.done(answer)` or `lease.not_done(answer)`: the end of what is not handed back is unknown";
        match ran {
            Ran::Answered(response, Some(HandedBack::NotDone)) => {
                turn.release().await;
                turn.ended(Reply::handlers(response, Some(KeyStatus::Released), Verdict::Released))
            }
            Ran::Answered(response, Some(_)) => turn.done(response, settings, until).await,
            Ran::Answered(response, None) if response.status().as_u16() < 400 => {
                turn.not_handed_back(Reply::problem(Problem::misuse(Kind::NotCommitted, fix), None, Verdict::Unknown))
                    .await
            }
            Ran::Answered(response, None) => {
                turn.not_handed_back(Reply::handlers(response, None, Verdict::Unknown)).await
            }
            Ran::Panicked | Ran::Failed => {
                turn.not_handed_back(Reply::problem(Kind::Panic, None, Verdict::Unknown)).await
            }
            Ran::TooLong => turn.not_handed_back(Reply::problem(Kind::Deadline, None, Verdict::Unknown)).await,
            Ran::Lost => turn.not_handed_back(turn.lost()).await,
        }
        .into()
    }
}

impl Turn {
    /// Records an answer.
    async fn done<R>(&mut self, response: Response<AnswerBody<R>>, settings: &Settings, until: Instant) -> Reply<R>
    where
        R: Body<Data = Bytes>,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Some(owned) = self.owned.take() else {
            let verdict = if self.fails_open { Verdict::FailOpen } else { Verdict::Passed };
            return self.ended(Reply::handlers(response, None, verdict));
        };
        let (head, body) = response.into_parts();
        let (kept, body) = match read_answer(body, settings.max_answer, until).await {
            Ok(ReadBody::Whole(body)) => (Some(body.clone()), AnswerBody::whole(body)),
            Ok(ReadBody::Part(body)) => (None, body),
            Err(problem) => {
                // It was done; what the answer would have been is not known.
                let _ = owned.abandon().await;
                return Reply::problem(problem, None, Verdict::Unknown);
            }
        };
        let record = Record::of(head.status, &head.headers, kept, &settings.replayed);
        let mut outcome = record.encode();
        if outcome.len() > self.max_outcome {
            outcome = record.without_body().encode();
        }
        let response = Response::from_parts(head, body);
        match Step::Record.run(owned.complete(&outcome)).await {
            Ok(Completed::Fresh { .. }) => Reply::handlers(response, Some(KeyStatus::Executed), Verdict::Fresh),
            Ok(Completed::Remembered(winner)) => Reply::from(Answered::from(winner)).with_verdict(Verdict::Late),
            Err(error) if error.kind() == ErrorKind::Fenced => Reply::problem(error, None, Verdict::InFlight),
            // It was done, and the client learns it; a repeat does not.
            Err(error) => {
                observe::problem(&error.into());
                observe::not_recorded();
                Reply::handlers(response, Some(KeyStatus::Ignored), Verdict::FailOpen)
            }
        }
    }

    /// Ends a run that was not handed back: nothing was done, or nobody knows.
    async fn not_handed_back<R>(&mut self, reply: Reply<R>) -> Reply<R> {
        if self.run.as_ref().is_some_and(|run| run.is_touched()) {
            if let Some(owned) = self.owned.take() {
                let _ = owned.abandon().await;
            }
            return self.ended(reply);
        }
        self.release().await;
        let reply = reply.with_verdict(Verdict::Released);
        self.ended(Reply { status: Some(KeyStatus::Released), ..reply })
    }

    async fn release(&mut self) {
        if let Some(owned) = self.owned.take() {
            // One that cannot be freed now is freed in the background.
            let _ = owned.release().await;
        }
    }

    /// The lease was lost while the handler ran.
    fn lost<R>(&self) -> Reply<R> {
        let kind = match self.when_lost {
            WhenLost::Indeterminate => Kind::OutcomeLost,
            _ => Kind::OutcomeUnknown,
        };
        Reply::problem(kind, None, Verdict::Unknown)
    }

    /// Without a record a repeat is not recognised, whatever the answer.
    fn ended<R>(&self, reply: Reply<R>) -> Reply<R> {
        if self.fails_open { Reply { status: Some(KeyStatus::Ignored), ..reply } } else { reply }
    }
}

/// What an operator resolves a lost request with: repeats get this answer.
/// [`LeasedOperation::resolve`] takes it, of the operation that is named as the guard's namespace.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
///
/// let answer = Response::builder().status(201).header("content-type", "text/plain").body(Bytes::from("charged"))?;
/// let resolved = idem_http::recorded(&answer);
/// # let _ = resolved;
/// # Ok::<(), http::Error>(())
/// ```
pub fn recorded(answer: &Response<Bytes>) -> Resolved {
    let record = Record::of(answer.status(), answer.headers(), Some(answer.body().clone()), &[]);
    Resolved::Completed(record.encode())
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leased").field(&self.operation).finish()
    }
}
