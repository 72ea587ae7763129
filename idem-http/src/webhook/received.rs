//! What a receiver gets.

use std::fmt;

use bytes::Bytes;
use http::{Extensions, Request};
use serde::de::DeserializeOwned;

use super::error::{JsonError, NoVerifier};
use super::verifier::Verified;

/// A request that was verified by a [`WebhookLayer`](super::WebhookLayer): its signed bytes, and what was signed with them.
///
/// `Debug` shows the length of the body only.
#[derive(Clone)]
pub struct Webhook {
    verified: Verified,
    body: Bytes,
}

impl Webhook {
    pub(super) fn new(verified: Verified, body: Bytes) -> Self {
        Self { verified, body }
    }

    /// The webhook of a request that came through a verifier's layer. In axum, it is an extractor.
    ///
    /// # Errors
    /// [`NoVerifier`] if no layer is around the service: nothing is known about the sender of such a request.
    pub fn of<B>(request: &Request<B>) -> Result<Self, NoVerifier> {
        Self::of_extensions(request.extensions())
    }

    pub(super) fn of_extensions(extensions: &Extensions) -> Result<Self, NoVerifier> {
        extensions.get::<Self>().cloned().ok_or(NoVerifier)
    }

    /// The body, read from the bytes that were signed.
    ///
    /// # Errors
    /// [`JsonError`] if it is not JSON, or not of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        serde_json::from_slice(&self.body).map_err(|error| JsonError::from(&error))
    }

    /// The bytes that were signed.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The sender's id of the message, for a key: see [`Verified::id`], which says where it cannot be relied on.
    pub fn id(&self) -> Option<&str> {
        self.verified.id.as_deref()
    }

    /// When this attempt was signed, in unix seconds, if the scheme has a time.
    pub fn at(&self) -> Option<i64> {
        self.verified.at
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verified { id, at } = &self.verified;
        f.debug_struct("Webhook").field("id", id).field("at", at).field("bytes", &self.body.len()).finish()
    }
}
