//! Answers of guarded requests, before they are sent.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use http::{HeaderMap, Response};
use idem_core::operation::Remembered;

use super::gate::Gate;
use super::settings::Settings;
use crate::answer_body::AnswerBody;
use crate::correlation::{Correlation, urn};
use crate::observe::Verdict;
use crate::problem::{Kind, Problem};
use crate::record::Record;

pub(crate) const STATUS: HeaderName = HeaderName::from_static("idempotency-status");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// How Stripe's clients are asked for a repeat, or not.
const STRIPE: HeaderName = HeaderName::from_static("stripe-should-retry");
pub(crate) const SUPERSEDED: HeaderName = HeaderName::from_static("idempotency-superseded");

/// What became of the key: `Idempotency-Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyStatus {
    /// The request was done, and its answer is remembered.
    Executed,
    /// It was done before.
    Replayed,
    /// Nothing was done; a repeat is a first try.
    Released,
    /// The key was not looked at; a repeat may be a second effect.
    Ignored,
}

impl KeyStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Replayed => "replayed",
            Self::Released => "released",
            Self::Ignored => "ignored",
        }
    }
}

/// What a run of a handler ended with.
#[derive(Debug)]
pub(crate) enum Settled<R> {
    Answer(Reply<R>),
    /// Another writer was faster: the handler is to run again.
    Again,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply<R> {
    pub(crate) answer: Answer<R>,
    pub(crate) status: Option<KeyStatus>,
    pub(crate) is_superseded: bool,
    /// Nobody is asked to send the request again, whatever the look of the answer says.
    pub(super) is_final: bool,
    pub(crate) verdict: Verdict,
}

/// The problem that an answer shows.
#[derive(Debug, Clone)]
struct Shown(Problem);

#[derive(Debug)]
pub(crate) enum Answer<R> {
    /// The handler's.
    Handlers(Response<AnswerBody<R>>),
    /// One that was recorded.
    Recorded(Response<Bytes>),
    Problem(Problem),
}

impl<R> Reply<R> {
    pub(crate) fn handlers(response: Response<AnswerBody<R>>, status: Option<KeyStatus>, verdict: Verdict) -> Self {
        Self { answer: Answer::Handlers(response), status, is_superseded: false, is_final: false, verdict }
    }

    pub(crate) fn problem(problem: impl Into<Problem>, status: Option<KeyStatus>, verdict: Verdict) -> Self {
        Self { answer: Answer::Problem(problem.into()), status, is_superseded: false, is_final: false, verdict }
    }

    /// The same of work without a record, of which it is not known whether it was done: a repeat may do it a second time.
    pub(crate) fn unrecorded(self) -> Self {
        Self { status: Some(KeyStatus::Ignored), ..self.not_to_be_repeated() }
    }

    /// The same without what asks for a repeat.
    pub(crate) fn not_to_be_repeated(self) -> Self {
        let answer = match self.answer {
            Answer::Handlers(mut response) => {
                let extensions = response.extensions_mut();
                let shown = extensions.remove::<Shown>();
                match (shown, Problem::behind(extensions)) {
                    // It is shown already, and says that it may be repeated.
                    (Some(Shown(problem)), _) if problem.is_retryable() => Answer::Problem(problem.retryable(false)),
                    (_, Some(problem)) => {
                        extensions.insert(problem.retryable(false));
                        Answer::Handlers(response)
                    }
                    _ => Answer::Handlers(response),
                }
            }
            Answer::Problem(problem) => Answer::Problem(problem.retryable(false)),
            answer @ Answer::Recorded(_) => answer,
        };
        Self { answer, is_final: true, ..self }
    }

    /// Whether the handler answered, and neither 4xx nor 5xx.
    pub(crate) fn is_success(&self) -> bool {
        matches!(&self.answer, Answer::Handlers(response) if response.status().as_u16() < 400)
    }

