//! What a probe knows of one route.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};

use super::door::Door;
use crate::header::quoted;

/// A function that a test gives the probe.
pub(super) type Hook<'p, T> = Box<dyn Fn() -> Pin<Box<dyn Future<Output = T> + Send + 'p>> + Send + Sync + 'p>;

pub(super) struct Plan<'p> {
    pub(super) door: &'p Door,
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// The same with one more parameter.
    pub(super) other_uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) key_header: HeaderName,
    /// How a replay is marked, beside the ways that are known.
    pub(super) mark: Option<HeaderName>,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) body: Bytes,
    pub(super) changed: Option<Bytes>,
    pub(super) effects: Option<Hook<'p, u64>>,
    pub(super) before: Option<Hook<'p, ()>>,
    pub(super) patience: Duration,
    pub(super) key_is_optional: bool,
    pub(super) query_is_ignored: bool,
}

/// The key of a request, as it is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyLines<'k> {
    None,
    Empty,
    Two(&'k str, &'k str, Form),
    One(&'k str, Form),
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A string of structured fields, as the IETF's draft has it.
    Quoted,
    /// As most clients send it.
    Bare,
}

/// Which request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Same,
    OtherBody,
    OtherQuery,
    HalfBody,
}

impl Plan<'_> {
    pub(super) fn request(&self, key: KeyLines<'_>, what: What) -> Request<Bytes> {
        let body = match what {
            What::Same | What::OtherQuery => self.body.clone(),
            What::OtherBody => self.changed.clone().unwrap_or_default(),
            What::HalfBody => self.body.slice(..self.body.len() / 2),
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = if what == What::OtherQuery { &self.other_uri } else { &self.uri }.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        if let Some(content_type) = &self.content_type {
            headers.entry(CONTENT_TYPE).or_insert_with(|| content_type.clone());
        }
        match key {
            KeyLines::None => {}
            KeyLines::Empty => {
                headers.insert(&self.key_header, HeaderValue::from_static(""));
            }
            KeyLines::Two(one, other, form) => {
                for value in [one, other].into_iter().filter_map(|key| form.write(key)) {
                    headers.append(&self.key_header, value);
                }
            }
            KeyLines::One(key, form) => headers.extend(form.write(key).map(|value| (self.key_header.clone(), value))),
        }
        request
    }

    /// Half of the body is no body for sure: a JSON object, array or text that was cut.
    pub(super) fn half_is_broken(&self) -> bool {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok();
        is_json && self.body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"{[\"".contains(byte))
    }
}

impl Form {
    /// A header; a key that is made here fits into one.
    fn write(self, key: &str) -> Option<HeaderValue> {
        match self {
            Self::Quoted => quoted(key),
            Self::Bare => HeaderValue::try_from(key).ok(),
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Quoted => Self::Bare,
            Self::Bare => Self::Quoted,
        }
    }
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("method", &self.method).field("uri", &self.uri).finish_non_exhaustive()
    }
}
