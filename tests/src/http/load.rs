//! A client that repeats a payment under one key until it is answered.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;
use idem_core::Key;
use idem_http::client::{RequestKey, Retries};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

use super::payments::{Paid, Payment};

/// Longer than any wait of a service that works.
const TIMEOUT: Duration = Duration::from_secs(30);
/// More than a service needs that loses half of what it is sent.
const CALLS: u32 = 2_000;
const PAUSE: Duration = Duration::from_millis(20);

/// A client of the payments service.
#[derive(Debug, Clone)]
pub struct Client {
    http: ClientWithMiddleware,
    url: String,
}

/// What clients were answered with.
#[derive(Debug, Default)]
pub struct Tally {
    /// First answers.
    pub executed: AtomicU64,
    /// Answers of earlier requests.
    pub replayed: AtomicU64,
    /// Other answers of the service, by which it asks for another try.
    pub refused: AtomicU64,
    /// Calls without an answer.
    pub unanswered: AtomicU64,
}

/// A payment, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What was asked for.
    pub payment: Payment,
    /// What it came to.
    pub paid: Paid,
}

impl Client {
    /// Of the service at this address.
    pub fn new(url: String) -> Self {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().expect("a client");
        let retries =
            Retries::default().first_pause(Duration::from_millis(5)).longest_pause(Duration::from_millis(100));
        Self { http: ClientBuilder::new(client).with(retries).build(), url }
    }

    /// Pays until it is answered: each call tries several times itself.
    ///
    /// # Panics
    /// If the service answers what no retry can change, or never.
    pub async fn pay(&self, payment: &Payment, tally: &Tally) -> Answered {
        let key = RequestKey::from(&Key::new("load", payment.lane.clone()).expect("a key"));
        for _ in 0..CALLS {
            let request = self.http.post(format!("{}/payments", self.url)).with_extension(key.clone());
            let body = serde_json::to_vec(payment).expect("JSON");
            let Ok(reply) = request.header("content-type", "application/json").body(body).send().await else {
                tally.unanswered.fetch_add(1, Relaxed);
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let (status, replayed) = (reply.status(), reply.headers().contains_key("idempotent-replayed"));
            if status == StatusCode::CREATED {
                // A reply that breaks in its middle has been counted, and is asked for again.
                let Ok(body) = reply.bytes().await else { continue };
                let counted = if replayed { &tally.replayed } else { &tally.executed };
                counted.fetch_add(1, Relaxed);
                let paid = serde_json::from_slice(&body).expect("the answer of the service");
                return Answered { payment: payment.clone(), paid };
            }
            let may_change = status == StatusCode::CONFLICT || status == StatusCode::SERVICE_UNAVAILABLE;
            assert!(may_change, "{status}: {:?}", reply.text().await);
            tally.refused.fetch_add(1, Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
        panic!("no answer in {CALLS} calls: {payment:?}")
    }
}
