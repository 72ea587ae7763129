//! Handlers and services that do what they should not: panics everywhere, work that is kept, statuses that there are not, services that are never
//! ready.

use std::convert::Infallible;
use std::future::IntoFuture as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http_body::Frame;
use idem_core::{Idem, Key};
use idem_http::{Done, Guard, Problem, Work, scope};
use tests::{Backend as _, PollLimit};
use tokio::sync::oneshot;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::service::{Script, Then};
use crate::site::{Door, KEY, Site, Via, act};

type OnSqlite = Work<sqlx::Sqlite>;

async fn open() -> Site<sqlx::Sqlite> {
    Site::open(Via::Call).await.expect("a file")
}

/// A body whose reader panics, or that never ends: of frames without bytes that are always ready.
enum BadBody {
    Panics,
    Endless,
}

impl http_body::Body for BadBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match *self {
            Self::Panics => panic!("as the test says"),
            Self::Endless => Poll::Ready(Some(Ok(Frame::data(Bytes::new())))),
        }
    }
}

#[tokio::test]
async fn panic_outside_the_handler_is_answered() {
    let site = open().await;
    let done = Script::new(Then::Done);
    let panics = async |work: OnSqlite| work.done(Body::new(BadBody::Panics));
    let body = Door::Call(Router::new().route("/acts", post(panics)).layer(site.guard().required()));
    assert_eq!(body.act(KEY, &done).await.refusal(), (500, "not-committed".into(), Some("released"), false));
    // A hook that panics changes no answer, and not what is committed.
    let look = site.serve(|guard| guard.problems(|_| panic!("as the test says"))).await;
    assert_eq!(look.act("\"", &done).await.refusal(), (400, "key-malformed".into(), None, false));
    let failed = Script::new(Then::Problem).status(422);
    assert_eq!(look.act(KEY, &failed).await.refusal(), (422, "scripted".into(), Some("released"), false));
    let auditor = site.serve(|guard| guard.audit(|_| panic!("as the test says"))).await;
    assert_eq!(auditor.act(KEY, &done).await.key_status(), Some("executed"));
    assert_eq!(auditor.act(KEY, &done).await.key_status(), Some("replayed"));
    assert_eq!(site.effects().await, 1);
}

/// Before the handler: in the scope, or in the body of the request.
#[tokio::test]
async fn panic_before_the_handler_is_refused_as_all_else() {
    let site = open().await;
    let look = |problem: &Problem| {
        let mut response = problem.response();
        response.headers_mut().insert("x-look", http::HeaderValue::from_static("mine"));
        response
    };
    let nobody = |_: &http::request::Parts| -> Result<String, Problem> { panic!("as the test says") };
    let audited = Arc::new(std::sync::Mutex::new(Vec::new()));
    let guard = |guard: Guard<idem_http::Transactional<sqlx::Sqlite>>| {
        let notes = audited.clone();
        let audit = move |audit: &idem_http::Audit<'_>| {
            notes.lock().expect("not poisoned").push((audit.verdict.word(), audit.correlation.to_owned()));
        };
        crate::service::inner::<sqlx::Sqlite>()
            .layer(guard.problems(look).audit(audit).required())
            .with_state(site.app.clone())
    };
    for (service, body) in [
        (guard(Guard::transactional(&site.idem, nobody)), Body::empty()),
        (guard(site.guard()), Body::new(BadBody::Panics)),
    ] {
        let request = act(KEY, &Script::new(Then::Done)).map(|_| body);
        let response = service.oneshot(request).await.expect("axum does not fail");
        assert_eq!((response.status().as_u16(), response.headers()["x-look"].as_bytes()), (500, &b"mine"[..]));
        let body = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let (verdict, correlation) = audited.lock().expect("not poisoned").pop().expect("audited");
        assert_eq!((&body["title"], verdict), (&"panic".into(), "refused"));
        assert_eq!(body["instance"], format!("urn:uuid:{correlation}"));
    }
    assert_eq!(site.app.runs(), 0);
}

#[tokio::test]
async fn answer_without_end_is_bounded_by_the_deadline() {
    let site = open().await;
    let endless = async |work: OnSqlite| work.done(Body::new(BadBody::Endless));
    let guard = site.guard().deadline(Duration::from_millis(200)).required();
    let door = Door::Call(Router::new().route("/acts", post(endless)).layer(guard));
    assert_eq!(
        door.act(KEY, &Script::new(Then::Done)).await.refusal(),
        (503, "deadline".into(), Some("released"), true)
    );
}

#[tokio::test]
async fn work_that_a_task_keeps_is_said_and_ends_with_it() {
    let site = open().await;
    let (told, goes_on) = (std::sync::Mutex::new(None), Arc::new(tokio::sync::Notify::new()));
    let (sender, ended) = oneshot::channel();
    *told.lock().expect("not poisoned") = Some(sender);
    let (told, waits) = (Arc::new(told), goes_on.clone());
    let keeps = move |mut work: OnSqlite| {
        let (told, waits) = (told.clone(), waits.clone());
        async move {
            work.tx().await?;
            tokio::spawn(async move {
                waits.notified().await;
                let refused = work.tx().await.is_err();
                let told = told.lock().expect("not poisoned").take();
                told.expect("once").send(refused).expect("awaited");
            });
            Err::<Done, _>(Problem::bad_request("the task goes on"))
        }
    };
    let guard = site.guard();
    let door = Door::Call(Router::new().route("/acts", post(keeps)).layer(guard.required()));
    let done = Script::new(Then::Done);
    assert_eq!(door.act(KEY, &done).await.refusal(), (500, "work-kept".into(), None, false));
    assert_eq!(door.act(KEY, &done).await.problem(), "in-flight", "its transaction is open");
    goes_on.notify_one();
    assert!(ended.await.expect("told"), "nothing is written after the answer");
    let got = site.serve(|guard| guard).await.act(KEY, &done).await;
    assert_eq!((got.key_status(), site.effects().await), (Some("executed"), 1));
}

