//! What handlers answer with.

use http::{Response, StatusCode};
use idem_core::Outcome;

/// The outcome of one command as an answer: its value as JSON, and whether it was given before. For handlers under
/// [`Guard::keyed`](crate::Guard::keyed): a repeat has `Idempotent-Replayed: true`, and `Idempotency-Superseded: true` if the machine has
/// moved on since.
///
/// ```
/// use http::StatusCode;
/// use idem_core::Outcome;
/// use idem_http::Answer;
///
/// fn made(receipt: Outcome<u32>) -> Answer<u32> {
///     Answer::from(receipt).status(StatusCode::CREATED)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Answer<T> {
    value: T,
    status: StatusCode,
    origin: Origin,
}

/// Whether an answer was given before: in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) is_replay: bool,
    pub(crate) is_superseded: bool,
}

impl<T, S> From<Outcome<T, S>> for Answer<T> {
    fn from(outcome: Outcome<T, S>) -> Self {
        let origin = Origin { is_replay: outcome.is_replay(), is_superseded: outcome.is_superseded() };
        Self { value: outcome.into_inner(), status: StatusCode::OK, origin }
    }
}

impl<T> Answer<T> {
    /// With another status than 200. A repeat has the same.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with its value changed by `f`: into what clients are shown.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Answer<U> {
        let Self { value, status, origin } = self;
        Answer { value: f(value), status, origin }
    }

    /// An answer in a tower service: its body made of the value.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use idem_core::Outcome;
    /// use idem_http::Answer;
    ///
    /// fn made(receipt: Outcome<u32>) -> http::Response<Full<Bytes>> {
    ///     Answer::from(receipt).response(|number| Full::from(number.to_string()))
    /// }
    /// ```
    pub fn response<B>(self, body: impl FnOnce(T) -> B) -> Response<B> {
        let mut response = Response::new(body(self.value));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self.origin);
        response
    }
}
