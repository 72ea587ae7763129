//! A service whose handlers do what the request says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use idem_http::{Done, GuardLayer, Problem, Transactional, Work};
use serde::{Deserialize, Serialize};
use tests::Backend;
use tokio::sync::Semaphore;

/// What a handler does, after it has noted that it ran, unless it is told not to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Script {
    pub(crate) then: Then,
    /// The status of the answer.
    #[serde(default = "created")]
    pub(crate) status: u16,
    /// Whether it writes a note in its transaction.
    #[serde(default = "yes")]
    pub(crate) writes: bool,
    /// Whether it waits in the middle, with its transaction open.
    #[serde(default)]
    pub(crate) waits: bool,
    /// How many of its first runs lose to another writer.
    #[serde(default)]
    pub(crate) loses: u32,
    /// The length of the answer's body.
    #[serde(default)]
    pub(crate) bytes: usize,
    /// Anything: makes two requests differ.
    #[serde(default)]
    pub(crate) amount: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    /// Hands back what it did.
    Done,
    /// Undoes it, and has the answer remembered.
    Refused,
    /// Has a problem remembered.
    RefusedProblem,
    /// Answers without handing back.
    Answer,
    /// Answers a problem by `?`.
    Problem,
    Panic,
    Stream,
    /// Hands back what the database refuses to commit.
    Violation,
    /// Makes what can be made once, and answers a conflict by `?` where it is there already.
    Unique,
}

fn created() -> u16 {
    201
}

fn yes() -> bool {
    true
}

impl Script {
    pub(crate) fn new(then: Then) -> Self {
        Self { then, status: 201, writes: true, waits: false, loses: 0, bytes: 0, amount: 5 }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    pub(crate) fn amount(self, amount: i64) -> Self {
        Self { amount, ..self }
    }

    pub(crate) fn untouched(self) -> Self {
        Self { writes: false, ..self }
    }

    pub(crate) fn waiting(self) -> Self {
        Self { waits: true, ..self }
    }

    pub(crate) fn losing(self, loses: u32) -> Self {
        Self { loses, ..self }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("JSON")
    }
}

/// Where a handler waits, and the test with it.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    reached: Arc<Semaphore>,
    opened: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), opened: Arc::new(Semaphore::new(0)) }
    }
}

impl Gate {
    /// A handler: has reached the middle, and waits for the test.
    pub(crate) async fn pass(&self) {
        self.reached.add_permits(1);
        self.opened.acquire().await.expect("open").forget();
    }

    /// The test: waits until a handler has reached the middle.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.expect("open").forget();
    }

    /// The test: lets a handler go on.
    pub(crate) fn open(&self) {
        self.opened.add_permits(1);
    }

    /// The test: handlers wait again.
    pub(crate) fn close(&self) {
        self.opened.forget_permits(usize::MAX);
        self.reached.forget_permits(usize::MAX);
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct App {
    pub(crate) gate: Gate,
    pub(crate) runs: Arc<AtomicU32>,
}

impl App {
    pub(crate) fn runs(&self) -> u32 {
        self.runs.load(Ordering::SeqCst)
    }
}

/// The answer that scripts ask for.
pub(crate) fn answer(script: &Script) -> Response {
    let body = if script.bytes > 0 { "x".repeat(script.bytes) } else { format!(r#"{{"amount":{}}}"#, script.amount) };
    let mut response = Body::from(body).into_response();
    *response.status_mut() = StatusCode::from_u16(script.status).expect("a status");
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("location", HeaderValue::from_static("/acts/1"));
    headers.insert("x-long", HeaderValue::from_str(&"long".repeat(50)).expect("a header"));
    headers.insert("x-request-cost", HeaderValue::from_static("7"));
    headers.insert("set-cookie", HeaderValue::from_static("session=secret"));
    response
}

async fn act<DB: Backend>(
    State(app): State<App>,
    mut work: Work<DB>,
    Json(script): Json<Script>,
) -> Result<Response, Problem> {
    app.runs.fetch_add(1, Ordering::SeqCst);
    if script.writes {
        let lane = work.key("lane").as_str().to_owned();
        let attempt = work.attempt();
        let tx = work.tx().await?;
        DB::note(tx.conn(), &lane, "acted").await?;
        if attempt <= script.loses {
            tx.note(&sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
            return Err(Problem::unprocessable("lost to another writer"));
        }
    }
    if script.waits {
        app.gate.pass().await;
    }
    let done: Done = match script.then {
        Then::Done => work.done(answer(&script)),
        Then::Refused => work.refused(answer(&script)),
        Then::RefusedProblem => {
            let status = StatusCode::from_u16(script.status).expect("a status");
            work.refused(Problem::new(status, "scripted").detail("as the script says"))
        }
        Then::Stream => {
            let frames = (0..4).map(|number| Ok::<_, std::io::Error>(Bytes::from(format!("part {number}\n"))));
            work.done(Body::from_stream(futures_util::stream::iter(frames)))
        }
        Then::Answer => return Ok(answer(&script)),
        Then::Problem => {
            let status = StatusCode::from_u16(script.status).expect("a status");
            return Err(Problem::new(status, "scripted").detail("as the script says"));
        }
        Then::Panic => panic!("as the script says"),
        Then::Unique => {
            let statement = "INSERT INTO made VALUES (1)";
            DB::script(work.tx().await?.bare().await?, statement).await?;
            work.done(answer(&script))
        }
        Then::Violation => {
            let statement = "INSERT INTO owed VALUES (1, 2)";
            DB::script(work.tx().await?.bare().await?, statement).await?;
            work.done(answer(&script))
        }
    };
    Ok(done.into_response())
}

async fn takes_twice<DB: Backend>(_one: Work<DB>, _other: Work<DB>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The routes: guarded ones, one without a guard, one with two.
pub(crate) fn router<DB: Backend>(app: App, guard: &GuardLayer<Transactional<DB>>) -> Router {
    let acts = inner::<DB>();
    Router::new()
        .merge(acts.clone().layer(guard.clone()))
        .nest("/nested", acts.clone().layer(guard.clone()))
        .route("/other", post(act::<DB>).layer(guard.clone()))
        .route("/twice", post(takes_twice::<DB>).layer(guard.clone()))
        .route("/unguarded", post(act::<DB>))
        .merge(Router::new().route("/double", post(act::<DB>).layer(guard.clone())).layer(guard.clone()))
        .route("/", get(reads))
        .with_state(app)
}

/// The route that most requests go to.
pub(crate) fn inner<DB: Backend>() -> Router<App> {
    Router::new().route("/acts", post(act::<DB>).patch(act::<DB>).get(reads).put(reads))
}

async fn reads() -> &'static str {
    "read"
}
