//! What an error of idem, or of the database, is answered with.

use http::StatusCode;
use idem_core::{CommandError, Error, ErrorKind, KeyError};

use super::details::Problem;
use super::kind::Kind;

/// The answer to an error of this kind: its status and its kind on the wire. That of [`ErrorKind::is_retryable`]'s documentation.
fn answer(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Rejected => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
        ErrorKind::Invalid => (StatusCode::CONFLICT, "invalid-state"),
        ErrorKind::ReachedOtherwise | ErrorKind::AlreadyStarted => (StatusCode::CONFLICT, "done-otherwise"),
        ErrorKind::OutOfBounds | ErrorKind::Ledger => (StatusCode::CONFLICT, "accounts"),
        ErrorKind::Stale => (StatusCode::CONFLICT, "stale"),
        ErrorKind::Forgotten => (StatusCode::GONE, "forgotten"),
        ErrorKind::NotStarted | ErrorKind::Missing => (StatusCode::NOT_FOUND, "not-found"),
        ErrorKind::KeyRequired => (StatusCode::BAD_REQUEST, "key-missing"),
        ErrorKind::Key => (StatusCode::BAD_REQUEST, "bad-name"),
        ErrorKind::TooLarge => (StatusCode::BAD_REQUEST, "too-large"),
        kind if kind.is_retryable() => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// The problems that guards answer as well.
fn of_guards(kind: ErrorKind) -> Option<Kind> {
    Some(match kind {
        ErrorKind::KeyReused => Kind::KeyReused,
        ErrorKind::Fenced => Kind::InFlight,
        ErrorKind::Lost => Kind::OutcomeLost,
        ErrorKind::Indeterminate => Kind::OutcomeUnknown,
        ErrorKind::Contention => Kind::Contended,
        ErrorKind::Unavailable | ErrorKind::NotApplied => Kind::StoreAway,
        ErrorKind::ShutDown => Kind::Draining,
        _ => return None,
    })
}

impl From<Error> for Problem {
    /// A refusal that clients can do something about has its own status; the client reads [`Error::public_message`], never the error
    /// itself.
    fn from(error: Error) -> Self {
        let kind = error.kind();
        let (after, text) = (error.retry_after(), kind.public_message());
        let of_guards = match kind {
            // Under a lease it is the same request. Otherwise another call has the machine, account or row: perhaps this handler's own
            // transaction.
            ErrorKind::InFlight => Some(if after.is_some() { Kind::InFlight } else { Kind::Held }),
            kind => of_guards(kind),
        };
        let problem = of_guards.map_or_else(
            || {
                let (status, word) = answer(kind);
                let problem = Self::new(status, word).detail(text);
                // A 404 is final for clients, whatever comes later.
                let again = kind.is_retryable() && status != StatusCode::NOT_FOUND;
                if again { problem.retry_after(std::time::Duration::from_secs(1)) } else { problem }
            },
            Self::from,
        );
        after.into_iter().fold(problem, Self::retry_after).because(error)
    }
}

impl<R: std::fmt::Display> From<CommandError<R>> for Problem {
    /// 422 `refused` with the text of the rule; anything else as for [`Error`]. [`MapRejected::map_rejected`] gives a rule another
    /// answer.
    fn from(error: CommandError<R>) -> Self {
        match error.into_rejection() {
            Ok(rejection) => {
                let (status, kind) = answer(ErrorKind::Rejected);
                Self::new(status, kind).detail(rejection.to_string())
            }
            Err(error) => error.into(),
        }
    }
}

impl From<KeyError> for Problem {
    /// 400: a name that the client gave, a key or an id, is not fit.
    fn from(error: KeyError) -> Self {
        Error::from(error).into()
    }
}

/// Of a statement that had no effect because another transaction was in its way: PostgreSQL's codes of a serialization failure, a deadlock and a
/// lock that is not available, and SQLite's of a database that is busy or locked.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
const BUSY: [&str; 7] = ["40001", "40P01", "55P03", "5", "261", "517", "6"];

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl From<sqlx::Error> for Problem {
    /// 404 for a row that is not found, 409 for one that is there already, 503 where there is no connection or another transaction holds what
    /// the statement needs, otherwise 500. In a transaction of a guard, a statement that lost to another writer is run again, whatever this is.
    fn from(error: sqlx::Error) -> Self {
        let problem = match &error {
            sqlx::Error::RowNotFound => Self::not_found("this does not exist"),
            sqlx::Error::Database(refused) if refused.is_unique_violation() => Self::conflict("this exists already"),
            sqlx::Error::Database(refused) if refused.code().is_some_and(|code| BUSY.contains(&&*code)) => {
                Kind::Contended.into()
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => Kind::StoreAway.into(),
            _ => return Self::internal(error),
        };
        problem.because(error)
    }
}

/// Gives a machine's own rejections an answer of their own.
pub trait MapRejected<T, R> {
    /// Makes a problem of a rejection; any other error becomes the problem that it is without this.
    ///
    /// ```
    /// use http::StatusCode;
    /// use idem_core::CommandError;
    /// use idem_http::{MapRejected, Problem};
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("only {left} are left")]
    /// struct SoldOut { left: u32 }
    ///
    /// let ordered: Result<(), CommandError<SoldOut>> = Err(CommandError::Rejected { rejection: SoldOut { left: 2 }, remembered: None });
    /// let sold_out = |why: SoldOut| Problem::new(StatusCode::CONFLICT, "sold-out").detail(why.to_string());
    /// let problem = ordered.map_rejected(sold_out).expect_err("two are left");
    /// assert_eq!((problem.kind(), problem.detail_text()), ("sold-out", Some("only 2 are left")));
    /// ```
    ///
    /// # Errors
    /// The problem.
    fn map_rejected(self, problem: impl FnOnce(R) -> Problem) -> Result<T, Problem>;
}

impl<T, R> MapRejected<T, R> for Result<T, CommandError<R>> {
    fn map_rejected(self, problem: impl FnOnce(R) -> Problem) -> Result<T, Problem> {
        self.map_err(|error| error.into_rejection().map_or_else(Problem::from, problem))
    }
}
