//! Clients, in this process.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use benches::race::Contender;
use http_body_util::BodyExt as _;
use idem_core::Key;
use tower::ServiceExt as _;

use crate::{Failure, rival};

/// Keys that replays ask for.
pub(crate) const KNOWN: u64 = 1_000;

/// A client of a service: `POST`s an order under a key, and checks what the answer says of the key.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    router: Router,
    /// The begin of its keys.
    name: &'static str,
    /// `INSERT`s of an order.
    lines: u64,
    /// As many different numbers are asked for.
    numbers: u64,
    marked: Option<(&'static str, &'static str)>,
    has_session: bool,
    /// Its keys are UUIDs of version 7, as those of `idem_http::client` are.
    has_timed_keys: bool,
}

impl Caller {
    /// A client whose every request is new.
    pub(crate) fn new(router: Router, name: &'static str, lines: u64) -> Self {
        Self { router, name, lines, numbers: u64::MAX, marked: None, has_session: false, has_timed_keys: false }
    }

    /// The answers have this header.
    pub(crate) fn marked(self, header: &'static str, value: &'static str) -> Self {
        Self { marked: Some((header, value)), ..self }
    }

    /// Every answer says that the request was done.
    pub(crate) fn executed(self) -> Self {
        self.marked("idempotency-status", "executed")
    }

    /// A key begins with the time at which it was made.
    pub(crate) fn with_timed_keys(self) -> Self {
        Self { has_timed_keys: true, ..self }
    }

    /// It has a session, a new one for each key.
    pub(crate) fn with_sessions(self) -> Self {
        Self { has_session: true, ..self }
    }

    /// The same keys again and again.
    pub(crate) fn known(self) -> Self {
        Self { numbers: KNOWN, ..self }
    }

    /// Sends the requests that a replay is of.
    pub(crate) async fn fill(&self) -> Result<(), Failure> {
        for number in 0..KNOWN {
            self.call(number).await?;
        }
        Ok(())
    }

    fn key(&self, number: u64) -> Result<String, Failure> {
        let Self { name, has_timed_keys, .. } = self;
        Ok(if *has_timed_keys { Key::random(*name)?.as_str().to_owned() } else { format!("{name}-{number:016}") })
    }

    fn request(&self, number: u64) -> Result<Request<Body>, Failure> {
        let lines = self.lines;
        let body = format!(r#"{{"item":"the item of order {number:016}","lines":{lines}}}"#);
        let mut request = Request::post(format!("/orders/{number}"))
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", self.key(number)?);
        if self.has_session {
            request = request.header(COOKIE, format!("{}={number:021}A", rival::COOKIE));
        }
        Ok(request.body(Body::from(body))?)
    }
}

impl Contender for Caller {
    async fn call(&self, number: u64) -> Result<(), Failure> {
        let request = self.request(number % self.numbers)?;
        let response = self.router.clone().oneshot(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let marked = self.marked.is_none_or(|(name, value)| head.headers.get(name).is_some_and(|found| found == value));
        if head.status.is_success() && marked && !body.is_empty() {
            return Ok(());
        }
        Err(format!("{}-{number} was answered {head:?} {}", self.name, String::from_utf8_lossy(&body)).into())
    }
}
