//! What is seen of guarded requests from outside: a span (feature `tracing`), metrics (feature `metrics`), and an auditor on demand. Never a
//! key, a path or a body.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "some parts are for transactions")
)]

mod meter;
mod span;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use idem_core::Key;

use self::meter::Meter;
pub(crate) use self::meter::{Step, adopted, fail_open, not_recorded, rerun};
use self::span::Span;
pub(crate) use self::span::{panicked, problem, weak_key};
use crate::guard::settings::Auditor;

/// What a guarded request came to, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It was done, and its answer is remembered.
    Fresh,
    /// It was done before, and its answer was given again.
    Replayed,
    /// It was done by another process while the handler ran here; that one's answer was given.
    Late,
    /// Nothing was done, and the key is free.
    Released,
    /// The first request with the key has not finished.
    InFlight,
    /// The key was used for another request.
    KeyReused,
    /// The key is missing, malformed, weak or too old.
    Malformed,
    /// Whether it was done is not known.
    Unknown,
    /// It ran without a record: the store could not be reached, or could not record it.
    FailOpen,
    /// It was refused before its key was looked for: its body, its scope, too many in flight.
    Refused,
    /// It ran, and its key is the command's own, or it had none.
    Passed,
}

impl Verdict {
    /// The word in metrics and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Replayed => "replayed",
            Self::Late => "late",
            Self::Released => "released",
            Self::InFlight => "in_flight",
            Self::KeyReused => "key_reused",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::FailOpen => "fail_open",
            Self::Refused => "refused",
            Self::Passed => "passed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a guarded request came to, for [`Guard::audit`](crate::Guard::audit).
#[derive(Debug)]
#[non_exhaustive]
pub struct Audit<'a> {
    /// What it came to.
    pub verdict: Verdict,
    /// The status that it was answered with; `None` if the service failed.
    pub status: Option<u16>,
    /// The route, as axum matched it: `/payments/{id}`. Empty elsewhere.
    pub route: &'a str,
    /// The namespace of the guard.
    pub namespace: &'a str,
    /// The scope: the tenant. `None` if it was not found out.
    pub scope: Option<&'a str>,
    /// A short hash of the key, as [`Key::tag`] shows it; `None` if there was none.
    pub key: Option<&'a str>,
    /// The correlation id.
    pub correlation: &'a str,
    /// How often the handler ran.
    pub attempts: u32,
    /// How long it took, from its head to its answer.
    pub took: Duration,
}

/// A guarded request.
pub(crate) struct Watch {
    span: Span,
    meter: Meter,
    pub(crate) correlation: Arc<str>,
    route: String,
    namespace: Arc<str>,
    auditor: Option<Auditor>,
    key: Option<Key>,
    attempts: u32,
    began: Instant,
}

impl Watch {
    pub(crate) fn new(parts: &Parts, namespace: &Arc<str>, auditor: Option<&Auditor>) -> Self {
        let (correlation, route) = (crate::correlation::of(&parts.headers), route(parts));
        Self {
            span: Span::new(namespace, &route, &correlation),
            meter: Meter::new(&route),
            correlation,
            route,
            namespace: namespace.clone(),
            auditor: auditor.cloned(),
            key: None,
            attempts: 0,
            began: Instant::now(),
        }
    }

    /// The span around the request.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(crate) fn key(&mut self, key: &Key) {
        self.span.key(key);
        if self.auditor.is_some() {
            self.key = Some(key.clone());
        }
    }

    pub(crate) fn attempt(&mut self, attempt: u32) {
        self.attempts = attempt;
        if attempt > 1 {
            rerun(&self.route);
        }
    }

    pub(crate) fn end(&self, verdict: Verdict, status: Option<u16>) {
        self.span.end(verdict, self.attempts);
        self.meter.end(&self.route, verdict);
        let Some(auditor) = &self.auditor else { return };
        let tag = self.key.as_ref().map(|key| key.tag().to_string());
        auditor(&Audit {
            verdict,
            status,
            route: &self.route,
            namespace: &self.namespace,
            scope: self.key.as_ref().map(Key::scope),
            key: tag.as_deref(),
            correlation: &self.correlation,
            attempts: self.attempts,
            took: self.began.elapsed(),
        });
    }
}

/// The route, never the path: a path has ids in it, and there is no end of them.
#[cfg(feature = "axum")]
fn route(parts: &Parts) -> String {
    parts.extensions.get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default()
}

#[cfg(not(feature = "axum"))]
fn route(_: &Parts) -> String {
    String::new()
}
