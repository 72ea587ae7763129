//! What a repeat is compared by: method, path, query, body, and chosen headers. Never `Host`, and never all headers: clients send other
//! ones when they try again.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use idem_core::operation::Request;

/// The path and query of a request as the client sent them, for services behind a router that strips a part of the path. Put it into
/// the extensions of the request before the router; axum does so itself.
#[derive(Debug, Clone)]
pub struct OriginalTarget(
    /// The URI as the client sent it.
    pub http::Uri,
);

/// The request as a repeat of it is recognised.
pub(crate) fn request(parts: &Parts, body: &[u8], headers: &[HeaderName]) -> Request {
    let target = target(parts);
    // The version is a part, so that a later recipe can differ.
    let mut request = Request::to("http request v1")
        .part(parts.method.as_str().as_bytes())
        .part(target.path().as_bytes())
        .part(target.query().unwrap_or_default().as_bytes());
    for name in headers {
        let lines = parts.headers.get_all(name);
        request = request.part(name.as_str().as_bytes()).part(&(lines.iter().count() as u64).to_le_bytes());
        request = lines.iter().fold(request, |request, line| request.part(line.as_bytes()));
    }
    match kind(parts) {
        Kind::Json => request.json(body),
        Kind::Multipart(boundary) => without_boundary(request, body, boundary.as_bytes()),
        Kind::Bytes => request.part(body),
    }
}

fn target(parts: &Parts) -> &http::Uri {
    if let Some(OriginalTarget(uri)) = parts.extensions.get() {
        return uri;
    }
    // A nested router has taken its prefix away.
    #[cfg(feature = "axum")]
    if let Some(axum::extract::OriginalUri(uri)) = parts.extensions.get()
        && !seeded_bug!("stripped-path")
    {
        return uri;
    }
    &parts.uri
}

enum Kind<'r> {
    Json,
    Multipart(Cow<'r, str>),
    Bytes,
}

fn kind(parts: &Parts) -> Kind<'_> {
    let Some(text) = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return Kind::Bytes };
    let (media_type, parameters) = text.split_once(';').unwrap_or((text, ""));
    let media_type = media_type.trim();
    let ends_with = |end: &str| {
        media_type.len() >= end.len()
            && media_type.as_bytes()[media_type.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
    };
    if media_type.eq_ignore_ascii_case("application/json") || ends_with("+json") {
        return Kind::Json;
    }
    if media_type.eq_ignore_ascii_case("multipart/form-data") {
        let boundary = parameter(parameters, "boundary");
        if let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty()) {
            return Kind::Multipart(boundary);
        }
    }
    Kind::Bytes
}

/// A parameter of a media type: a token, or a quoted string, in which any sign may stand (RFC 9110, section 5.6.6).
fn parameter<'p>(mut text: &'p str, wanted: &str) -> Option<Cow<'p, str>> {
    loop {
        let (name, rest) = text.split_once('=')?;
        let (value, rest) = if let Some(quoted) = rest.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (value, rest) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
            (Cow::Borrowed(value.trim()), rest)
        };
        if name.trim_matches([';', ' ', '\t']).eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        text = rest;
    }
}

/// What stands before the closing quotation mark, and what after it.
fn unquoted(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let (mut value, mut signs) = (String::new(), quoted.char_indices());
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Some((Cow::Owned(value), &quoted[at + 1..])),
            '\\' => value.push(signs.next()?.1),
            sign => value.push(sign),
        }
    }
    None
}

/// The parts of a form, without the boundary between them: a client that tries again may make a new one.
fn without_boundary(mut request: Request, body: &[u8], boundary: &[u8]) -> Request {
    let delimiter = [b"--", boundary].concat();
    let mut rest = body;
    while let Some((at, is_last)) = line_of(rest, &delimiter) {
        request = request.part(&rest[..at]);
        rest = &rest[at + delimiter.len()..];
        if is_last {
            break;
        }
    }
    request.part(b"multipart").part(rest)
}

/// Where a line is a delimiter, and whether it is the closing one, behind which is no other (RFC 2046, section 5.1.1).
fn line_of(body: &[u8], delimiter: &[u8]) -> Option<(usize, bool)> {
    let begins_line = |at: usize| at == 0 || body[..at].ends_with(b"\r\n");
    let mut from = 0;
    loop {
        // Each line once: not every byte is looked at by a comparison.
        let at = from + body[from..].windows(2).position(|two| two == b"--")?;
        if begins_line(at)
            && let Some(rest) = body[at..].strip_prefix(delimiter)
        {
            let closed = rest.strip_prefix(b"--");
            if ends_line(closed.unwrap_or(rest)) {
                return Some((at, closed.is_some()));
            }
        }
        from = at + 1;
    }
}

