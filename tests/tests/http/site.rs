//! A service on a database of its own, and requests to it: called in this process, or over a socket.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use idem_core::Idem;
use idem_http::{Guard, Transactional, scope};
use tests::{Backend, Place};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::service::{App, Script, router};

/// How requests come to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Call,
    Socket,
}

/// A database, and a service on it.
pub(crate) struct Site<DB: Backend> {
    _place: DB::Place,
    pub(crate) url: String,
    pub(crate) idem: Idem<DB>,
    pub(crate) app: App,
    via: Via,
}

/// A service that takes requests.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    Call(Router),
    Socket(reqwest::Client, String),
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";

impl<DB: Backend> Site<DB> {
    /// `None` where the test is skipped.
    pub(crate) async fn open(via: Via) -> Option<Self> {
        let place = DB::fresh().await?;
        let url = place.address();
        let idem = node(&url).await;
        DB::prepare(&url).await;
        Some(Self { _place: place, url, idem, app: App::default(), via })
    }

    pub(crate) fn guard(&self) -> Guard<Transactional<DB>> {
        Guard::transactional(&self.idem, scope::single())
    }

    /// A service with these settings of its guard.
    pub(crate) async fn serve(
        &self,
        settings: impl FnOnce(Guard<Transactional<DB>>) -> Guard<Transactional<DB>>,
    ) -> Door {
        self.serve_router(router(self.app.clone(), &settings(self.guard()).required())).await
    }

    pub(crate) async fn serve_router(&self, router: Router) -> Door {
        Door::open(router, self.via).await
    }

    /// How many notes there are.
    pub(crate) async fn effects(&self) -> i64 {
        let mut conn = DB::connect(&self.url).await;
        let found = DB::ask(&mut conn, "SELECT 'notes', count(*) FROM notes").await;
        found.first().map_or(0, |(_, count)| *count)
    }

    /// The seconds since 1970, by the clock of the database.
    pub(crate) async fn now(&self) -> u64 {
        let now = self.idem.now().await.expect("the database has a clock");
        (now.as_micros() / 1_000_000).cast_unsigned()
    }

    /// Runs a statement beside the service.
    pub(crate) async fn script(&self, sql: &str) {
        DB::script(&mut DB::connect(&self.url).await, sql).await.expect("the test's statement runs");
    }
}

/// Another process, as far as a database can see.
pub(crate) async fn node<DB: Backend>(url: &str) -> Idem<DB> {
    let bound = Duration::from_secs(20);
    Idem::<DB>::builder().acquire_timeout(bound).lock_wait(bound).open(url).await.expect("opened")
}

/// A database at a port where nobody listens.
pub(crate) fn nowhere() -> Idem<sqlx::Postgres> {
    let pool = sqlx::postgres::PgPoolOptions::new().acquire_timeout(Duration::from_millis(100));
    let pool = pool.connect_lazy("postgres://postgres@127.0.0.1:1/nowhere").expect("a URL");
    Idem::builder().open_pool(pool).expect("a pool is taken")
}

impl Door {
    pub(crate) async fn open(router: Router, via: Via) -> Self {
        match via {
            Via::Call => Self::Call(router),
            Via::Socket => {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let address = listener.local_addr().expect("an address");
                tokio::spawn(async move { axum::serve(listener, router).await });
                let redirect = reqwest::redirect::Policy::none();
                let client = reqwest::Client::builder().redirect(redirect).build().expect("a client");
                Self::Socket(client, format!("http://{address}"))
            }
        }
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Got {
        match self {
            Self::Call(router) => {
                let response = router.clone().oneshot(request.map(Body::from)).await.expect("axum does not fail");
                let (head, body) = response.into_parts();
                let body = body.collect().await.expect("a body").to_bytes();
                Got { status: head.status.as_u16(), headers: head.headers, body }
            }
            Self::Socket(client, base) => {
                let (head, body) = request.into_parts();
                let sent = client.request(head.method, format!("{base}{}", head.uri)).headers(head.headers).body(body);
                let response = sent.send().await.expect("the service answers");
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                Got { status, headers, body: response.bytes().await.expect("a body") }
            }
        }
    }

    /// Sends a script to `/acts` under a key.
    pub(crate) async fn act(&self, key: &str, script: &Script) -> Got {
        self.send(act(key, script)).await
    }

    /// The same in the background.
    pub(crate) fn begin(&self, key: &str, script: &Script) -> tokio::task::JoinHandle<Got> {
        let (door, request) = (self.clone(), act(key, script));
        tokio::spawn(async move { door.send(request).await })
    }

    /// The same, and the client goes away: dropped when `given_up` resolves.
    pub(crate) async fn give_up(&self, key: &str, script: &Script, given_up: impl Future<Output = ()>) {
        tokio::select! {
            got = self.act(key, script) => panic!("answered before the client went away: {got:?}"),
            () = given_up => {}
        }
    }
}

pub(crate) fn act(key: &str, script: &Script) -> Request<Vec<u8>> {
    post("/acts", &[("idempotency-key", key)], script.json())
}

pub(crate) fn post(uri: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Request<Vec<u8>> {
    request("POST", uri, headers, body)
}

pub(crate) fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// What became of the key.
    pub(crate) fn key_status(&self) -> Option<&str> {
        self.header("idempotency-status")
    }

    /// Its status, what became of the key, and whether it is a replay.
    pub(crate) fn verdict(&self) -> (u16, Option<&str>, bool) {
        (self.status, self.key_status(), self.header("idempotent-replayed") == Some("true"))
    }

    /// Of a problem: its kind, checked against all else that a problem has.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        let kind = body["title"].as_str().expect("a title").to_owned();
        assert_eq!(body["type"], format!("/problems/{kind}"));
        assert_eq!(body["status"], self.status);
        assert!(body["instance"].as_str().expect("an instance").starts_with("urn:"), "{body}");
        let retryable = body["retryable"].as_bool().expect("whether it is retryable");
        assert_eq!(self.header("retry-after").is_some(), retryable && kind != "body", "{self:?}");
        kind
    }

    /// Its kind, of a problem that no guard has seen.
    pub(crate) fn problem_unseen(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        body["title"].as_str().expect("a title").to_owned()
    }

    /// A problem in one line: status, kind, what became of the key, whether it is to be tried again.
    pub(crate) fn refusal(&self) -> (u16, String, Option<&str>, bool) {
        let retryable = self.header("retry-after").is_some();
        (self.status, self.problem(), self.key_status(), retryable)
    }

    pub(crate) fn is(&self, status: StatusCode) -> bool {
        self.status == status.as_u16()
    }
}
