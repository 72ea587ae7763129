//! The correlation id of a request: what connects it with the requests and logs of others.

use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use http::header::HeaderName;
use idem_core::Key;

use crate::header::parse;

/// The correlation id of a request. One that no header gives is made when it is first asked for.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(Arc<OnceLock<Arc<str>>>);

impl Correlation {
    /// The trace id of `traceparent` (W3C Trace Context), else `X-Request-Id`, else a new one. Never one that shows the key of the request: it
    /// is shown in logs.
    pub(crate) fn of(headers: &HeaderMap, key_headers: &[HeaderName]) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let trace = || text("traceparent").and_then(trace_id).filter(|id| !shows_key(id, headers, key_headers, false));
        let fits = |id: &&str| (1..=idem_core::MAX_NAME_BYTES).contains(&id.len());
        let request = || text("x-request-id").filter(fits).filter(|id| !shows_key(id, headers, key_headers, true));
        Self(Arc::new(trace().or_else(request).map_or_else(OnceLock::new, |id| OnceLock::from(Arc::from(id)))))
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        self.0.get_or_init(random)
    }
}

/// As many letters and digits in a row are a part of the key, and do not stand in both by accident.
const SHARED: usize = 12;
/// More lines, and more of one that cannot be read, are not compared: such a request has no key.
const MOST_LINES: usize = 8;
const LONGEST_LINE: usize = 512;

/// Whether an id shows so much of a key that it can be found in it. With `short`, a short key and a short id count as well: of a trace id,
/// which is always long, they are a part by accident.
fn shows_key(id: &str, headers: &HeaderMap, key_headers: &[HeaderName], short: bool) -> bool {
    let ids = forms(id);
    let lines = key_headers.iter().flat_map(|name| headers.get_all(name));
    lines.take(MOST_LINES).map(|line| key_of(line.as_bytes())).any(|key| {
        let keys = forms(&key);
        let pairs = || ids.iter().flat_map(|id| keys.iter().map(move |key| (id, key)));
        // A key without letters and digits is compared as it is.
        id == key || pairs().any(|(id, key)| shares_run(id, key) || short && contains_other(id, key))
    })
}

/// The key of a header; of one that cannot be read, what stands in it.
fn key_of(line: &[u8]) -> String {
    parse(line, false).unwrap_or_else(|_| String::from_utf8_lossy(&line[..line.len().min(LONGEST_LINE)]).into_owned())
}

/// A text as it is compared: its letters and digits in small letters, as they stand, and with percent escapes read, once and twice.
fn forms(text: &str) -> [Vec<u8>; 3] {
    let letters =
        |text: &[u8]| text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    let once = unescaped(text.as_bytes());
    [letters(text.as_bytes()), letters(&once), letters(&unescaped(&once))]
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| {
        text.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let (mut read, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        let escaped = digit(at + 1).zip(digit(at + 2)).filter(|_| byte == b'%');
        read.push(escaped.map_or(byte, |(high, low)| high << 4 | low));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    read
}

fn shares_run(one: &[u8], other: &[u8]) -> bool {
    one.windows(SHARED).any(|run| other.windows(SHARED).any(|there| there == run))
}

fn contains_other(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    !short.is_empty() && long.windows(short.len()).any(|part| part == short)
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
    fn id_that_shows_the_key_is_not_taken() {
        const KEY: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";
        for (id_with_key, key) in [
            (format!("req-{KEY}"), format!("\"{KEY}\";v=1")),
            (KEY.to_owned(), format!("\"{KEY}\";a;b=?1")),
            (KEY.replace('-', "_"), KEY.to_owned()),
            (KEY.replace('-', ":"), KEY.to_owned()),
            (KEY.replace('-', "%2D"), KEY.to_owned()),
            (KEY.replace('-', "%252d"), KEY.to_owned()),
            (KEY.replace('-', "").to_uppercase(), format!("\"{KEY}\"")),
            (format!("req.{}.1", &KEY[..30]), KEY.to_owned()),
            (format!("req.{}", &KEY[6..]), KEY.to_owned()),
            (KEY[12..26].to_owned(), KEY.to_owned()),
            ("req-order%2017%20of%20alice@x.org".into(), "\"order 17 of alice@x.org\"".into()),
            ("req-order-17-of-alice".into(), "order_17_of_alice".into()),
            ("req-order-17".into(), "order%2D17".into()),
            ("--==--".into(), "--==--".into()),
            (format!("req-{KEY}"), format!("\"{KEY}")),
        ] {
            let headers = [("x-request-id", &id_with_key), ("idempotency-key", &key)];
            let headers = headers.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
            let names = [crate::header::X_IDEMPOTENCY_KEY, crate::header::IDEMPOTENCY_KEY];
            let shown = Correlation::of(&headers.into_iter().collect(), &names).id().clone();
            assert_ne!(*shown, *id_with_key, "{key}");
            assert_eq!(shown.len(), 36, "a new one");
        }
    }

    #[test]
    fn id_that_only_looks_like_the_key_is_taken() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        // A short key stands in many trace ids by accident.
        for key in ["577b", "\"577b\"", "8e03978e-40d5-43e8-bc93-6894a57f9324"] {
            assert_eq!(&*id(&[("traceparent", trace), ("idempotency-key", key)]), "4bf92f3577b34da6a3ce929d0e0e4736");
        }
        let other = "8e03978e-40d0-43e8-bc93-6894a57f9324";
        let first_eleven = ("x-request-id", "8e03978e40d-elsewhere");
        assert_eq!(&*id(&[first_eleven, ("idempotency-key", other)]), "8e03978e40d-elsewhere");
        assert_eq!(&*id(&[("x-request-id", "r1"), ("idempotency-key", "----")]), "r1");
    }

    #[test]
    fn instance_is_a_urn() {
        assert_eq!(urn("0198c0de-0000-7000-8000-000000000000"), "urn:uuid:0198c0de-0000-7000-8000-000000000000");
        assert_eq!(urn("r1"), "urn:correlation:r1");
        assert_eq!(urn("a b\"<"), "urn:correlation:unfit");
    }
}