/// Whether nothing but white space stands on the rest of this line.
fn ends_line(rest: &[u8]) -> bool {
    let padding = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
    rest[padding..].starts_with(b"\r\n") || padding == rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
        let mut builder = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let (parts, ()) = builder.body(()).expect("a request").into_parts();
        request(&parts, body, &[http::header::IF_MATCH])
    }

    #[test]
    fn method_path_query_and_chosen_headers_count() {
        let base = || of("POST", "/a?b=1", &[("if-match", "\"1\"")], b"x");
        assert_eq!(
            base(),
            of("POST", "http://elsewhere/a?b=1", &[("if-match", "\"1\""), ("host", "h"), ("x", "y")], b"x")
        );
        for other in [
            of("PATCH", "/a?b=1", &[("if-match", "\"1\"")], b"x"),
            of("POST", "/b?b=1", &[("if-match", "\"1\"")], b"x"),
            of("POST", "/a?b=2", &[("if-match", "\"1\"")], b"x"),
            of("POST", "/a%3Fb=1", &[("if-match", "\"1\"")], b"x"),
            of("POST", "/a?b=1", &[("if-match", "\"2\"")], b"x"),
            of("POST", "/a?b=1", &[], b"x"),
            of("POST", "/a?b=1", &[("if-match", "\"1\"")], b"y"),
        ] {
            assert_ne!(base(), other);
        }
    }

    #[test]
    fn json_is_canonical_where_it_is_declared() {
        for content_type in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            let of = |body: &[u8]| of("POST", "/", &[("content-type", content_type)], body);
            assert_eq!(of(br#"{"a": 1, "b": 2}"#), of(br#"{"b":2,"a":1}"#), "{content_type}");
            assert_ne!(of(br#"{"a": 9007199254740993}"#), of(br#"{"a": 9007199254740992}"#));
        }
        let text = |body: &[u8]| of("POST", "/", &[("content-type", "text/plain")], body);
        assert_ne!(text(br#"{"a": 1}"#), text(br#"{"a":1}"#));
    }

    #[test]
    fn boundary_of_a_form_does_not_count() {
        let form = |boundary: &str, value: &str| {
            let body = format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--{boundary}--\r\n"
            );
            let content_type = format!("multipart/form-data; boundary=\"{boundary}\"");
            of("POST", "/", &[("content-type", &content_type)], body.as_bytes())
        };
        assert_eq!(form("one", "5"), form("other", "5"));
        assert_ne!(form("one", "5"), form("one", "6"));
        // What looks like a boundary and is the other form's counts as content.
        assert_ne!(form("one", "x\r\n--other\r\ny"), form("other", "x\r\n--other\r\ny"));
        // A line of content that begins as the boundary does.
        assert_ne!(form("one", "x\r\n--oneself"), form("other", "x\r\n--otherself"));
        // Or as the closing one does.
        assert_ne!(form("one", "x\r\n--one--self\r\ny"), form("other", "x\r\n--other--self\r\ny"));
        assert_ne!(form("one", "x\r\n--one-- self\r\ny"), form("other", "x\r\n--other-- self\r\ny"));
        assert_ne!(form("one", "x\r\n--one-\r\ny"), form("other", "x\r\n--other-\r\ny"));
        assert_ne!(form("one", "x--one\r\ny"), form("other", "x--other\r\ny"));
        assert_ne!(form("one", "x\n--one\r\ny"), form("other", "x\n--other\r\ny"));
        // White space may stand behind a delimiter, and is compared.
        assert_eq!(form("one", "x\r\n--one \t\r\n\r\ny"), form("other", "x\r\n--other \t\r\n\r\ny"));
        let padded = |boundary: &str| {
            let content_type = format!("multipart/form-data; boundary={boundary}");
            let body = format!("--{boundary} \r\n\r\n5\r\n--{boundary}-- \t\r\n");
            of("POST", "/", &[("content-type", &content_type)], body.as_bytes())
        };
        assert_eq!(padded("one"), padded("other"));
        // Behind the closing delimiter is no other one.
        let behind = |boundary: &str| form(boundary, &format!("x\r\n--{boundary}--\r\n--{boundary}\r\n\r\ny"));
        assert_ne!(behind("one"), behind("other"));
        // Any sign may stand in quotation marks.
        assert_eq!(form("a;b=c", "5"), form("one", "5"));
    }
}
