//! A guarded request as it is seen from outside.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::HeaderName;
use http::request::Parts;
use idem_core::Key;

use super::meter::{Meter, rerun};
use super::span::{Span, panicked};
use super::verdict::Verdict;
use crate::correlation::Correlation;

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
    /// The scope: the tenant. `None` of a request without a key, and of one that was refused before its key was read.
    pub scope: Option<&'a str>,
    /// A short hash of the key, as [`Key::tag_in`] shows it for the namespace, and the list of lost claims; `None` if there was none.
    pub key: Option<&'a str>,
    /// The correlation id.
    pub correlation: &'a str,
    /// How often the handler ran.
    pub attempts: u32,
    /// How long it took, from its head to its answer.
    pub took: Duration,
}

/// What is called with each verdict.
pub(crate) type Auditor = Arc<dyn Fn(&Audit<'_>) + Send + Sync>;

/// A guarded request.
pub(crate) struct Watch {
    span: Span,
    meter: Meter,
    pub(crate) correlation: Correlation,
    route: Route,
    namespace: Arc<str>,
    auditor: Option<Auditor>,
    key: Option<Key>,
    attempts: u32,
    began: Instant,
}

impl Watch {
    pub(crate) fn new(parts: &Parts, names: &[HeaderName], namespace: &Arc<str>, auditor: Option<&Auditor>) -> Self {
        let (correlation, route) = (Correlation::of(&parts.headers, names), Route::of(parts));
        Self {
            span: Span::new(namespace, route.as_str(), &correlation),
            meter: Meter::new(route.as_str()),
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
        self.span.key(key, &self.namespace);
        if self.auditor.is_some() {
            self.key = Some(key.clone());
        }
    }

    pub(crate) fn attempt(&mut self, attempt: u32) {
        self.attempts = attempt;
        if attempt > 1 {
            rerun(self.route.as_str());
        }
    }

    pub(crate) fn end(&self, verdict: Verdict, status: Option<u16>) {
        self.span.end(verdict, self.attempts);
        self.meter.end(self.route.as_str(), verdict);
        let Some(auditor) = &self.auditor else { return };
        let tag = self.key.as_ref().map(|key| key.tag_in(&self.namespace).to_string());
        let audit = Audit {
            verdict,
            status,
            route: self.route.as_str(),
            namespace: &self.namespace,
            scope: self.key.as_ref().map(Key::scope),
            key: tag.as_deref(),
            correlation: self.correlation.id(),
            attempts: self.attempts,
            took: self.began.elapsed(),
        };
        // The answer stands, whatever becomes of the log.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| auditor(&audit))) {
            panicked();
            std::mem::forget(panic);
        }
    }
}

/// The route, never the path: a path has ids in it, and there is no end of them. Empty where no router has matched it.
#[cfg(feature = "axum")]
struct Route(Option<axum::extract::MatchedPath>);

#[cfg(feature = "axum")]
impl Route {
    fn of(parts: &Parts) -> Self {
        Self(parts.extensions.get().cloned())
    }

    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", axum::extract::MatchedPath::as_str)
    }
}

#[cfg(not(feature = "axum"))]
struct Route;

#[cfg(not(feature = "axum"))]
#[allow(clippy::unused_self, clippy::unnecessary_literal_bound, reason = "the shape of the other form")]
impl Route {
    fn of(_: &Parts) -> Self {
        Self
    }

    fn as_str(&self) -> &str {
        ""
    }
}
