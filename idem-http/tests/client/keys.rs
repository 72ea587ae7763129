//! Keys and other headers, and requests that cannot be repeated.

use http::Method;
use idem_core::Key;
use idem_http::client::{End, RequestKey};

use crate::clock::TestClock;
use crate::server::{Server, answer};
use crate::{client, sent, with};

#[tokio::test]
async fn each_request_has_a_new_key_and_a_derived_one_stays() {
    let server = Server::start(|_| answer(200, &[]));
    let client = client(with(&TestClock::new()));
    let key = Key::new("tenant-7", "req-1").expect("a key");
    for _ in 0..2 {
        client.patch(server.url()).send().await.expect("an answer");
        client.delete(server.url()).with_extension(RequestKey::from(&key)).send().await.expect("an answer");
    }
    let keys: Vec<_> = server.seen().iter().map(|request| request.key().to_owned()).collect();
    assert!(keys[0] != keys[2] && keys[0].len() == 38 && keys[0].starts_with('"'));
    assert_eq!(keys[1], keys[3]);
    assert!(!keys[1].contains("req-1") && !keys[1].contains("tenant-7"));
}

#[tokio::test]
async fn headers_of_the_caller_are_kept_and_none_is_made() {
    let server = Server::start(|n| answer(if n % 2 == 0 { 503 } else { 200 }, &[]));
    let client = client(with(&TestClock::new()));
    let derived = RequestKey::from(&Key::new("tenant-7", "req-1").expect("a key"));
    let own = client
        .post(server.url())
        .header("Idempotency-Key", "mine")
        .header("traceparent", "00-1")
        .header("X-Request-Id", "r");
    own.with_extension(derived).send().await.expect("an answer");
    client.post(server.url()).send().await.expect("an answer");
    let seen = server.seen();
    for request in &seen[..2] {
        assert_eq!(request.key(), "mine");
        assert_eq!((request.header("traceparent"), request.header("x-request-id")), (Some("00-1"), Some("r")));
    }
    for request in &seen[2..] {
        assert_eq!((request.header("traceparent"), request.header("x-request-id")), (None, None));
    }
}

#[tokio::test]
async fn body_stream_is_sent_once() {
    let server = Server::start(|_| answer(503, &[]));
    let stream = reqwest::Body::wrap(reqwest::Body::from("streamed"));
    let reply = client(with(&TestClock::new())).post(server.url()).body(stream).send().await.expect("an answer");
    assert_eq!(sent(&reply), (503, 1, End::Body));
    assert_eq!(server.seen()[0].header("idempotency-key").map(str::len), Some(38));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn post_without_key_is_sent_once_and_get_again() {
    let server = Server::start(|_| answer(503, &[]));
    let client = client(with(&TestClock::new()).attempts(2).methods([Method::PATCH]));
    let reply = client.post(server.url()).send().await.expect("an answer");
    assert_eq!(sent(&reply), (503, 1, End::NoKey));
    let reply = client.get(server.url()).send().await.expect("an answer");
    assert_eq!(sent(&reply), (503, 2, End::Attempts));
    assert!(server.seen().iter().all(|request| request.header("idempotency-key").is_none()));
}
