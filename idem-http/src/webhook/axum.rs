//! A webhook as an extractor, and its errors as answers.

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::error::{JsonError, NoVerifier, VerifyError};
use super::received::Webhook;
use super::refusal::Refusal;

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
        let detail = "the server cannot verify webhooks here".to_owned();
        answer(&Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "no-verifier", detail))
    }
}

impl IntoResponse for JsonError {
    /// 400.
    fn into_response(self) -> Response {
        answer(&Refusal::new(StatusCode::BAD_REQUEST, "body", self.to_string()))
    }
}

impl IntoResponse for VerifyError {
    /// 401, as by the layer.
    fn into_response(self) -> Response {
        answer(&Refusal::from(self))
    }
}

fn answer(refusal: &Refusal) -> Response {
    refusal.response().map(Body::new)
}
