//! How a guarded request goes, whatever the mode: its head, its body, its key, runs of the handler, the answer.

use std::any::Any;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use idem_core::operation::Request as Fingerprinted;
use tokio::time::{Instant, timeout};
use tower_service::Service;

use super::adopt::Handler;
use super::answered::{Marks, Reply, Settled};
use super::gate::InFlight;
use super::mode::{Entered, Mode};
use super::policy::Policy;
use super::prepare::{Admitted, admit, admitted, head};
use super::run::{Polled, Ran, RunId, handed_back, poll};
use crate::answer_body::AnswerBody;
use crate::header::quoted;
use crate::observe::{Verdict, Watch};
use crate::panics::{caught, drop_panic};
use crate::problem::{Kind, Problem};

/// A deadline that never comes.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// A guard is around the request.
#[derive(Clone)]
struct Guarded;

/// The parts of a request that each run of the handler gets.
struct Template<B> {
    parts: Parts,
    body: RunBody<B>,
}

enum RunBody<B> {
    /// Read whole: for as many runs as there are.
    Whole(Bytes),
    /// As it came: for one run.
    Once(Option<B>),
}

/// Why a request has no answer of its handler.
type Refusal = (Problem, Verdict);

pub(crate) async fn serve<M, S, B, R>(
    policy: Arc<Policy<M>>,
    service: S,
    request: Request<B>,
    handler: Handler,
) -> Result<Response<AnswerBody<R>>, S::Error>
where
    M: Mode,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: 'static,
    B: Body<Data = Bytes> + From<Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // Boxed: it is passed on a few times, and a request is large.
    let template = Box::new(Template::new(request));
    let settings = &policy.settings;
    let mut watch = Watch::new(&template.parts, &settings.names, &settings.namespace, settings.auditor.as_ref());
    let mut marks = Marks { settings, gate: &policy.gate, correlation: watch.correlation.clone(), key: None };
    let span = watch.span();
    // It ends after the last auditor has run.
    let mut in_flight = None;
    let reply = span.run(answer(&policy, (service, template, handler), &mut in_flight, &mut watch, &mut marks)).await;
    let (verdict, answered) = match reply {
        Ok(reply) => (reply.verdict, Ok(marks.response(reply))),
        Err((failed, verdict)) => (verdict, Err(failed)),
    };
    watch.end(verdict, answered.as_ref().ok().map(|response| response.status().as_u16()));
    answered
}

async fn answer<M, S, B, R>(
    policy: &Policy<M>,
    (mut service, mut template, handler): (S, Box<Template<B>>, Handler),
    in_flight: &mut Option<InFlight>,
    watch: &mut Watch,
    marks: &mut Marks<'_>,
) -> Result<Reply<R>, (S::Error, Verdict)>
where
    M: Mode,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: 'static,
    B: Body<Data = Bytes> + From<Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let settings = &policy.settings;
    let refuse = |(problem, verdict): Refusal| Ok(Reply::problem(problem, None, verdict));
    if template.parts.extensions.get::<Guarded>().is_some() {
        let fix = "one guard belongs around a route; put groups side by side, not inside each other";
        return refuse((Problem::misuse(Kind::GuardedTwice, fix), Verdict::Refused));
    }
    match policy.gate.enter(settings.max_in_flight) {
        Ok(entered) => *in_flight = Some(entered),
        Err(problem) if problem.kind() == "draining" => {
            let problem = problem.header(CONNECTION, HeaderValue::from_static("close"));
            return refuse((problem, Verdict::Refused));
        }
        Err(problem) => return refuse((problem, Verdict::Refused)),
    }
    // Boxed: done by the time the handler runs, so its future need not hold the room. A scope may panic, and the body of a request.
    let admitted = match Box::pin(caught(prepare(policy, &mut template, watch, marks))).await {
        Some(Ok(admitted)) => admitted,
        Some(Err(refusal)) => return refuse(refusal),
        None => return refuse((Kind::Panic.into(), Verdict::Refused)),
    };
    let mut turn = match Box::pin(policy.mode.enter(&admitted, settings)).await {
        Entered::Turn(turn) => turn,
        Entered::Known(known) => return Ok(known.into()),
        Entered::Refused(problem, verdict) => return refuse((problem, verdict)),
    };
    handler.begins();
    let until = Instant::now().checked_add(settings.deadline).unwrap_or_else(|| Instant::now() + NEVER);
    let mut attempt = 0;
    loop {
        attempt += 1;
        watch.attempt(attempt);
        let Some(mut request) = template.request(M::RERUNS) else {
            return refuse((Problem::internal("a body that is sent once ran twice"), Verdict::Released));
        };
        let run = RunId::default();
        let extensions = request.extensions_mut();
        extensions.insert(Guarded);
        extensions.insert(admitted.keys.clone());
        M::lend(&mut turn, &admitted, (attempt, &run), extensions);
        let spare = M::RERUNS.then(|| service.clone());
        // Within the future: a service may panic when it is called.
        let polled = {
            let running = pin!(Some(async {
                // Not before: a duplicate that waits holds no place of a layer inside, and a replay takes none.
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            }));
            poll(running, until, M::lost(&turn)).await
        };
        let (ran, failed) = match polled {
            Polled::Ended(Ok(mut response)) => {
                let token = handed_back(&run, response.extensions_mut());
                (Ran::Answered(response.map(AnswerBody::own), token), None)
            }
            Polled::Ended(Err(failed)) => match problem_of(failed) {
                Ok(problem) => (Ran::Answered(problem.response().map(AnswerBody::whole), None), None),
                Err(failed) => (Ran::Failed, Some(failed)),
            },
            Polled::Panicked(panic) => {
                drop_panic(panic);
                (Ran::Panicked, None)
            }
            Polled::TooLong => (Ran::TooLong, None),
            Polled::Lost => (Ran::Lost, None),
        };
        let settled = Box::pin(M::settle(&mut turn, marks, until, ran)).await;
        match (settled, failed) {
            (Settled::Answer(reply), None) => return Ok(reply),
            (Settled::Answer(reply), Some(failed)) => return Err((failed, reply.verdict)),
            (Settled::Again, _) => {
                let Some(spare) = spare else {
                    return refuse((Problem::internal("a handler that runs once ran again"), Verdict::Released));
                };
                service = spare;
            }
        }
    }
}

