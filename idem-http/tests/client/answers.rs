//! What an answer leads to.

use std::time::Duration;

use http::Method;
use idem_core::Key;
use idem_http::client::{End, RequestKey};

use crate::clock::TestClock;
use crate::server::{Reply, Server, answer};
use crate::{HOUR, SECOND, client, client_over, sent, with};

#[tokio::test]
async fn lost_reply_is_repeated_with_the_same_key_and_bytes() {
    let server = Server::start(|n| if n == 0 { Reply::Lost } else { answer(201, &[]) });
    let client = client(with(&TestClock::new()));
    let body = &b"{\"amount\": 5}\n\0"[..];
    let reply = client.post(server.url()).header("x-shop", "7").body(body).send().await.expect("an answer");
    assert_eq!(sent(&reply), (201, 2, End::Final));
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0], seen[1]);
    assert_eq!((seen[0].body.as_slice(), seen[0].header("x-shop")), (body, Some("7")));
    assert_eq!(seen[0].line, "POST /orders HTTP/1.1");
}

#[tokio::test]
async fn unavailable_host_is_tried_again_after_pauses_that_double() {
    let server = Server::start(|n| answer(if n < 3 { 503 } else { 201 }, &[]));
    let clock = TestClock::new();
    let retries = with(&clock).first_pause(SECOND).longest_pause(3 * SECOND);
    let reply = client(retries).post(server.url()).send().await.expect("an answer");
    assert_eq!(sent(&reply), (201, 4, End::Final));
    assert_eq!(clock.pauses(), [SECOND, 2 * SECOND, 3 * SECOND]);
    let seen = server.seen();
    assert!(seen.iter().all(|request| request.key() == seen[0].key()));
}

#[tokio::test]
async fn last_answer_is_handed_on_when_no_attempt_is_left() {
    let server = Server::start(|_| answer(502, &[("x-node", "3")]));
    let reply = client(with(&TestClock::new()).attempts(3)).post(server.url()).send().await.expect("an answer");
    assert_eq!(sent(&reply), (502, 3, End::Attempts));
    assert_eq!(reply.headers()["x-node"], "3");
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn request_in_flight_is_awaited_and_no_failure_of_the_host() {
    let server = Server::start(|n| if n % 20 < 19 { answer(409, &[("Retry-After", "3")]) } else { answer(200, &[]) });
    let clock = TestClock::new();
    let client = client(with(&clock).attempts(2).give_up_after(HOUR).longest_pause(SECOND));
    // 19 of each 20 say so: more than the attempts, the breaker and the budget would bear.
    for _ in 0..4 {
        let reply = client.post(server.url()).send().await.expect("an answer");
        assert_eq!(sent(&reply), (200, 20, End::Final));
    }
    assert_eq!(clock.pauses(), [3 * SECOND; 76]);
}

#[tokio::test]
async fn final_answer_is_not_repeated() {
    for (status, headers) in [
        (500, &[("Idempotent-Replayed", "true")][..]),
        (503, &[("Idempotent-Replayed", "true"), ("Retry-After", "1")]),
        (500, &[("Idempotency-Status", "ignored")]),
        (500, &[("Stripe-Should-Retry", "false")]),
        (409, &[]),
        (422, &[]),
        (410, &[]),
    ] {
        let server = Server::start(move |_| answer(status, headers));
        let reply = client(with(&TestClock::new())).post(server.url()).send().await.expect("an answer");
        assert_eq!(sent(&reply), (status, 1, End::Final), "{headers:?}");
        assert_eq!(server.requests(), 1, "{headers:?}");
    }
}

/// What may have been done without a record is not done again, whatever the method, and whoever has given the key.
#[tokio::test]
async fn answer_to_an_ignored_key_is_final() {
    let key = RequestKey::from(&Key::new("customer-7", "req-1").expect("a key"));
    for (method, with_key, of_its_own) in [
        (Method::PUT, false, false),
        (Method::PUT, true, false),
        (Method::PUT, false, true),
        (Method::DELETE, true, false),
        (Method::POST, false, false),
    ] {
        let server = Server::start(|_| answer(500, &[("Idempotency-Status", "ignored")]));
        let retries = with(&TestClock::new());
        let retries = if of_its_own { retries.methods([Method::PUT]) } else { retries };
        let request = client(retries).request(method.clone(), server.url());
        let request = if with_key { request.with_extension(key.clone()) } else { request };
        let reply = request.send().await.expect("an answer");
        assert_eq!(sent(&reply), (500, 1, End::Final), "{method}");
        assert_eq!(
            server.seen()[0].header("idempotency-key").is_some(),
            with_key || of_its_own || method == Method::POST
        );
    }
}

#[tokio::test]
async fn redirect_is_left_to_the_client() {
    let server = Server::start(|n| match n {
        0 => answer(307, &[("Location", "/moved")]),
        _ => answer(201, &[]),
    });
    let reply = client(with(&TestClock::new())).post(server.url()).body("b").send().await.expect("an answer");
    assert_eq!(sent(&reply), (201, 1, End::Final));
    let seen = server.seen();
    assert_eq!((seen.len(), seen[1].line.as_str()), (2, "POST /moved HTTP/1.1"));
    assert_eq!(seen[0].key(), seen[1].key());

    let server = Server::start(|_| answer(307, &[("Location", "/moved"), ("Retry-After", "1")]));
    let still = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let client = client_over(still.expect("a client"), with(&TestClock::new()));
    assert_eq!(sent(&client.post(server.url()).send().await.expect("an answer")), (307, 1, End::Final));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn hostile_retry_after_is_bounded() {
    const DATE: (&str, &str) = ("Date", "Mon, 30 Nov 2026 04:00:00 GMT");
    // Another attempt after this pause in milliseconds; or none, because so long a pause would end too late. `Date` is 04:00:00.
    for (value, pause) in [
        ("-5", Ok(200)),
        ("1e9", Ok(200)),
        ("Mon, 30 Nov 2026 03:00:00 GMT", Ok(200)),
        ("Mon, 30 Nov 2026 04:00:07 GMT", Ok(7_000)),
        ("Mon, 01 Jan 1900 00:00:00 GMT", Ok(200)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Err(End::KeyForgotten)),
        ("31", Err(End::GivenUp)),
        ("18446744073709551615", Err(End::KeyForgotten)),
        ("99999999999999999999999999999999", Err(End::KeyForgotten)),
    ] {
        let server = Server::start(move |_| answer(503, &[("Retry-After", value), DATE]));
        let clock = TestClock::new();
        let reply = client(with(&clock).attempts(2)).post(server.url()).send().await.expect("an answer");
        let end = pause.map_or_else(|end| (503, 1, end), |_| (503, 2, End::Attempts));
        assert_eq!(sent(&reply), end, "{value}");
        assert_eq!(clock.pauses(), pause.ok().map(Duration::from_millis).as_slice(), "{value}");
    }
}