#[tokio::test]
async fn handler_that_goes_on_without_its_transaction_is_not_remembered() {
    let site = open().await;
    let goes_on = async |mut work: OnSqlite| -> Result<Done, Problem> {
        if let Ok(tx) = work.tx().await {
            sqlx::Sqlite::note(tx.conn(), "lane", "acted").await?;
        }
        Ok(work.done("made"))
    };
    let short = Duration::from_millis(200);
    let idem = Idem::<sqlx::Sqlite>::builder().acquire_timeout(short).lock_wait(short).open(&site.url).await;
    let guard = Guard::transactional(&idem.expect("opened"), scope::single()).required();
    let door = Door::Call(Router::new().route("/acts", post(goes_on)).layer(guard));
    let mut other = sqlx::Sqlite::connect(&site.url).await;
    sqlx::Sqlite::script(&mut other, "BEGIN IMMEDIATE").await.expect("begun");
    let got = door.act(KEY, &Script::new(Then::Done)).await;
    assert_ne!(got.key_status(), Some("executed"), "{got:?}");
    // Nor one that did not wait for it.
    let hurries = async |mut work: OnSqlite| -> Result<Done, Problem> {
        let begun = PollLimit::new(1, work.tx()).await;
        assert!(begun.is_none(), "another writer has the database");
        drop(begun);
        Ok(work.done("made"))
    };
    let quick = Door::Call(Router::new().route("/acts", post(hurries)).layer(site.guard().required()));
    let got = quick.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!(got.refusal(), (503, "store-away".into(), Some("released"), true));
    sqlx::Sqlite::script(&mut other, "ROLLBACK").await.expect("ended");
    let got = door.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!((got.key_status(), site.effects().await), (Some("executed"), 1));
}

#[tokio::test]
async fn broken_transaction_is_not_committed_and_runs_once() {
    let Some(site) = Site::<sqlx::Postgres>::open(Via::Call).await else { return };
    let key = |name: &str| Key::new("single", name).expect("a key");
    let mut other = site.idem.begin().await.expect("begun");
    let account = site.idem.ledger().account("wallet");
    account.within(&mut other).apply_delta(&key("other"), 1).await.expect("held by another transaction");
    let runs = Arc::new(AtomicU32::new(0));
    let (counted, wallet) = (runs.clone(), account.clone());
    let breaks = move |mut work: Work<sqlx::Postgres>| {
        counted.fetch_add(1, SeqCst);
        let wallet = wallet.clone();
        async move {
            let key = work.key("pay");
            let tx = work.tx().await?;
            // Dropped while it waits for the other transaction.
            assert!(PollLimit::new(1, wallet.within(tx).apply_delta(&key, 5).into_future()).await.is_none());
            Ok::<_, Problem>(work.done("done"))
        }
    };
    let door = Door::Call(Router::new().route("/acts", post(breaks)).layer(site.guard().required()));
    let got = door.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!(got.refusal(), (500, "not-committed".into(), Some("released"), false));
    assert_eq!(runs.load(SeqCst), 1);
    other.rollback().await;
}

#[tokio::test]
async fn status_that_cannot_be_sent_again_is_not_committed() {
    let site = open().await;
    let door = site.serve(|guard| guard).await;
    for status in [100, 103, 600, 999] {
        let got = door.act(KEY, &Script::new(Then::Done).status(status)).await;
        assert_eq!(got.refusal(), (500, "not-committed".into(), Some("released"), false), "{status}");
    }
    assert_eq!(site.effects().await, 0);
}

/// A service whose clones are never ready: the first run is the only one.
struct ReadyOnce<S>(S, bool);

impl<S: Clone> Clone for ReadyOnce<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), false)
    }
}

impl<S: Service<Request, Response = Response, Error = Infallible>> Service<Request> for ReadyOnce<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.1 { self.0.poll_ready(cx) } else { Poll::Pending }
    }

    fn call(&mut self, request: Request) -> S::Future {
        self.0.call(request)
    }
}

#[tokio::test]
async fn service_that_is_not_ready_again_does_not_outlive_the_deadline() {
    let site = open().await;
    let guard = site.guard().deadline(Duration::from_millis(300));
    let drain = guard.drain();
    let acts = crate::service::inner::<sqlx::Sqlite>().with_state(site.app.clone());
    let mut service = guard.required().layer(ReadyOnce(acts, true));
    let request = act(KEY, &Script::new(Then::Done).losing(1)).map(Body::from);
    let response = service.ready().await.expect("ready").call(request).await.expect("answered");
    assert_eq!(
        (response.status(), response.headers()["idempotency-status"].as_bytes()),
        (http::StatusCode::SERVICE_UNAVAILABLE, &b"released"[..])
    );
    drain.finished().await;
    assert_eq!(site.effects().await, 0);
}
