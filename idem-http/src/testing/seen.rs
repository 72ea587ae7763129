//! An answer as a client sees it.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};
use http::{StatusCode, response};
use serde::Deserialize;

const STATUS: HeaderName = HeaderName::from_static("idempotency-status");

/// How services mark a replay: those of idem and Stripe, and some others.
const MARKS: [HeaderName; 2] =
    [HeaderName::from_static("idempotent-replayed"), HeaderName::from_static("idempotency-replayed")];

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// A header says that it was given before.
    pub(super) is_marked: bool,
    /// What became of the key, by `Idempotency-Status`, which only a guard of idem sends.
    key_status: Option<String>,
    problem: Details,
}

/// What a probe reads of problem details (RFC 9457).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Details {
    title: Option<String>,
    detail: Option<String>,
    retryable: Option<bool>,
}

impl Seen {
    pub(super) fn new(head: &response::Parts, body: Bytes, mark: Option<&HeaderName>) -> Self {
        let key_status = head.headers.get(STATUS).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let is_marked = key_status.as_deref() == Some("replayed")
            || MARKS.iter().chain(mark).any(|name| says_yes(&head.headers, name));
        // Another look of problems may have other names in it; what cannot be read is not shown.
        let problem = if head.status.as_u16() < 400 { None } else { serde_json::from_slice(&body).ok() };
        Self { status: head.status, body, is_marked, key_status, problem: problem.unwrap_or_default() }
    }

    /// A guard of idem says what became of the key.
    pub(super) fn is_of_guard(&self) -> bool {
        self.key_status.is_some()
    }

    /// The request was done, or was done before.
    pub(super) fn is_accepted(&self) -> bool {
        self.status.as_u16() < 400
    }

    /// The request was done, and its answer may be gone.
    pub(super) fn is_done(&self) -> bool {
        self.is_accepted() || self.is_without_answer()
    }

    /// A guard's answer to a repeat whose first answer was not kept.
    pub(super) fn is_without_answer(&self) -> bool {
        self.kind() == Some("answer-not-kept")
    }

    /// The answer of a request whose first has not ended, as far as a client can see.
    pub(super) fn is_in_flight(&self) -> bool {
        self.status == StatusCode::CONFLICT && self.problem.retryable != Some(false)
    }

    /// The kind of its problem.
    pub(super) fn kind(&self) -> Option<&str> {
        self.problem.title.as_deref()
    }

    /// What its problem says.
    pub(super) fn detail(&self) -> Option<&str> {
        self.problem.detail.as_deref()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.status, &self.body) == (other.status, &other.body)
    }

    /// The beginning of its body.
    pub(super) fn excerpt(&self) -> String {
        const CHARACTERS: usize = 80;
        let text = String::from_utf8_lossy(&self.body);
        let begins: String = text.chars().take(CHARACTERS).collect();
        if begins.len() < text.len() { format!("`{begins}…`") } else { format!("`{begins}`") }
    }
}

fn says_yes(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true") || value == "1")
}

/// Its row in the table of answers: status, kind of problem, what became of the key.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status.as_u16())?;
        if let Some(kind) = self.kind() {
            write!(f, " {kind}")?;
        }
        match &self.key_status {
            Some(status) => write!(f, " {status}"),
            None if self.is_marked => f.write_str(" replayed"),
            None => Ok(()),
        }
    }
}
