//! One route, and what a probe has to know of it.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use serde_json::Value;

use super::check::check;
use super::door::Door;
use super::plan::Plan;
use super::report::Report;
use super::session::Session;

/// A request that is accepted, and what is known of its route. Made by [`Probe::post`](super::Probe::post).
#[derive(Debug)]
#[must_use = "nothing is sent before `check`"]
pub struct Route<'p>(Plan<'p>);

impl<'p> Route<'p> {
    #[track_caller]
    pub(super) fn new(door: &'p Door, headers: HeaderMap, method: Method, uri: &str, body: &Value) -> Self {
        let other = format!("{uri}{}idem-probe=other", if uri.contains('?') { '&' } else { '?' });
        let (Ok(uri), Ok(other_uri)) = (uri.parse::<Uri>(), other.parse()) else {
            panic!("{uri:?} is no URI that a probe can send to; give a path, and a query if the route needs one");
        };
        Self(Plan {
            door,
            method,
            uri,
            other_uri,
            headers,
            key_header: crate::header::IDEMPOTENCY_KEY,
            mark: None,
            content_type: Some(HeaderValue::from_static("application/json")),
            body: body.to_string().into(),
            changed: None,
            effects: None,
            before: None,
            patience: Duration::from_secs(10),
            key_is_optional: false,
            query_is_ignored: false,
        })
    }

    /// Another JSON that the route would accept under another key: it is sent under the same key, and has to be refused. Without it that is
    /// not checked.
    pub fn changed(self, body: impl Into<Value>) -> Self {
        let body: Value = body.into();
        self.changed_bytes(body.to_string())
    }

    /// [`changed`](Self::changed) for what is no JSON.
    pub fn changed_bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.0.changed = Some(body.into());
        self
    }

    /// A body that is no JSON, or none. Without a `Content-Type` unless [`content_type`](Self::content_type) gives one.
    pub fn body_bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.0.body = body.into();
        self.0.content_type = None;
        self
    }

    /// The `Content-Type` of both bodies. Default `application/json`.
    ///
    /// # Panics
    /// If it is no header.
    #[track_caller]
    pub fn content_type(mut self, content_type: &str) -> Self {
        let Ok(content_type) = HeaderValue::from_str(content_type) else {
            panic!("{content_type:?} is no value of a header");
        };
        self.0.content_type = Some(content_type);
        self
    }

    /// Counts the effects of this route: rows, mails, calls of a gateway. Without it a second effect is found only by what answers say.
    ///
    /// One request may have several; the first one shows how many. Effects that come after the answer are not seen.
    pub fn effects<F, C>(mut self, count: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'p,
        C: Future<Output = u64> + Send + 'p,
    {
        self.0.effects = Some(Box::new(move || Box::pin(count())));
        self
    }

    /// Runs before each scenario, and before each part of one that needs a new key: for a route whose request is accepted once, such as the
    /// capture of a payment. It makes the request acceptable again.
    pub fn before<F, C>(mut self, prepare: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'p,
        C: Future<Output = ()> + Send + 'p,
    {
        self.0.before = Some(Box::new(move || Box::pin(prepare())));
        self
    }

    /// The header that carries the key. Default `Idempotency-Key`.
    pub fn key_header(mut self, name: HeaderName) -> Self {
        self.0.key_header = name;
        self
    }

    /// The header that marks a replay by `true`. `Idempotent-Replayed` and `Idempotency-Replayed` are known.
    pub fn replay_header(mut self, name: HeaderName) -> Self {
        self.0.mark = Some(name);
        self
    }

    /// How long to wait for an answer, and for the first request under a key to end. Default 10 seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.0.patience = patience;
        self
    }

    /// The route runs without a key on purpose, as under `Guard::optional`.
    pub fn key_optional(mut self) -> Self {
        self.0.key_is_optional = true;
        self
    }

    /// The query means nothing to this route, so another one under the same key is a repeat. Under `Guard::keyed` it is: the command is
    /// compared, and not the request.
    pub fn query_ignored(mut self) -> Self {
        self.0.query_is_ignored = true;
        self
    }

    /// Sends what clients send, scenario by scenario. Findings are in the report, and do not end the check.
    ///
    /// It waits by tokio's clock. With its `time` paused, a service that waits for something else than tokio seems to take too long.
    ///
    /// # Cancel safety
    /// Dropped, what was sent was sent.
    pub async fn check(self) -> Report {
        check(Session::new(self.0)).await
    }
}
