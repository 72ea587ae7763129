//! What is done with a request before its key is looked for, in this order: the key, the scope, the body.

use std::error::Error;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use http::header::HeaderName;
use http::request::Parts;
use http_body::Body;
use idem_core::Key;
use idem_core::operation::Request;

use super::settings::Settings;
use crate::body::read_whole;
use crate::correlation::Correlation;
use crate::fingerprint;
use crate::header::{is_weak, key_in};
use crate::keys::Keys;
use crate::observe::Verdict;
use crate::problem::{Kind, Problem};
use crate::scope::no_scope;

const FIRST_SENT: HeaderName = HeaderName::from_static("repeatability-first-sent");

/// A request whose key, scope and body are fit.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// Of the client, or derived from the request. `None`: nothing of it is remembered.
    pub(crate) key: Option<Key>,
    /// The client sent no key: it is derived.
    pub(crate) is_derived: bool,
    pub(crate) keys: Keys,
    /// What a repeat is compared by.
    pub(crate) request: Request,
    pub(crate) correlation: Correlation,
}

/// What the headers of a request say.
#[derive(Debug)]
pub(crate) struct Head {
    /// The client's key.
    pub(crate) key: Option<String>,
    scope: String,
}

/// Reads the headers.
pub(crate) fn head(parts: &Parts, settings: &Settings) -> Result<Head, (Problem, Verdict)> {
    let malformed = |problem: Problem| (problem, Verdict::Malformed);
    let key = key_in(&parts.headers, &settings.names, settings.strict).map_err(|key| malformed(key.into()))?;
    match &key {
        None if settings.required && settings.derived.is_none() => return Err(malformed(missing(settings))),
        Some(key) if is_weak(key, settings.min_key_bytes) => {
            if settings.refuses_weak {
                return Err(malformed(Kind::KeyWeak.into()));
            }
            crate::observe::weak_key();
        }
        _ => {}
    }
    if settings.first_sent && key.is_some() && is_too_old(&parts.headers, settings) {
        return Err(malformed(Kind::KeyTooOld.into()));
    }
    let scope = settings.scope.scope(parts).map_err(|problem| (problem, Verdict::Refused))?;
    Ok(Head { key, scope })
}

/// Reads the body, where the mode compares requests, and makes the key.
pub(crate) async fn admit<B>(
    head: Head,
    parts: &Parts,
    body: B,
    settings: &Settings,
    correlation: &Correlation,
) -> Result<(Admitted, Bytes), (Problem, Verdict)>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let body = read_whole(body, settings.max_body).await.map_err(|problem| (problem, Verdict::Refused))?;
    let request = fingerprint::request(parts, &body, &settings.fingerprinted);
    Ok((admitted(head, request, settings, correlation)?, body))
}

/// The request with its key.
pub(crate) fn admitted(
    head: Head,
    request: Request,
    settings: &Settings,
    correlation: &Correlation,
) -> Result<Admitted, (Problem, Verdict)> {
    let Head { key, scope } = head;
    let unfit = |_| (no_scope("a scope is 1 to 255 bytes without control characters"), Verdict::Refused);
    let is_derived = key.is_none() && settings.derived.is_some();
    let (key, keys) = match key {
        Some(key) => {
            let key = Key::new(scope, key).map_err(unfit)?;
            (Some(key.clone()), Keys::of_client(key, &settings.namespace))
        }
        None if is_derived => {
            let key = request.key(scope).map_err(unfit)?;
            // Not of this key: after the window the same order is meant again, and its commands are to run again.
            let made = Key::random(key.scope()).map_err(unfit)?;
            (Some(key), Keys::made(made, &settings.namespace))
        }
        None => (None, Keys::made(Key::random(scope).map_err(unfit)?, &settings.namespace)),
    };
    Ok(Admitted { key, is_derived, keys, request, correlation: correlation.clone() })
}

fn missing(settings: &Settings) -> Problem {
    let names: Vec<&str> = settings.names.iter().map(http::HeaderName::as_str).collect();
    let problem = Problem::from(Kind::KeyMissing)
        .detail(format!("this request needs a key, in the header {}", names.join(" or ")));
    let described = format!("<{}key-missing>; rel=\"describedby\"", settings.base);
    match described.try_into() {
        Ok(link) => problem.header(http::header::LINK, link),
        Err(_) => problem,
    }
}

/// Whether the request was first sent before the oldest record that is still kept.
#[allow(clippy::disallowed_methods, reason = "a time of the client is compared; no record is judged by it")]
fn is_too_old(headers: &HeaderMap, settings: &Settings) -> bool {
    let sent = headers.get(FIRST_SENT).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    sent.and_then(|sent| SystemTime::now().duration_since(sent).ok()).is_some_and(|age| age > settings.keep)
}
