//! What errors of webhooks are answered with.

use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};

use super::error::{JsonError, NoVerifier, VerifyError};
use crate::problem::Problem;

impl From<VerifyError> for Problem {
    /// 401: the sender is not known.
    fn from(error: VerifyError) -> Self {
        // Required with this status (RFC 9110, section 15.5.2).
        let scheme = HeaderValue::from_static("Webhook-Signature");
        let problem = Self::new(StatusCode::UNAUTHORIZED, "webhook-signature").detail(error.to_string());
        problem.header(WWW_AUTHENTICATE, scheme).because(error)
    }
}

impl From<JsonError> for Problem {
    /// 400.
    fn from(error: JsonError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "body").detail(error.to_string()).because(error)
    }
}

impl From<NoVerifier> for Problem {
    /// 500: the route is set up wrongly, and the sender is not to know how.
    fn from(error: NoVerifier) -> Self {
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "no-verifier");
        problem.detail("the server cannot verify webhooks here").because(error)
    }
}
