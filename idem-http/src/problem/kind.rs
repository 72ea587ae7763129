//! The problems of the guards themselves: the table of answers, in one place.

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
    /// The end of the work is not known; a repeat finds out.
    OutcomeUnknown,
    /// The same, and only an operator finds out.
    OutcomeLost,
    Deadline,
    StoreAway,
    Busy,
    Draining,
    NoGuard,
    GuardedTwice,
    TakenTwice,
    NoScope,
}

impl Kind {
    const fn row(self) -> (u16, &'static str, bool, &'static str) {
        match self {
            Self::AnswerNotKept => (410, "answer-not-kept", false, "the request was done; its answer was not kept"),
            Self::KeyReused => {
                (422, "key-reused", false, "the key was used for another request; use a new key for a new request")
            }
            Self::InFlight => (409, "in-flight", true, "the first request with this key has not finished"),
            Self::KeyMissing => (400, "key-missing", false, "this request needs the header Idempotency-Key"),
            Self::KeyMalformed => (400, "key-malformed", false, "the idempotency key cannot be read"),
            Self::KeyWeak => (400, "key-weak", false, "the idempotency key is too easy to make twice; use a UUID"),
            Self::KeyTooOld => {
                (412, "key-too-old", false, "the request was first sent longer ago than keys are remembered")
            }
            Self::NotCommitted => (500, "not-committed", false, "nothing was done"),
            Self::Panic => (500, "panic", false, "the service failed"),
            Self::Contended => (503, "contended", true, "too many requests for the same at once; nothing was done"),
            Self::OutcomeUnknown => {
                (503, "outcome-unknown", true, "whether the request was done is not known; repeat it with the same key")
            }
            Self::OutcomeLost => (
                409,
                "outcome-unknown",
                false,
                "whether the request was done is not known; the service's operators have to find out",
            ),
            Self::Deadline => (503, "deadline", true, "the request took too long"),
            Self::StoreAway => (503, "store-away", true, "the service cannot reach its data; nothing was done"),
            Self::Busy => (503, "busy", true, "too many requests are in flight"),
            Self::Draining => (503, "draining", true, "the service is stopping"),
            Self::NoGuard => (500, "no-guard", false, "the service is set up wrongly"),
            Self::GuardedTwice => (500, "guarded-twice", false, "the service is set up wrongly"),
            Self::TakenTwice => (500, "taken-twice", false, "the service is set up wrongly"),
            Self::NoScope => (500, "no-scope", false, "the service is set up wrongly"),
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

impl Problem {
    /// Of this kind, with what a developer has to do: it shows at the first call of a route.
    pub(crate) fn misuse(kind: Kind, fix: &'static str) -> Self {
        Self::from(kind).detail(fix).because(fix)
    }
}
