//! Budget and breaker.

use std::time::Duration;

use idem_http::client::{End, Reason, SendError};

use crate::clock::TestClock;
use crate::server::{Reply, Server, answer};
use crate::{SECOND, client, client_over, failed, sent, with};

/// Tokio's clock stands still, so the budget is exact: nothing in this test waits for it.
#[tokio::test(start_paused = true)]
async fn retries_keep_to_the_budget() {
    // Never ten in a row, so that the breaker stays closed.
    let server = Server::start(|n| answer(if n % 9 == 8 { 200 } else { 503 }, &[]));
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    let client = client_over(http, with(&TestClock::new()));
    let mut refused = 0;
    for _ in 0..200 {
        let reply = client.post(server.url()).send().await.expect("an answer");
        refused += u32::from(sent(&reply).2 == End::Budget);
    }
    // A fifth of 200, and 3 a second of the ten seconds that are counted.
    assert_eq!(server.requests(), 200 + 40 + 30);
    assert!(refused > 100, "{refused}");
}

#[tokio::test]
async fn breaker_opens_after_ten_failures_and_one_probe_closes_it() {
    let server = Server::start(|n| answer(if n < 11 { 503 } else { 200 }, &[]));
    let clock = TestClock::new();
    let retries = with(&clock).first_pause(Duration::ZERO);
    let client = client(retries.clone());
    let mut refused = 0;
    for _ in 0..200 {
        match client.post(server.url()).send().await {
            Ok(reply) => assert_eq!(reply.status(), 503),
            Err(error) => {
                assert!(
                    matches!(failed(&error), SendError::BreakerOpen { attempts: 0, last: None, wait, .. } if *wait == 5 * SECOND)
                );
                refused += 1;
            }
        }
    }
    assert_eq!((server.requests(), refused), (10, 198));

    clock.advance(5 * SECOND);
    let reply = client.post(server.url()).send().await.expect("the answer to the probe");
    assert_eq!(sent(&reply), (503, 1, End::Breaker));
    // A clone knows the same hosts, and another host has a breaker of its own.
    let clone = crate::client(retries);
    clone.post(server.url()).send().await.expect_err("open again");
    let other = Server::start(|_| answer(200, &[]));
    clone.post(other.url()).send().await.expect("an answer");

    clock.advance(5 * SECOND);
    for _ in 0..2 {
        assert_eq!(sent(&client.post(server.url()).send().await.expect("an answer")), (200, 1, End::Final));
    }
    assert_eq!(server.requests(), 13);
}

#[tokio::test]
async fn probe_is_one_request_and_dropped_it_leaves_its_place() {
    let server = Server::start(|n| match n {
        0..10 => answer(503, &[]),
        10 => Reply::Silent,
        _ => answer(200, &[]),
    });
    let clock = TestClock::new();
    let client = client(with(&clock).attempts(1));
    for _ in 0..10 {
        client.post(server.url()).send().await.expect("an answer");
        server.arrived().await;
    }
    clock.advance(5 * SECOND);
    let probe = tokio::spawn(client.post(server.url()).send());
    server.arrived().await;
    let error = client.post(server.url()).send().await.expect_err("a probe is on its way");
    assert!(matches!(failed(&error), SendError::BreakerOpen { .. }));
    probe.abort();
    assert!(probe.await.expect_err("dropped").is_cancelled());
    assert_eq!(sent(&client.post(server.url()).send().await.expect("an answer")), (200, 1, End::Final));
    assert_eq!(server.requests(), 12);
}

#[tokio::test]
async fn breaker_that_opens_ends_the_call_that_opened_it() {
    let server = Server::start(|_| Reply::Lost);
    let client = client(with(&TestClock::new()).attempts(20).first_pause(Duration::ZERO));
    let error = client.post(server.url()).send().await.expect_err("no answer");
    assert!(matches!(
        failed(&error),
        SendError::NoAnswer { attempts: 10, last: Reason::Broken, end: End::Breaker, .. }
    ));
    assert_eq!(server.requests(), 10);
}

#[tokio::test]
async fn breaker_that_opens_in_a_pause_ends_the_call() {
    let server = Server::start(|_| answer(503, &[]));
    let clock = TestClock::held();
    let retries = with(&clock);
    let call = tokio::spawn(client(retries.clone()).post(server.url()).send());
    clock.paused().await;
    let other = client(retries.clock(TestClock::new()).attempts(1));
    for _ in 0..9 {
        other.post(server.url()).send().await.expect("an answer");
    }
    clock.release();
    let error = call.await.expect("no panic").expect_err("open");
    let last = Some(Reason::Status(http::StatusCode::SERVICE_UNAVAILABLE));
    assert!(matches!(failed(&error), SendError::BreakerOpen { attempts: 1, .. }) && failed(&error).last() == last);
    assert!(error.to_string().contains("was tried 1 times (the last: status 503)"), "{error}");
    assert_eq!(server.requests(), 10);
}

#[tokio::test]
async fn answer_that_is_no_failure_ends_the_row_of_failures() {
    let server = Server::start(|n| match n {
        9 => answer(409, &[("Retry-After", "1")]),
        19 => answer(404, &[]),
        _ => answer(503, &[]),
    });
    let client = client(with(&TestClock::new()).attempts(1));
    for _ in 0..30 {
        client.post(server.url()).send().await.expect("an answer");
    }
    client.post(server.url()).send().await.expect_err("ten in a row");
    assert_eq!(server.requests(), 30);
}
