//! The key of a request.

use std::fmt;

use http::header::HeaderName;
use http::{Extensions, HeaderMap, HeaderValue, Method};
use idem_core::Key;
use reqwest_middleware::{Error, Result};

pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// What some services read in its place. A key of our own beside it would be another one.
const OTHER_HEADER: HeaderName = HeaderName::from_static("x-idempotency-key");

/// The key to send a request under, as an extension of the request: the one way to repeat it in another call or another process.
///
/// It is derived from a [`Key`], so the same key gives the same text, and neither the client's own text nor the scope is sent to another
/// service. A request with this extension carries the key whatever its method. A header `Idempotency-Key` or
/// `X-Idempotency-Key` that is set by the caller wins.
///
/// Give each call of one piece of work its own key by [`Key::derive`]; one key for two different requests is refused by the server (422).
///
/// ```
/// use idem_core::Key;
/// use idem_http::client::RequestKey;
///
/// let key = Key::new("customer-7", "req-1")?;
/// assert_eq!(RequestKey::from(&key.derive("charge")), RequestKey::from(&key.derive("charge")));
/// assert_ne!(RequestKey::from(&key.derive("charge")), RequestKey::from(&key.derive("refund")));
/// # Ok::<(), idem_core::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RequestKey(Key);

impl RequestKey {
    /// The text that is sent, in quotes, in the header `Idempotency-Key`: by it the other side finds the request. `Debug` shows a hash of it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<&Key> for RequestKey {
    fn from(key: &Key) -> Self {
        Self(key.derive("idem_http::client"))
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestKey").field(&self.0).finish()
    }
}

/// Sets the key header if the request needs one and has none. Whether it has one now.
pub(super) fn set_key(
    headers: &mut HeaderMap,
    method: &Method,
    keyed: &[Method],
    extensions: &Extensions,
) -> Result<bool> {
    if headers.contains_key(&HEADER) || headers.contains_key(&OTHER_HEADER) {
        return Ok(true);
    }
    let key = match extensions.get::<RequestKey>() {
        Some(RequestKey(key)) => key.clone(),
        // Each client makes its own, so the scope, which is not sent, only has to be one.
        None if keyed.contains(method) => Key::random("client").map_err(Error::middleware)?,
        None => return Ok(false),
    };
    // A structured-field string. Both texts are letters, digits, `-` and `.`, so there is nothing to escape.
    let mut value = HeaderValue::try_from(format!("\"{}\"", key.as_str())).map_err(Error::middleware)?;
    value.set_sensitive(true);
    headers.insert(HEADER, value);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(method: &Method, extensions: &Extensions) -> Option<String> {
        let mut headers = HeaderMap::new();
        let keyed = set_key(&mut headers, method, &[Method::POST, Method::PATCH], extensions).expect("a key");
        let text = headers.get(HEADER).map(|value| value.to_str().expect("ASCII").to_owned());
        assert_eq!(keyed, text.is_some());
        text
    }

    #[test]
    fn random_key_is_a_quoted_uuid_v7_for_keyed_methods() {
        let none = Extensions::new();
        let (one, other) = (sent(&Method::POST, &none).expect("a key"), sent(&Method::PATCH, &none).expect("a key"));
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..1], &one[15..16], &one[37..]), (38, "\"", "7", "\""));
        assert_eq!(sent(&Method::GET, &none), None);
        assert_eq!(sent(&Method::PUT, &none), None);
    }

    #[test]
    fn derived_key_is_the_same_in_every_release() {
        let mut extensions = Extensions::new();
        extensions.insert(RequestKey::from(&Key::new("customer-7", "req-1").expect("a key")));
        let text = sent(&Method::DELETE, &extensions).expect("a key");
        assert_eq!(text, "\"d.8143df40b93c19fe9d4685b7d2fdbc22d308c555d59ddbcb3c9d982785f4d50c\"");
    }

    #[test]
    fn key_is_hidden_in_debug() {
        let key = RequestKey::from(&Key::new("customer-7", "req-1").expect("a key"));
        let shown = format!("{key:?}");
        assert!(shown.starts_with("RequestKey(Key(#") && !shown.contains(key.0.as_str()), "{shown}");
        let mut headers = HeaderMap::new();
        set_key(&mut headers, &Method::POST, &[Method::POST], &Extensions::new()).expect("a key");
        assert!(format!("{headers:?}").contains("Sensitive"));
    }
}
