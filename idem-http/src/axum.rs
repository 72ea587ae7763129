//! Extractors and answers of axum.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use serde::Serialize;

use crate::answer::Answer;
use crate::guard::Lease;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::guard::Work;
use crate::guard::run::HandedBack;
use crate::keys::Keys;
use crate::problem::Problem;

/// An answer that a handler has handed back: by `Work::done`, `Work::refused`, [`Lease::done`] or [`Lease::not_done`].
#[derive(Debug)]
#[must_use = "an answer that is not returned is not committed"]
pub struct Done(Response);

impl Done {
    fn new<A: IntoResponse>(answer: A, mark: impl FnOnce(Response) -> Response) -> Self {
        Self(mark(answer.into_response()))
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        self.0
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut unfit = None;
        let response = self.response(|value| match serde_json::to_vec(&value) {
            Ok(json) => Body::from(json),
            Err(error) => {
                unfit = Some(error);
                Body::empty()
            }
        });
        match unfit {
            Some(error) => Problem::internal(error).into_response(),
            None => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], response).into_response(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Keys {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of_extensions(&parts.extensions)
    }
}

impl<S: Sync> FromRequestParts<S> for Lease {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::take_extensions(&mut parts.extensions)
    }
}

impl Lease {
    /// The work is done: this answer is recorded, whatever its status, and every repeat gets it.
    pub fn done(self, answer: impl IntoResponse) -> Done {
        Done::new(answer, |response| self.handed_back(response, HandedBack::Done))
    }

    /// Nothing was done, for sure: the key is free, and a repeat is a first try.
    pub fn not_done(self, answer: impl IntoResponse) -> Done {
        Done::new(answer, |response| self.handed_back(response, HandedBack::NotDone))
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl<S: Sync, DB: idem_core::Database> FromRequestParts<S> for Work<DB> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::take_extensions(&mut parts.extensions)
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl<DB: idem_core::Database> Work<DB> {
    /// What was written is to be committed, with this answer: every repeat gets it. Of a 5xx nothing is committed.
    pub fn done(self, answer: impl IntoResponse) -> Done {
        Done::new(answer, |response| self.handed_back(response, HandedBack::Done))
    }

    /// What was written is to be undone, and this answer is remembered all the same: a decline. Of a 5xx nothing is remembered.
    pub fn refused(self, answer: impl IntoResponse) -> Done {
        Done::new(answer, |response| self.handed_back(response, HandedBack::Refused))
    }
}
