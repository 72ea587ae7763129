//! What the look of a problem changes, and what it does not; and what other services' headers do not say of this one.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::header::HeaderValue;
use idem_http::{Done, Problem, Work};
use tests::{Backend, Place as _};
use tower::util::MapResponseLayer;

use crate::on_each;
use crate::service::{Script, Then, inner};
use crate::site::{Door, KEY, Site, Via};

on_each! {
    look_does_not_decide_what_is_committed
    headers_that_clients_act_on_stay
    problem_that_was_encoded_inside_is_plain_again
    headers_of_a_service_behind_are_taken_away
}

/// As some services answer everything.
fn always_ok(problem: &Problem) -> http::Response<Bytes> {
    http::Response::new(Bytes::from(format!(r#"{{"error":"{}"}}"#, problem.kind())))
}

async fn fails<DB: Backend>(mut work: Work<DB>) -> Result<Done, Problem> {
    DB::note(work.tx().await?.conn(), "lane", "acted").await?;
    Ok(work.done(Problem::unavailable("the other side")))
}

async fn look_does_not_decide_what_is_committed<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let guard = site.guard().problems(always_ok).required();
    let door = Door::open(Router::new().route("/acts", post(fails::<DB>)).layer(guard), via).await;
    let got = door.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!((got.status, got.key_status(), site.effects().await), (200, Some("released"), 0));
    let door = site.serve(|guard| guard.problems(always_ok)).await;
    let got = door.act(KEY, &Script::new(Then::Problem).status(422)).await;
    assert_eq!((&*got.body, got.key_status()), (&br#"{"error":"scripted"}"#[..], Some("released")));
}

async fn headers_that_clients_act_on_stay<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let look = |problem: &Problem| {
        let mut response = http::Response::new(Bytes::from(problem.kind().to_owned()));
        *response.status_mut() = problem.status();
        response
    };
    let door = site.serve(|guard| guard.problems(look).max_answer(0)).await;
    let waiting = Script::new(Then::Done).waiting();
    let first = door.begin(KEY, &waiting);
    site.app.gate.reached().await;
    let got = door.act(KEY, &waiting).await;
    assert_eq!((got.status, got.header("retry-after")), (409, Some("1")));
    site.app.gate.open();
    first.await.expect("answered");
    let got = door.act(KEY, &waiting).await;
    assert_eq!((got.status, got.header("location")), (410, Some("/acts/1")));
    let got = door.send(crate::site::post("/acts", &[], waiting.json())).await;
    assert!(got.header("link").is_some_and(|link| link.contains("describedby")));
    let got = door.act(KEY, &Script::new(Then::Problem).status(422)).await;
    assert_ne!(got.header("content-type"), Some("application/problem+json"), "its body is none");
}

async fn problem_that_was_encoded_inside_is_plain_again<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let zip = |mut response: Response| {
        response.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
        response.map(|_| Body::from(vec![0x1f, 0x8b]))
    };
    let acts = inner::<DB>().layer(MapResponseLayer::new(zip)).layer(site.guard().required());
    let door = Door::open(acts.with_state(site.app.clone()), via).await;
    let got = door.act(KEY, &Script::new(Then::Problem).status(422)).await;
    assert_eq!((got.header("content-encoding"), got.problem()), (None, "scripted".to_owned()));
}

async fn headers_of_a_service_behind_are_taken_away<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let proxied = |mut response: Response| {
        for (name, value) in
            [("idempotent-replayed", "true"), ("idempotency-status", "executed"), ("idempotency-superseded", "true")]
        {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    };
    let acts = inner::<DB>().layer(MapResponseLayer::new(proxied)).layer(site.guard().required());
    let door = Door::open(acts.with_state(site.app.clone()), via).await;
    let got = door.act(KEY, &Script::new(Then::Problem).status(422)).await;
    assert_eq!((got.verdict(), got.header("idempotency-superseded")), ((422, Some("released"), false), None));
}

/// It is the service that is busy, and not a fault of it.
#[tokio::test]
async fn statement_that_another_transaction_holds_up_is_contended() {
    held_up::<sqlx::Sqlite>("BEGIN IMMEDIATE", "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE").await;
    let lock = "LOCK TABLE notes IN EXCLUSIVE MODE";
    held_up::<sqlx::Postgres>(&format!("BEGIN; {lock}"), &format!("SET lock_timeout = '10ms'; BEGIN; {lock}")).await;
}

async fn held_up<DB: Backend>(holds: &str, waits: &str) {
    let Some(place) = DB::fresh().await else { return };
    DB::prepare(&place.address()).await;
    let (mut one, mut other) = (DB::connect(&place.address()).await, DB::connect(&place.address()).await);
    DB::script(&mut one, holds).await.expect("begun");
    let problem = Problem::from(DB::script(&mut other, waits).await.expect_err("held up"));
    assert_eq!((problem.kind(), problem.status().as_u16(), problem.is_retryable()), ("contended", 503, true));
}

#[tokio::test]
async fn look_with_a_status_that_cannot_be_sent_is_none() {
    for status in [101_u16, 600] {
        let guard = idem_http::Guard::keyed(idem_http::scope::single()).problems(move |_| {
            let status = http::StatusCode::from_u16(status).expect("a status");
            http::Response::builder().status(status).body(bytes::Bytes::new()).expect("a response")
        });
        let act = async |_: idem_http::Keys| Err::<(), _>(idem_http::Problem::conflict("as the test says"));
        let service = axum::Router::new().route("/acts", axum::routing::post(act)).layer(guard.required());
        let got = crate::site::Door::Call(service).send(crate::site::post("/acts", &[], Vec::new())).await;
        assert_eq!((got.status, got.problem()), (400, "key-missing".to_owned()));
    }
}
