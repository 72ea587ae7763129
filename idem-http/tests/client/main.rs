//! Retries against a server on the loopback interface: what arrives there, and what the caller gets.
#![cfg(feature = "client")]
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

mod answers;
mod clock;
mod errors;
mod hosts;
mod keys;
mod server;
mod time;

use std::sync::Arc;
use std::time::Duration;

use idem_http::client::{End, Retries, SendError, Sent};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use clock::TestClock;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// A client with these retries and without proxies, which the environment could name.
fn client(retries: Retries) -> ClientWithMiddleware {
    client_over(reqwest::Client::builder().no_proxy().build().expect("a client"), retries)
}

fn client_over(http: reqwest::Client, retries: Retries) -> ClientWithMiddleware {
    ClientBuilder::new(http).with(retries).build()
}

fn with(clock: &Arc<TestClock>) -> Retries {
    Retries::default().clock(Arc::clone(clock) as _)
}

/// Status, number of attempts, and why there was no further one.
fn sent(response: &reqwest::Response) -> (u16, u32, End) {
    let sent = response.extensions().get::<Sent>().expect("an answer of the middleware");
    (response.status().as_u16(), sent.attempts, sent.end)
}

fn failed(error: &reqwest_middleware::Error) -> &SendError {
    SendError::of(error).expect("an error of the middleware")
}
