//! The mode whose handlers do what no transaction can hold.

pub(crate) mod lease;
mod settle;
mod turn;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Response, StatusCode};
use http_body::Body;
use idem_core::lease::{Claim, LeasedOperation, Leases, Resolved, WhenLost};
use tokio::time::Instant;

use self::lease::Run;
use self::turn::Turn;
use super::answered::{Marks, Settled};
use super::mode::{Engine, Entered, Mode, Recorded};
use super::prepare::Admitted;
use super::run::{Ran, RunId};
use super::settings::Settings;
use crate::observe::{Step, Verdict};
use crate::problem::{Kind, Problem};
use crate::record::{Record, is_sendable};
use crate::refusal::{Refusal, refusal};

/// The mode of [`Guard::leased`](super::Guard::leased).
#[derive(Clone)]
pub struct Leased {
    leases: Leases,
    operation: LeasedOperation,
    pub(super) lease: Duration,
    pub(super) when_lost: WhenLost,
}

impl Leased {
    pub(super) fn new(leases: Leases) -> Self {
        let operation = leases.operation("http");
        Self { leases, operation, lease: Duration::from_secs(30), when_lost: WhenLost::default() }
    }
}

/// When a duplicate may ask again: an owner that works renews its lease, so what is left of it says nothing of when the work ends.
const SOON: Duration = Duration::from_secs(2);

impl Mode for Leased {}

impl Recorded for Leased {}

impl Engine for Leased {
    const NAME: &'static str = "leased";
    const COMPARES: bool = true;
    const RERUNS: bool = false;
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
        let claim = Step::Claim.run(self.operation.claim_within(key, &request.request, settings.wait)).await;
        match claim {
            Ok(Claim::Mine(owned)) if owned.lease().check().is_ok() => turn(Some(owned), false),
            // The claim took so long that its lease cannot be relied on.
            Ok(Claim::Mine(owned)) => {
                // What an owner before may have done is not undone by this one.
                let _ = if owned.lease().attempt() > 1 { owned.abandon().await } else { owned.release().await };
                Entered::Refused(Kind::StoreAway.into(), Verdict::Refused)
            }
            Ok(Claim::Remembered(remembered)) => Entered::Known(remembered.into()),
            Ok(Claim::Held { left }) => {
                Entered::Refused(Problem::from(Kind::InFlight).retry_after(left.min(SOON)), Verdict::InFlight)
            }
            Ok(Claim::Lost { .. }) => Entered::Refused(Kind::OutcomeLost.into(), Verdict::Unknown),
            Err(error) => match refusal(error, settings.fail_open) {
                Refusal::Open => turn(None, true),
                Refusal::Answer(problem, verdict) => Entered::Refused(problem, verdict),
            },
        }
    }

    fn lend(turn: &mut Turn, request: &Admitted, (_, id): (u32, &RunId), extensions: &mut Extensions) {
        let lease = turn.owned.as_ref().map(|owned| owned.lease().clone());
        let run = Arc::new(Run::new(id, &request.keys, &request.correlation, lease));
        // In the place of those that note nothing.
        extensions.insert(run.keys().clone());
        extensions.insert(run.clone());
        turn.run = Some(run);
    }

    async fn lost(turn: &Turn) {
        match &turn.owned {
            Some(owned) => owned.lease().lost().await,
            None => std::future::pending().await,
        }
    }

    async fn settle<R>(turn: &mut Turn, marks: &Marks<'_>, until: Instant, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        settle::settle(turn, marks, until, ran).await.into()
    }
}

/// What an operator resolves a lost request with: repeats get this answer.
/// [`LeasedOperation::resolve`] takes it, of the operation that is named as the guard's namespace. Of an answer that cannot be sent again,
/// with a status below 200 or above 599, no body is kept: repeats are answered with 410. Headers that only a guard's
/// [`replays_header`](super::Guard::replays_header) names are not kept.
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
    let kept = is_sendable(answer.status()).then(|| answer.body().clone());
    let status = if kept.is_some() { answer.status() } else { StatusCode::OK };
    let record = Record::of(status, answer.headers(), kept, &[]);
    Resolved::Completed(record.encode())
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leased").field(&self.operation).finish()
    }
}
