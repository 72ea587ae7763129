//! The examples do what they say, and the guide has the text of one of them.
#![cfg(all(feature = "axum", feature = "server", feature = "sqlite"))]
#![allow(clippy::expect_used, reason = "a test says what it relies on")]
#![allow(dead_code, unreachable_pub, reason = "examples have a main of their own, and their way to other databases")]

#[path = "../examples/generic.rs"]
mod generic;
#[path = "../examples/service.rs"]
mod service;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use idem_core::Idem;
use tower::ServiceExt as _;

const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";

async fn send(service: &Router, request: http::request::Builder, body: &'static str) -> (u16, Option<String>, String) {
    let request = request.header("idempotency-key", KEY).header("content-type", "application/json");
    let response = service.clone().oneshot(request.body(Body::from(body)).expect("a request")).await.expect("answered");
    let (head, body) = response.into_parts();
    let status = head.headers.get("idempotency-status").map(|value| value.to_str().expect("a text").to_owned());
    let body = body.collect().await.expect("a body").to_bytes();
    (head.status.as_u16(), status, String::from_utf8(body.to_vec()).expect("a text"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test]
async fn service_places_an_order_once() {
    let folder = folder();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("orders.db").display());
    let (service, _sweeper, drain) = service::open(&url).await.expect("opened");
    let order = || Request::post("/orders").header("x-tenant", "tenant-7");
    let first = send(&service, order(), r#"{"item": "tea", "amount": 5}"#).await;
    assert_eq!(first, (201, Some("executed".into()), r#"{"number":1,"item":"tea"}"#.into()));
    let again = send(&service, order(), r#"{"amount": 5, "item": "tea"}"#).await;
    assert_eq!(again, (201, Some("replayed".into()), first.2));
    assert_eq!(send(&service, order(), r#"{"item": "tea", "amount": 6}"#).await.0, 422);
    assert_eq!(send(&service, Request::post("/orders"), r#"{"item": "tea", "amount": 5}"#).await.0, 500, "no tenant");
    let nothing = Request::post("/orders").header("x-tenant", "tenant-8");
    assert_eq!(send(&service, nothing, r#"{"item": "tea", "amount": 0}"#).await.0, 422);
    drain.finished().await;
}

#[tokio::test]
async fn generic_handlers_run_on_sqlite() {
    let folder = folder();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("notes.db").display());
    let service = generic::router(Idem::<sqlx::Sqlite>::open(&url).await.expect("opened")).await.expect("made");
    for status in ["executed", "replayed"] {
        let got = send(&service, Request::put("/notes/a"), r#"{"text": "hello"}"#).await;
        assert_eq!(got, (200, Some(status.into()), r#"{"text":"hello"}"#.into()));
    }
}

#[test]
fn guide_has_the_text_of_the_service() {
    let (guide, service) = (include_str!("../../docs/HTTP.md"), include_str!("../examples/service.rs"));
    let code = service.split_once("\n\n").expect("its first lines say what it is").1;
    assert!(guide.contains(code), "copy examples/service.rs into docs/HTTP.md, without its first lines");
}
