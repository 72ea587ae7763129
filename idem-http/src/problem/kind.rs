//! The problems of the guards themselves: the table of answers, in one place.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "some parts are for transactions")
)]

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

use super::details::Problem;

/// As soon as that it is worth another try, where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// What a guard refuses a request for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AnswerNotKept,
    KeyReused,
    InFlight,
    KeyMissing,
    KeyMalformed,
    KeyWeak,
    KeyTooOld,
    NotCommitted,
    Panic,
    Contended,
    /// Another transaction holds what this one needs.
    Held,
    /// The end of the work is not known; a repeat finds out.
    OutcomeUnknown,
    /// The same, and only an operator finds out.
    OutcomeLost,
    /// The same, and nothing is recorded: nobody finds out.
    OutcomeUnrecorded,
    Deadline,
    StoreAway,
    Busy,
    Draining,
    NoGuard,
    GuardedTwice,
    TakenTwice,
    NoScope,
    BadNamespace,
    WorkKept,
    BadStatus,
}

impl Kind {
    const fn row(self) -> (u16, &'static str, bool, &'static str) {
        match self {
            Self::AnswerNotKept => (410, "answer-not-kept", false, "the request was done; its answer was not kept"),
            Self::KeyReused => {
                (422, "key-reused", false, "the key was used for another request; use a new key for a new request")
            }
            Self::InFlight => (409, "in-flight", true, "another request with this key has not finished"),
            Self::KeyMissing => (400, "key-missing", false, "this request needs a key, in a header"),
            Self::KeyMalformed => (400, "key-malformed", false, "the idempotency key cannot be read"),
            Self::KeyWeak => (400, "key-weak", false, "the idempotency key is too easy to make twice; use a UUID"),
            Self::KeyTooOld => {
                (412, "key-too-old", false, "the request was first sent longer ago than keys are remembered")
            }
            Self::NotCommitted => (500, "not-committed", false, "nothing was done"),
            Self::Panic => (500, "panic", false, "the service failed"),
            Self::Contended => (503, "contended", true, "too many requests for the same at once"),
            Self::Held => (
                503,
                "contended",
                true,
                "another transaction holds what this request needs; if it is the handler's own, its calls need `.within(tx)`",
            ),
            Self::OutcomeUnknown => {
                (503, "outcome-unknown", true, "whether the request was done is not known; repeat it with the same key")
            }
            Self::OutcomeLost => (
                409,
                "outcome-unknown",
                false,
                "whether the request was done is not known; the service's operators have to find out",
            ),
            Self::OutcomeUnrecorded => (
                500,
                "outcome-unknown",
                false,
                "whether the request was done is not known, and it was not recorded: a repeat may do it a second time",
            ),
            Self::Deadline => (503, "deadline", true, "the request took too long"),
            Self::StoreAway => (503, "store-away", true, "the service cannot reach its data"),
            Self::Busy => (503, "busy", true, "too many requests are in flight"),
            Self::Draining => (503, "draining", true, "the service is stopping"),
            Self::NoGuard => (500, "no-guard", false, "the service is set up wrongly"),
            Self::GuardedTwice => (500, "guarded-twice", false, "the service is set up wrongly"),
            Self::TakenTwice => (500, "taken-twice", false, "the service is set up wrongly"),
            Self::NoScope => (500, "no-scope", false, "the service is set up wrongly"),
            Self::BadNamespace => (500, "bad-namespace", false, "the service is set up wrongly"),
            Self::WorkKept => (500, "work-kept", false, "the service is set up wrongly"),
            Self::BadStatus => (500, "not-committed", false, "the service is set up wrongly"),
        }
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        let shown = if seeded_bug!("statuses-swapped") && kind == Kind::KeyReused { Kind::InFlight } else { kind };
        let (status, ..) = shown.row();
        let (_, word, retryable, detail) = kind.row();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Self::new(status, word).detail(detail);
        if retryable { problem.retry_after(SOON) } else { problem }
    }
}

/// What a developer has to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(pub(crate) Cow<'static, str>);

impl Problem {
    /// Of this kind, with what a developer has to do: it shows at the first call of a route.
    pub(crate) fn misuse(kind: Kind, fix: impl Into<Cow<'static, str>>) -> Self {
        let fix = fix.into();
        Self::from(kind).detail(fix.clone()).because(Misuse(fix))
    }
}
