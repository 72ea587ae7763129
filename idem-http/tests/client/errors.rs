//! Requests without an answer.

use std::io::Read as _;

use idem_http::client::{End, Reason, SendError};

use crate::clock::TestClock;
use crate::server::{Reply, Server, answer};
use crate::{SECOND, client, client_over, failed, with};

/// An address at which nothing listens.
fn closed() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address")
}

#[tokio::test]
async fn refused_connection_is_tried_again_and_its_error_says_so() {
    let (closed, clock) = (closed(), TestClock::new());
    let none =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let call = client_over(none, with(&clock).attempts(3).no_redirects()).post(format!("http://{closed}/orders"));
    let error = call.header("Idempotency-Key", "secret-key").body("secret-body").send().await.expect_err("refused");
    let cause = failed(&error);
    assert!(matches!(cause, SendError::NoAnswer { source, .. } if source.is_connect()));
    assert_eq!((cause.attempts(), cause.last(), clock.pauses().len()), (3, Some(Reason::Connect), 2));
    assert!(!cause.was_sent() && cause.key().is_some_and(|key| key == "secret-key"));
    assert_eq!(
        error.to_string(),
        format!(
            "no answer from {closed} in 3 attempts (the last: no connection), and no attempt is left; nothing was sent, so it had no effect"
        )
    );
    assert!(!format!("{error:?}").contains("secret"));
}

/// The last attempt sent nothing. The first did.
#[tokio::test]
async fn request_that_was_sent_once_may_have_had_its_effect() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        // No second connection is made; the first one ends after its request was read.
        drop(listener);
        stream.read(&mut [0; 1024]).expect("a request")
    });
    let none =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let call =
        client_over(none, with(&TestClock::new()).attempts(2).no_redirects()).post(format!("http://{address}/orders"));
    let error = call.send().await.expect_err("no answer");
    assert!(server.join().expect("it ends") > 0);
    let cause = failed(&error);
    assert_eq!((cause.attempts(), cause.last(), cause.was_sent()), (2, Some(Reason::Connect), true));
    assert!(error.to_string().contains("whether it had an effect is unknown"), "{error}");
}

/// The server that redirects has had the request; the one that it redirects to cannot be reached.
#[tokio::test]
async fn request_that_was_redirected_was_sent() {
    let to = format!("http://{}/orders", closed());
    let server = Server::start(move |_| answer(307, &[("Location", &to)]));
    let error = client(with(&TestClock::new()).attempts(1)).post(server.url()).send().await.expect_err("refused");
    assert_eq!((failed(&error).last(), failed(&error).was_sent()), (Some(Reason::Connect), true));
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
