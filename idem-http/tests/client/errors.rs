//! Requests without an answer.

use idem_http::client::{End, Reason, SendError};

use crate::clock::TestClock;
use crate::server::{Reply, Server, answer};
use crate::{SECOND, client, client_over, failed, with};

#[tokio::test]
async fn refused_connection_is_tried_again_and_its_error_says_so() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let clock = TestClock::new();
    let call = client(with(&clock).attempts(3)).post(format!("http://{closed}/orders"));
    let error = call.header("Idempotency-Key", "secret-key").body("secret-body").send().await.expect_err("refused");
    let cause = failed(&error);
    assert!(matches!(cause, SendError::NoAnswer { source, .. } if source.is_connect()));
    assert_eq!((cause.attempts(), cause.last(), clock.pauses().len()), (3, Some(Reason::Connect), 2));
    assert_eq!(
        error.to_string(),
        format!(
            "no answer from {closed} in 3 attempts (the last: no connection), and no attempt is left; whether the request had an effect is unknown: ask the server, or send it again under the same key while the server keeps it"
        )
    );
    assert!(!format!("{error:?}").contains("secret"));
}

/// A paused clock runs ahead whenever all tasks wait, so the timeout is over at once.
#[tokio::test(start_paused = true)]
async fn timeout_is_tried_again() {
    let server = Server::start(|_| Reply::Silent);
    let http = reqwest::Client::builder().no_proxy().timeout(SECOND).build().expect("a client");
    let error = client_over(http, with(&TestClock::new()).attempts(3)).post(server.url()).send().await;
    let error = error.expect_err("no answer");
    assert!(matches!(
        failed(&error),
        SendError::NoAnswer { attempts: 3, last: Reason::Timeout, end: End::Attempts, .. }
    ));
}

#[tokio::test]
async fn endless_redirect_is_not_repeated() {
    let server = Server::start(|_| answer(307, &[("Location", "/orders")]));
    let error = client(with(&TestClock::new())).post(server.url()).send().await.expect_err("a loop");
    assert!(error.is_redirect() && SendError::of(&error).is_none());
    assert_eq!(server.requests(), 11);
}

#[tokio::test]
async fn request_that_cannot_be_sent_fails_unchanged() {
    let clock = TestClock::new();
    let error = client(with(&clock)).post("ftp://127.0.0.1/orders").send().await.expect_err("not HTTP");
    assert!(error.is_builder() && SendError::of(&error).is_none() && clock.pauses().is_empty());
}
