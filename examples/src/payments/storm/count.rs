//! How the effects of a storm are counted: by the balance of the payments server, or by a number that a service gives.

use reqwest::header::HeaderMap;
use reqwest::{Client, Url};
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
    #[error("the effects cannot be counted: {0}")]
    NoAnswer(#[from] reqwest::Error),
    /// The answer has no such number.
    #[error("the effects cannot be counted: {url} has no whole number at {pointer:?}")]
    NoNumber {
        /// Where it was read.
        url: Url,
        /// Which one.
        pointer: String,
    },
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

    /// How much of it one effect is.
    pub(super) fn unit(&self) -> i64 {
        match self {
            Self::Balance { amount, .. } => *amount,
            Self::Number { .. } => 1,
        }
    }
}
