//! How the effects of a storm are counted: by the balance of the payments server, or by a number that a service gives.

use std::error::Error as _;

use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

/// How effects are counted.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_enums, reason = "made by the command line")]
pub enum Count {
    /// By what the ledger says is available, each effect being so much of it.
    Balance {
        /// `…/v1/balance`.
        url: Url,
        /// Of which currency.
        currency: String,
        /// What one request moves.
        amount: i64,
    },
    /// By a number in a document of JSON.
    Number {
        /// Where it is read.
        url: Url,
        /// Which one, as a JSON pointer: `/orders/count`; empty if the document is the number.
        pointer: String,
    },
}

/// Why effects could not be counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CountError {
    /// There was no answer.
    #[error("the effects cannot be counted, because the service does not answer as it should: {0}{cause}", cause = cause(.0))]
    NoAnswer(#[from] reqwest::Error),
    /// The answer has no such number.
    #[error(
        "the effects cannot be counted: {url} has no whole number at {pointer:?}; of a service that is no payments server give --path, --body and --count"
    )]
    NoNumber {
        /// Where it was read.
        url: Url,
        /// Which one.
        pointer: String,
    },
}

/// What is behind an error, the innermost.
fn cause(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes.last().map_or_else(String::new, |cause| format!(" ({cause})"))
}

impl Count {
    /// What stands there now; an effect is so many of it.
    ///
    /// # Errors
    /// [`CountError`].
    pub(super) async fn now(&self, client: &Client, headers: &HeaderMap) -> Result<i64, CountError> {
        let (Self::Balance { url, .. } | Self::Number { url, .. }) = self;
        let answer = client.get(url.clone()).headers(headers.clone()).send().await?.error_for_status()?;
        let document: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        let (number, pointer) = match self {
            Self::Balance { currency, .. } => {
                let parts = document["available"].as_array();
                let part = parts.map(|parts| parts.iter().find(|part| part["currency"] == **currency));
                (part.map(|part| part.and_then(|part| part["amount"].as_i64()).unwrap_or(0)), "/available")
            }
            Self::Number { pointer, .. } => (document.pointer(pointer).and_then(Value::as_i64), pointer.as_str()),
        };
        number.ok_or_else(|| CountError::NoNumber { url: url.clone(), pointer: pointer.to_owned() })
    }

    /// How many payments of the merchant and answers to requests do not belong to each other, one by one. `None` if the service is no
    /// payments server: then the number of effects is all that is known.
    ///
    /// # Errors
    /// [`CountError`].
    pub(super) async fn unmatched(
        &self,
        client: &Client,
        headers: &HeaderMap,
        answers: &[(StatusCode, Vec<u8>)],
    ) -> Result<Option<u64>, CountError> {
        let Self::Balance { url, .. } = self else { return Ok(None) };
        let id = |object: &Value| object["id"].as_str().unwrap_or_default().to_owned();
        let mut answered: Vec<String> =
            answers.iter().map(|(_, answer)| id(&serde_json::from_slice(answer).unwrap_or_default())).collect();
        let mut listed: Vec<String> = Vec::new();
        loop {
            let mut page = url.clone();
            page.set_path("/v1/payment_intents");
            page.query_pairs_mut().append_pair("limit", "100");
            if let Some(last) = listed.last() {
                page.query_pairs_mut().append_pair("starting_after", last);
            }
            let answer = client.get(page).headers(headers.clone()).send().await?.error_for_status()?;
            let document: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
            let data = document["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            listed.extend(data.iter().filter(|intent| intent["status"] == "succeeded").map(id));
            if data.is_empty() || document["has_more"] != true {
                break;
            }
        }
        answered.sort_unstable();
        listed.sort_unstable();
        let shared = answered.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        let (mut left, mut right, mut unmatched) = (answered.iter().peekable(), listed.iter().peekable(), shared);
        loop {
            match (left.peek(), right.peek()) {
                (Some(one), Some(other)) if one == other => {
                    left.next();
                    right.next();
                    continue;
                }
                (Some(one), Some(other)) if one < other => left.next(),
                (Some(_), None) => left.next(),
                (_, Some(_)) => right.next(),
                (None, None) => return Ok(Some(unmatched)),
            };
            unmatched += 1;
        }
    }

    /// How much of it one effect is.
    pub(super) fn unit(&self) -> i64 {
        match self {
            Self::Balance { amount, .. } => *amount,
            Self::Number { .. } => 1,
        }
    }
}
