//! What the layer answers where it does not run the service: problem details, RFC 9457.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

use super::error::VerifyError;

/// A problem (RFC 9457).
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    /// Whether the same request may succeed later.
    retryable: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    retryable: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, detail: String) -> Self {
        Self { status, kind, detail, retryable: false }
    }

    pub(super) fn too_large(most: usize) -> Self {
        let detail = format!("the body has more than {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    pub(super) fn broken_body() -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, "body", "the body ended before it was complete".to_owned());
        Self { retryable: true, ..refusal }
    }

    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let body = Body {
            r#type: format!("/problems/{}", self.kind),
            title: self.kind,
            status: self.status.as_u16(),
            detail: &self.detail,
            retryable: self.retryable,
        };
        // Texts and numbers: serde_json writes them all.
        let mut response = Response::new(Full::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            // Required with this status (RFC 9110, section 15.5.2).
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Webhook-Signature"));
        }
        response
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "webhook-signature", error.to_string())
    }
}
