//! A problem on the wire: `application/problem+json` (RFC 9457).

use bytes::Bytes;
#[cfg(feature = "server")]
use http::Extensions;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING};
use http::{HeaderMap, Response};
use serde::Serialize;

use super::details::Problem;

/// What the `type` of a problem begins with, unless it is set.
pub(crate) const BASE: &str = "/problems/";

#[derive(Serialize)]
struct Body<'p> {
    r#type: String,
    title: &'p str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'p str>,
    retryable: bool,
}

impl Problem {
    /// The answer as problem details, whose `type` is relative: `/problems/` and the kind. A guard around it gives it the look of the
    /// service.
    pub fn response(&self) -> Response<Bytes> {
        let mut response = self.response_under(BASE);
        response.extensions_mut().insert(self.clone());
        response
    }

    /// The same with another beginning of the `type`: a URL under which each kind has a page.
    pub fn response_under(&self, base: &str) -> Response<Bytes> {
        let parts = &*self.0;
        let body = Body {
            r#type: format!("{base}{}", parts.kind),
            title: &parts.kind,
            status: parts.status.as_u16(),
            detail: parts.detail.as_deref(),
            instance: parts.instance.as_deref(),
            retryable: parts.retryable,
        };
        // Texts and numbers: serde_json writes them all.
        let mut response = Response::new(Bytes::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() = parts.status;
        *response.headers_mut() = self.headers();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }

    /// The headers that its answer has: `Retry-After` and those that were given to it. A look of your own need not set them: where it left
    /// one out, the guard does.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = self.0.headers.clone();
        // The connection's, which knows better.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        if let Some(after) = self.0.retry_after {
            let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.clamp(1, 86_400)));
        }
        headers
    }

    /// The problem that a response was made of, for the guard around it.
    #[cfg(feature = "server")]
    pub(crate) fn behind(extensions: &mut Extensions) -> Option<Self> {
        extensions.remove::<Self>()
    }
}