    /// The same with another verdict.
    pub(crate) fn with_verdict(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }
}

impl<R> From<Reply<R>> for Settled<R> {
    fn from(reply: Reply<R>) -> Self {
        Self::Answer(reply)
    }
}

/// The answer that is remembered of a key.
#[derive(Debug)]
pub(crate) struct Answered {
    answer: Result<Response<Bytes>, Problem>,
    is_superseded: bool,
}

impl From<Remembered> for Answered {
    fn from(remembered: Remembered) -> Self {
        let is_superseded = remembered.superseded;
        let answer = match Record::decode(remembered.outcome) {
            Ok(record) => record.response().map_err(|headers| not_kept(&headers)),
            // It was done, whatever its answer was: recorded by a newer release, or by another layer under this name.
            Err(corrupt) => {
                crate::observe::unreadable(&corrupt.to_string());
                Err(not_kept(&HeaderMap::new()))
            }
        };
        Self { answer, is_superseded }
    }
}

fn not_kept(headers: &HeaderMap) -> Problem {
    let problem = Problem::from(Kind::AnswerNotKept);
    match headers.get(LOCATION) {
        Some(location) => problem.header(LOCATION, location.clone()),
        None => problem,
    }
}

impl<R> From<Answered> for Reply<R> {
    fn from(answered: Answered) -> Self {
        let Answered { answer, is_superseded } = answered;
        let answer = match answer {
            Ok(response) => Answer::Recorded(response),
            Err(problem) => Answer::Problem(problem),
        };
        let (status, verdict) = (Some(KeyStatus::Replayed), Verdict::Replayed);
        Self { answer, status, is_superseded, is_final: false, verdict }
    }
}

/// What every answer to one request has in common.
pub(crate) struct Marks<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) gate: &'a Arc<Gate>,
    /// What makes the URI of this occurrence of a problem.
    pub(crate) correlation: Correlation,
    /// The key, as it is given back.
    pub(crate) key: Option<HeaderValue>,
}

impl Marks<'_> {
    /// Gives the handler's problem, if it answered one, the look of this service.
    pub(crate) fn shown<R>(&self, response: Response<AnswerBody<R>>) -> Response<AnswerBody<R>> {
        let (mut parts, body) = response.into_parts();
        let problem = Problem::behind(&mut parts.extensions);
        // A layer inside has made another answer of it.
        let is_problem = |problem: &Problem| problem.status() == parts.status && is_problem(&parts.headers);
        let Some(mut problem) = problem.filter(is_problem) else {
            return Response::from_parts(parts, body);
        };
        problem.occurred(&urn(self.correlation.id()));
        crate::observe::problem(&problem);
        let (shown, body) = self.settings.response(&problem).into_parts();
        // What layers inside have added stays, except what they said of the body that it had.
        for name in shown.headers.keys().chain(&[CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, ETAG]) {
            parts.headers.remove(name);
        }
        parts.headers.extend(shown.headers);
        parts.status = shown.status;
        parts.extensions.insert(Shown(problem));
        Response::from_parts(parts, AnswerBody::whole(body))
    }

    /// A problem as an answer of the handler.
    pub(crate) fn shown_problem<R>(&self, mut problem: Problem) -> Response<AnswerBody<R>> {
        problem.occurred(&urn(self.correlation.id()));
        crate::observe::problem(&problem);
        self.settings.response(&problem).map(AnswerBody::whole)
    }

    /// The answer as it is sent.
    pub(crate) fn response<R>(self, reply: Reply<R>) -> Response<AnswerBody<R>> {
        let mut response = match reply.answer {
            Answer::Handlers(response) => self.shown(response),
            Answer::Recorded(response) => response.map(AnswerBody::whole),
            Answer::Problem(problem) => self.shown_problem(problem),
        };
        response.extensions_mut().remove::<Shown>();
        let headers = response.headers_mut();
        // Those of a service behind this one would say something else.
        for name in [STATUS, REPLAYED, SUPERSEDED] {
            headers.remove(name);
        }
        if reply.is_final {
            headers.remove(RETRY_AFTER);
            // Without it Stripe's clients repeat by the status.
            if let Some(value) = headers.get_mut(STRIPE) {
                *value = HeaderValue::from_static("false");
            }
        }
        if let Some(status) = reply.status {
            headers.insert(STATUS, HeaderValue::from_static(status.word()));
        }
        if reply.status == Some(KeyStatus::Replayed) {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if reply.is_superseded {
            headers.insert(SUPERSEDED, HeaderValue::from_static("true"));
        }
        if let Some(key) = self.key {
            headers.insert(crate::header::IDEMPOTENCY_KEY, key);
        }
        response
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"))
}
