//! A problem: its parts, and how one is made.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use idem_core::ErrorKind;

/// An error behind a problem; its type is not part of the interface.
type Source = Arc<dyn StdError + Send + Sync>;

/// Why a request is not answered as it was meant: a status, a kind, and what the client may do.
///
/// A handler returns one as its error. Errors of idem and of sqlx become problems by `?`. On the wire it is
/// `application/problem+json`, unless `Guard::problems` gives it another look.
///
/// What it is made of:
///
/// ```
/// use std::time::Duration;
///
/// use http::StatusCode;
/// use idem_http::Problem;
///
/// let sold_out = Problem::new(StatusCode::CONFLICT, "sold-out").detail("the last ticket is sold");
/// assert_eq!((sold_out.status(), sold_out.kind(), sold_out.is_retryable()), (StatusCode::CONFLICT, "sold-out", false));
/// let away = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "gateway-away").retry_after(Duration::from_secs(3));
/// assert!(away.is_retryable());
/// assert_eq!(away.response().headers()["retry-after"], "3");
/// ```
#[derive(Clone)]
pub struct Problem(pub(super) Box<Parts>);

#[derive(Clone)]
pub(super) struct Parts {
    pub(super) status: StatusCode,
    pub(super) kind: Cow<'static, str>,
    pub(super) detail: Option<Cow<'static, str>>,
    pub(super) retryable: bool,
    pub(super) retry_after: Option<Duration>,
    pub(super) instance: Option<Arc<str>>,
    pub(super) headers: HeaderMap,
    pub(super) source: Option<Source>,
}

impl Problem {
    /// A problem of this status and kind. The kind is a word with hyphens; it ends the `type`, and is what clients tell problems apart by.
    pub fn new(status: StatusCode, kind: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            status,
            kind: kind.into(),
            detail: None,
            retryable: false,
            retry_after: None,
            instance: None,
            headers: HeaderMap::new(),
            source: None,
        }))
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request").detail(detail)
    }

    /// 404: what the request is about does not exist.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found").detail(detail)
    }

    /// 409: not as things stand.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict").detail(detail)
    }

    /// 422: the request can be read, and its content is refused.
    pub fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable").detail(detail)
    }

    /// 500: the service is at fault. The client sees nothing of the error.
    pub fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").because(error)
    }

    /// 502: another service answered what cannot be used, or nothing: whether it did something is not known. The client sees nothing of the
    /// error.
    pub fn bad_gateway(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "bad-gateway").because(error)
    }

    /// 503, to be tried again: something that the service needs cannot be reached. The client sees nothing of the error.
    pub fn unavailable(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").retry_after(Duration::from_secs(1)).because(error)
    }

    /// What the client reads: what is wrong with this request, and what to do. Nothing of the inside of the service.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Whether the same request, with the same key, may succeed later. By default not.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        if !retryable {
            self.0.retry_after = None;
            self.0.headers.remove(RETRY_AFTER);
        }
        self
    }

    /// The same request, with the same key, may succeed after this time: `Retry-After` in whole seconds, at least one.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self.retryable(true)
    }

    /// One more header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// The error behind it, for logs: [`Error::source`](StdError::source). The client sees nothing of it.
    #[must_use]
    pub fn because(mut self, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(error.into()));
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Its kind: `in-flight`, `key-reused`, …
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Whether the same request, with the same key, may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The URI of this occurrence, once a guard has given it one: the correlation id of the request.
    pub fn instance(&self) -> Option<&str> {
        self.0.instance.as_deref()
    }

    /// What the client reads, if there is a text.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The kind of the error of idem that is behind it.
    pub(crate) fn cause(&self) -> Option<ErrorKind> {
        self.source().and_then(|source| source.downcast_ref::<idem_core::Error>()).map(idem_core::Error::kind)
    }

    /// Gives it the URI of this occurrence, unless it has one.
    #[cfg(feature = "server")]
    pub(crate) fn occurred(&mut self, instance: &str) {
        self.0.instance.get_or_insert_with(|| instance.into());
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.kind)?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

/// Without the text of what is behind it: a database quotes values in its texts.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { status, kind, detail, retryable, .. } = &*self.0;
        f.debug_struct("Problem")
            .field("status", &status.as_u16())
            .field("kind", kind)
            .field("detail", detail)
            .field("retryable", retryable)
            .field("cause", &self.cause())
            .finish_non_exhaustive()
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Refused(&'static str);

    #[test]
    fn problem_in_a_log_shows_no_text_of_what_is_behind_it() {
        let shown = |problem: Problem| format!("{problem} {problem:?} {:?}", Some(problem.clone()));
        let refused = || Refused("Key (t)=(value-of-the-client) already exists.");
        let conflict = Problem::conflict("this exists already").because(refused());
        let of_idem = Problem::internal(idem_core::Error::Store { source: refused().into() });
        for problem in [conflict.clone(), of_idem.clone(), Problem::unavailable(conflict.clone())] {
            assert!(!shown(problem.clone()).contains("value-of-the-client"), "{problem:?}");
        }
        assert!(shown(conflict).contains("this exists already"));
        assert!(shown(of_idem).contains("Store"), "the kind of an error of idem");
    }
}