/// The problem that a service failed with: it is an answer, as in axum.
fn problem_of<E: 'static>(failed: E) -> Result<Problem, E> {
    let mut failed = Some(failed);
    if let Some(problem) = (&mut failed as &mut dyn Any).downcast_mut::<Option<Problem>>()
        && let Some(problem) = problem.take()
    {
        return Ok(problem);
    }
    // Only a problem was taken.
    failed.map_or_else(|| Ok(Problem::internal("a service failed with nothing")), Err)
}

async fn prepare<M, B>(
    policy: &Policy<M>,
    template: &mut Template<B>,
    watch: &mut Watch,
    marks: &mut Marks<'_>,
) -> Result<Box<Admitted>, Refusal>
where
    M: Mode,
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let settings = &policy.settings;
    let head = head(&template.parts, settings)?;
    marks.key = head.key.as_deref().and_then(quoted);
    let body = if M::COMPARES { template.body.take() } else { None };
    let admitted = match body {
        Some(body) => {
            let reading = admit(head, &template.parts, body, settings, &watch.correlation);
            let Ok(admitted) = timeout(settings.deadline.min(NEVER), reading).await else {
                let late = Problem::new(StatusCode::REQUEST_TIMEOUT, "body").detail("the body took too long to come");
                return Err((late.retryable(true), Verdict::Refused));
            };
            let (admitted, body) = admitted?;
            template.body = RunBody::Whole(body);
            admitted
        }
        None => admitted(head, Fingerprinted::to(""), settings, &watch.correlation)?,
    };
    if let Some(key) = &admitted.key {
        watch.key(key);
    }
    Ok(Box::new(admitted))
}

impl<B> RunBody<B> {
    /// The body as it came, once.
    fn take(&mut self) -> Option<B> {
        match self {
            Self::Whole(_) => None,
            Self::Once(body) => body.take(),
        }
    }
}

impl<B> Template<B> {
    fn new(request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        Self { parts, body: RunBody::Once(Some(body)) }
    }
}

impl<B: From<Bytes>> Template<B> {
    /// The request for the next run; the last one, unless it may run again.
    fn request(&mut self, again: bool) -> Option<Request<B>> {
        let body = match &mut self.body {
            RunBody::Whole(body) => B::from(body.clone()),
            once @ RunBody::Once(_) => once.take()?,
        };
        let parts = if again {
            self.parts.clone()
        } else {
            std::mem::replace(&mut self.parts, Request::new(()).into_parts().0)
        };
        Some(Request::from_parts(parts, body))
    }
}
