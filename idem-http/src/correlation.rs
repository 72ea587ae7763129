//! The correlation id of a request: what connects it with the requests and logs of others.

use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use http::header::HeaderName;
use idem_core::Key;

/// The correlation id of a request. One that no header gives is made when it is first asked for.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(Arc<OnceLock<Arc<str>>>);

impl Correlation {
    /// The trace id of `traceparent` (W3C Trace Context), else `X-Request-Id`, else a new one. Never the key of the request: it is shown in
    /// logs.
    pub(crate) fn of(headers: &HeaderMap, key_headers: &[HeaderName]) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let shows_key = |id: &str| {
            let id = letters(id.as_bytes());
            let keys = key_headers.iter().flat_map(|name| headers.get_all(name));
            let mut keys = keys.map(|line| letters(line.as_bytes()));
            keys.any(|key| !key.is_empty() && (key.contains(&id) || id.contains(&key)))
        };
        let fits = |id: &&str| (1..=idem_core::MAX_NAME_BYTES).contains(&id.len()) && !shows_key(id);
        let given = text("traceparent").and_then(trace_id).filter(fits).or_else(|| text("x-request-id").filter(fits));
        Self(Arc::new(given.map_or_else(OnceLock::new, |id| OnceLock::from(Arc::from(id)))))
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        self.0.get_or_init(random)
    }
}

/// A text as it is compared: without quotation marks, escapes and hyphens, in small letters.
fn letters(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace(['"', '\\', '-'], "").to_lowercase()
}

fn trace_id(header: &str) -> Option<&str> {
    let mut parts = header.split('-');
    let (_version, id) = (parts.next()?, parts.next()?);
    let is_id =
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0');
    is_id.then_some(id)
}

fn random() -> Arc<str> {
    // A key is the one kind of random text that idem makes.
    Key::random("correlation").map_or_else(|_| "unknown".into(), |key| key.as_str().into())
}

/// The id as a URI of this occurrence.
pub(crate) fn urn(id: &str) -> String {
    let is_uuid = id.len() == 36 && id.bytes().filter(|byte| *byte == b'-').count() == 4;
    // Of a text that came from outside only what a URN may have.
    let fit = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte));
    match (is_uuid, fit) {
        (true, true) => format!("urn:uuid:{id}"),
        (_, true) => format!("urn:correlation:{id}"),
        _ => "urn:correlation:unfit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn id(headers: &[(&'static str, &'static str)]) -> Arc<str> {
        let line = |&(name, value): &(&'static str, &'static str)| {
            (name.parse().expect("a name"), HeaderValue::from_static(value))
        };
        Correlation::of(&headers.iter().map(line).collect(), &[crate::header::IDEMPOTENCY_KEY]).id().clone()
    }

    #[test]
    fn trace_id_comes_before_request_id() {
        let trace = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(&*id(&[trace, ("x-request-id", "r1")]), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(&*id(&[("traceparent", "00-00000000000000000000000000000000-0-0"), ("x-request-id", "r1")]), "r1");
        assert_eq!(id(&[("traceparent", "nonsense")]).len(), 36);
        assert_ne!(id(&[]), id(&[]));
        for id_with_key in ["the-key", "req-the-key", "the-key.2", "the"] {
            assert_eq!(id(&[("x-request-id", id_with_key), ("idempotency-key", "\"the-key\"")]).len(), 36);
        }
        for (id_with_key, key) in [
            ("a\"b\"key", r#""a\"b\"key""#),
            (r"a\bkey", r#""a\\bkey""#),
            ("8E03978E-40D5-43E8-BC93-6894A57F9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
            ("8e03978e40d543e8bc936894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ] {
            assert_ne!(&*id(&[("x-request-id", id_with_key), ("idempotency-key", key)]), id_with_key);
        }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_ne!(&*id(&[("traceparent", parent), ("idempotency-key", trace)]), trace);
    }

    #[test]
    fn instance_is_a_urn() {
        assert_eq!(urn("0198c0de-0000-7000-8000-000000000000"), "urn:uuid:0198c0de-0000-7000-8000-000000000000");
        assert_eq!(urn("r1"), "urn:correlation:r1");
        assert_eq!(urn("a b\"<"), "urn:correlation:unfit");
    }
}
