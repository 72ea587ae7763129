//! What a request that was not answered fails with, and why no further attempt was made.

use std::fmt;
use std::time::Duration;

use http::{HeaderValue, StatusCode};

use super::breaker::FAILURES;

/// Why [`Retries`](super::Retries) has no answer to give. It is inside [`reqwest_middleware::Error`]: see [`SendError::of`].
///
/// A request that was answered in its last attempt is no error, even if the answer is a 503: the answer is handed on, with [`Sent`]. One whose
/// next attempt is not made, since the breaker has opened or the time is over meanwhile, is an error; it names the last answer's status.
/// Errors that no repeat can mend, such as a malformed URL, too many redirects or one of another middleware, pass unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The host has failed so often in a row that nothing is sent to it for a while.
    #[error(
        "{host} has failed {FAILURES} times in a row, so nothing is sent to it for {} ms; this request was tried {attempts} times{}, and {}",
        wait.as_millis(),
        Last(*last),
        Effect(*was_sent)
    )]
    BreakerOpen {
        /// Name and port.
        host: String,
        /// How many attempts were made.
        attempts: u32,
        /// Whether an attempt may have reached a host.
        was_sent: bool,
        /// The value of its header `Idempotency-Key`, if it had one.
        key: Option<HeaderValue>,
        /// What the last attempt failed with.
        last: Option<Reason>,
        /// After at most this time a request is sent to the host again.
        wait: Duration,
    },
    /// The pause before an attempt took longer than it should have, so the attempt came too late and was not made.
    #[error(
        "{host} failed in {attempts} attempts{}, and the pause after it lasted too long, so {end}; {}",
        Last(Some(*last)),
        Effect(*was_sent)
    )]
    TooLate {
        /// Name and port.
        host: String,
        /// How many attempts were made.
        attempts: u32,
        /// Whether an attempt may have reached a host.
        was_sent: bool,
        /// The value of its header `Idempotency-Key`, if it had one.
        key: Option<HeaderValue>,
        /// What the last attempt failed with.
        last: Reason,
        /// Which time is over.
        end: End,
    },
    /// No attempt was answered.
    #[error(
        "no answer from {host} in {attempts} attempts{}, and {end}; {}",
        Last(Some(*last)),
        Effect(*was_sent)
    )]
    NoAnswer {
        /// Name and port.
        host: String,
        /// How many attempts were made.
        attempts: u32,
        /// Whether an attempt may have reached a host.
        was_sent: bool,
        /// The value of its header `Idempotency-Key`, if it had one.
        key: Option<HeaderValue>,
        /// What the last attempt failed with.
        last: Reason,
        /// Why no further attempt was made.
        end: End,
        /// The error of the last attempt.
        source: reqwest_middleware::Error,
    },
}

impl SendError {
    /// The error of [`Retries`](super::Retries) in an error of the client, if it is one.
    ///
    /// ```
    /// # async fn pay(client: reqwest_middleware::ClientWithMiddleware) {
    /// use idem_http::client::SendError;
    ///
    /// if let Err(error) = client.post("https://pay.example/charges").send().await
    ///     && let Some(SendError::BreakerOpen { wait, attempts: 0, .. }) = SendError::of(&error)
    /// {
    ///     println!("not sent; again in {wait:?}");
    /// }
    /// # }
    /// ```
    pub fn of(error: &reqwest_middleware::Error) -> Option<&Self> {
        match error {
            reqwest_middleware::Error::Middleware(error) => error.downcast_ref(),
            reqwest_middleware::Error::Reqwest(_) => None,
        }
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::BreakerOpen { attempts, .. } | Self::TooLate { attempts, .. } | Self::NoAnswer { attempts, .. } => {
                *attempts
            }
        }
    }

    /// Whether an attempt may have reached a host, and so have had an effect. `false` if no attempt was made, or if none got a connection and
    /// the client follows [no redirects](super::Retries::no_redirects): then the handler of a leased guard may answer `lease.not_done`.
    pub fn was_sent(&self) -> bool {
        match self {
            Self::BreakerOpen { was_sent, .. } | Self::TooLate { was_sent, .. } | Self::NoAnswer { was_sent, .. } => {
                *was_sent
            }
        }
    }

    /// The key under which it was sent, as the value of the header `Idempotency-Key`: set it on the next try, also where it was a random one.
    /// `Debug` does not show it.
    pub fn key(&self) -> Option<&HeaderValue> {
        match self {
            Self::BreakerOpen { key, .. } | Self::TooLate { key, .. } | Self::NoAnswer { key, .. } => key.as_ref(),
        }
    }

    /// What the last attempt failed with; `None` if there was none.
    pub fn last(&self) -> Option<Reason> {
        match self {
            Self::BreakerOpen { last, .. } => *last,
            Self::TooLate { last, .. } | Self::NoAnswer { last, .. } => Some(*last),
        }
    }
}

/// What an attempt failed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The host answered with this status.
    Status(StatusCode),
    /// This attempt got no connection, to the host or to another one that it was redirected to. Whether something was sent:
    /// [`SendError::was_sent`].
    Connect,
    /// The answer did not come in time.
    Timeout,
    /// The connection broke before the answer.
    Broken,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {}", status.as_u16()),
            Self::Connect => f.write_str("no connection"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Broken => f.write_str("the connection broke"),
        }
    }
}

/// Why no further attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The answer is final.
    Final,
    /// [`Retries::attempts`](super::Retries::attempts) were made.
    Attempts,
    /// The next attempt would begin after [`Retries::give_up_after`](super::Retries::give_up_after).
    GivenUp,
    /// The next attempt would begin when the server may have forgotten the key: see
    /// [`Retries::server_keeps`](super::Retries::server_keeps).
    KeyForgotten,
    /// The host's budget of retries is spent.
    Budget,
    /// The host's breaker is open.
    Breaker,
    /// The request has no key and its method is not idempotent, so a repeat could be a second effect.
    NoKey,
    /// The body is a stream, which cannot be sent twice.
    Body,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final => f.write_str("the answer is final"),
            Self::Attempts => f.write_str("no attempt is left"),
            Self::GivenUp => f.write_str("the time for the request is over"),
            Self::KeyForgotten => f.write_str("the server may soon forget the key"),
            Self::Budget => f.write_str("the budget of retries to the host is spent"),
            Self::Breaker => write!(f, "nothing is sent to the host for a while, after {FAILURES} failures in a row"),
            Self::NoKey => f.write_str("the request has no key, so it is sent once"),
            Self::Body => f.write_str("its body is a stream, so it is sent once"),
        }
    }
}

/// What a request without an answer may have done.
struct Effect(bool);

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 {
            "whether it had an effect is unknown: ask the server, or send it again under the same key while the server keeps it"
        } else {
            "nothing was sent, so it had no effect"
        })
    }
}

/// How a request was sent that was answered: an extension of the response.
///
/// ```
/// # fn log(response: &reqwest::Response) {
/// use idem_http::client::Sent;
///
/// if let Some(Sent { attempts, end, .. }) = response.extensions().get() {
///     println!("{} after {attempts} attempts: {end}", response.status());
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// How often the request was sent.
    pub attempts: u32,
    /// Why no further attempt was made.
    pub end: End,
}

/// The last reason in an error's text.
struct Last(Option<Reason>);

impl fmt::Display for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |reason| write!(f, " (the last: {reason})"))
    }
}
