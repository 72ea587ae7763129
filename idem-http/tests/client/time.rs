//! Limits of time, and calls that are dropped.

use idem_http::client::{End, Reason, SendError};

use crate::clock::TestClock;
use crate::server::{Server, answer};
use crate::{HOUR, SECOND, client, failed, sent, with};

#[tokio::test]
async fn given_up_when_the_next_attempt_would_be_too_late() {
    let server = Server::start(|_| answer(503, &[]));
    let clock = TestClock::new();
    let retries = with(&clock).give_up_after(10 * SECOND).first_pause(2 * SECOND).longest_pause(HOUR);
    let reply = client(retries).post(server.url()).send().await.expect("an answer");
    // After 0, 2 and 6 seconds; the next would be after 14.
    assert_eq!(sent(&reply), (503, 3, End::GivenUp));
    assert_eq!(clock.pauses(), [2 * SECOND, 4 * SECOND]);
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn key_is_not_repeated_in_the_last_hour_that_the_server_keeps_it() {
    let server = Server::start(|_| answer(503, &[("Retry-After", "1800")]));
    let clock = TestClock::new();
    let client = client(with(&clock).server_keeps(2 * HOUR).give_up_after(100 * HOUR));
    let reply = client.post(server.url()).send().await.expect("an answer");
    // After 0, 30 and 60 minutes.
    assert_eq!(sent(&reply), (503, 3, End::KeyForgotten));
    // A GET has no key that could be forgotten.
    assert_eq!(sent(&client.get(server.url()).send().await.expect("an answer")), (503, 5, End::Attempts));
}

#[tokio::test]
async fn pause_that_lasted_too_long_ends_the_call() {
    let server = Server::start(|_| answer(503, &[]));
    for (late, end) in [(HOUR, End::GivenUp), (24 * HOUR, End::KeyForgotten)] {
        let before = server.requests();
        let error = client(with(&TestClock::late(late))).post(server.url()).send().await.expect_err("too late");
        let SendError::TooLate { attempts: 1, last: Reason::Status(status), end: found, .. } = failed(&error) else {
            panic!("{error:?}");
        };
        assert_eq!((status.as_u16(), *found), (503, end));
        assert_eq!(server.requests(), before + 1);
    }
}

#[tokio::test]
async fn call_dropped_in_a_pause_sends_nothing_more() {
    let server = Server::start(|_| answer(503, &[]));
    let clock = TestClock::held();
    let call = tokio::spawn(client(with(&clock)).post(server.url()).send());
    clock.paused().await;
    assert_eq!(clock.pending(), 1);
    call.abort();
    assert!(call.await.expect_err("dropped").is_cancelled());
    assert_eq!((clock.pending(), server.requests()), (0, 1));
}
