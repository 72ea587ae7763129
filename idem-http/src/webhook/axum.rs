//! A webhook as an extractor, and its errors as answers.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use super::error::{JsonError, NoVerifier, VerifyError};
use super::received::Webhook;
use crate::problem::Problem;

/// The webhook that the layer around the route has verified.
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use idem_http::webhook::{JsonError, Verifier, Webhook};
///
/// #[derive(serde::Deserialize)]
/// struct Event { id: String }
///
/// async fn paid(hook: Webhook) -> Result<StatusCode, JsonError> {
///     let event: Event = hook.json()?;
///     // a command whose key is made of `event.id`
///     Ok(StatusCode::NO_CONTENT)
/// }
///
/// # fn main() -> Result<(), idem_http::webhook::SecretError> {
/// let hooks: Router = Router::new().route("/stripe", post(paid)).layer(Verifier::stripe("whsec_new")?.layer());
/// # Ok(()) }
/// ```
impl<S: Sync> FromRequestParts<S> for Webhook {
    type Rejection = NoVerifier;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoVerifier> {
        Self::of_extensions(&parts.extensions)
    }
}

impl IntoResponse for NoVerifier {
    /// 500: the route is set up wrongly, and the sender is not to know how.
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl IntoResponse for JsonError {
    /// 400.
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl IntoResponse for VerifyError {
    /// 401, as by the layer.
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
