//! What a guard is set to.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderName;
use http::{Method, Response};

use crate::body::MAX_BODY;
use crate::header::{IDEMPOTENCY_KEY, X_IDEMPOTENCY_KEY};
use crate::observe::Auditor;
use crate::panics::called;
use crate::problem::{BASE, Problem};
use crate::record::is_sendable;
use crate::scope::Scope;

/// How a problem looks on the wire.
pub(crate) type Look = Arc<dyn Fn(&Problem) -> Response<Bytes> + Send + Sync>;

/// What a guard is set to.
#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(crate) struct Settings {
    pub(crate) scope: Arc<dyn Scope>,
    pub(crate) namespace: Arc<str>,
    pub(crate) keep: Duration,
    pub(crate) derived: Option<Duration>,
    pub(crate) methods: Arc<[Method]>,
    pub(crate) names: Arc<[HeaderName]>,
    pub(crate) strict: bool,
    pub(crate) min_key_bytes: usize,
    pub(crate) refuses_weak: bool,
    pub(crate) first_sent: bool,
    pub(crate) wait: Duration,
    pub(crate) attempts: u32,
    pub(crate) deadline: Duration,
    pub(crate) max_body: usize,
    pub(crate) max_answer: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) fingerprinted: Arc<[HeaderName]>,
    pub(crate) replayed: Arc<[HeaderName]>,
    pub(crate) look: Option<Look>,
    pub(crate) base: Cow<'static, str>,
    pub(crate) fail_open: Option<&'static str>,
    pub(crate) auditor: Option<Auditor>,
    pub(crate) required: bool,
}

impl Settings {
    pub(super) fn new(scope: impl Scope) -> Self {
        Self {
            scope: Arc::new(scope),
            namespace: "http".into(),
            keep: Duration::from_hours(24),
            derived: None,
            methods: [Method::POST, Method::PATCH].into(),
            names: [IDEMPOTENCY_KEY, X_IDEMPOTENCY_KEY].into(),
            strict: false,
            min_key_bytes: 16,
            refuses_weak: false,
            first_sent: false,
            wait: Duration::ZERO,
            attempts: 3,
            deadline: Duration::from_secs(30),
            max_body: MAX_BODY,
            max_answer: MAX_BODY,
            max_in_flight: 1_024,
            fingerprinted: [].into(),
            replayed: [].into(),
            look: None,
            base: BASE.into(),
            fail_open: None,
            auditor: None,
            required: true,
        }
    }

    /// The problem as this service shows it.
    pub(crate) fn response(&self, problem: &Problem) -> Response<Bytes> {
        let Some(look) = &self.look else { return problem.response_under(&self.base) };
        // A look that panics, or gives a status that cannot be sent, is none.
        let shown = called(|| look(problem)).filter(|response| is_sendable(response.status()));
        let Some(mut response) = shown else { return problem.response_under(&self.base) };
        // What clients act on stays, whatever the look.
        let headers = problem.headers();
        for name in headers.keys().filter(|name| !response.headers().contains_key(*name)).cloned().collect::<Vec<_>>() {
            for value in headers.get_all(&name) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        response
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("namespace", &self.namespace)
            .field("keep", &self.keep)
            .field("methods", &self.methods)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}
