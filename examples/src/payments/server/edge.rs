//! What stands around every call: the merchant's key, the id of the request, and the headers that Stripe's libraries read.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::call::Caller;
use super::error::ApiError;
use super::objects;

const ACCOUNT: HeaderName = HeaderName::from_static("stripe-account");
/// By which of these a key comes.
const KEYS: [HeaderName; 2] =
    [HeaderName::from_static("idempotency-key"), HeaderName::from_static("x-idempotency-key")];
const REQUEST: HeaderName = HeaderName::from_static("request-id");
const VERSION: HeaderName = HeaderName::from_static("stripe-version");

/// Keys that are accepted: each is the merchant of the rest of it.
const SECRET: &str = "sk_test_";
/// Bytes of a key, and of the name of a connected account.
const LONGEST: usize = 128;
const LONGEST_ACCOUNT: usize = 40;

/// Finds out who calls, and marks the answer.
pub(super) async fn edge(mut request: Request, next: Next) -> Response {
    if !is_own_name(&request) {
        let message = "Use the address that the server has printed.";
        return ApiError::new(StatusCode::MISDIRECTED_REQUEST, "invalid_request_error", message).into_response();
    }
    let sent = |name: &HeaderName| request.headers().get(name).cloned().map(|key| (name.clone(), key));
    let (key, version) = (KEYS.iter().find_map(sent), request.headers().get(VERSION).cloned());
    let (id, mut response) = match caller(&request, key.as_ref().map(|(_, key)| key)) {
        Ok(caller) => {
            let id = caller.request.clone();
            request.extensions_mut().insert(caller);
            (Some(id), next.run(request).await)
        }
        Err(error) => (None, error.into_response()),
    };
    let headers = response.headers_mut();
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(REQUEST, id);
    }
    headers.insert(VERSION, version.unwrap_or(HeaderValue::from_static(objects::VERSION)));
    // In the form in which it was sent.
    if let Some((name, key)) = key {
        headers.insert(name, key);
    }
    response
}

/// Whether the request names this machine by an address or as `localhost`. A name that another site points here is not answered: a page of that
/// site could read what the API says.
pub(super) fn is_own_name(request: &Request) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    names_this_machine(host.or(request.uri().authority().map(Authority::as_str)).unwrap_or_default())
}

fn names_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

fn caller(request: &Request, key: Option<&HeaderValue>) -> Result<Caller, ApiError> {
    let secret = request.headers().get(AUTHORIZATION).and_then(|sent| sent.to_str().ok()).and_then(secret);
    let no_key = |message: &str| ApiError::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message);
    let secret = secret
        .ok_or_else(|| no_key("You did not provide an API key. Use bearer auth: Authorization: Bearer sk_test_shop"))?;
    let name = secret.strip_prefix(SECRET).filter(|name| is_name(name, LONGEST));
    let name =
        name.ok_or_else(|| no_key("Invalid API key: give sk_test_ and up to 128 letters, digits, `_` and `-`."))?;
    let account = match request.headers().get(ACCOUNT).map(HeaderValue::to_str) {
        None => format!("acct_{name}"),
        Some(Ok(of)) if is_name(of, LONGEST_ACCOUNT) => format!("acct_{name}/{of}"),
        Some(_) => {
            let message = "The provided key does not have access to this account (or that account does not exist).";
            return Err(
                ApiError::new(StatusCode::FORBIDDEN, "invalid_request_error", message).with("code", "account_invalid")
            );
        }
    };
    let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
    Ok(Caller { account, request: objects::new_id("req")?, key })
}

fn is_name(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// The secret of `Bearer SECRET`, or of `Basic` with the secret as the name and no password, as `curl -u SECRET:` sends it.
fn secret(sent: &str) -> Option<String> {
    let (scheme, sent) = sent.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(sent.trim().to_owned());
    }
    let pair = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(sent.trim()).ok())??;
    Some(String::from_utf8(pair).ok()?.split(':').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_read_from_bearer_and_basic() {
        for sent in ["Bearer sk_test_shop", "bearer sk_test_shop", "Basic c2tfdGVzdF9zaG9wOg=="] {
            assert_eq!(secret(sent).as_deref(), Some("sk_test_shop"), "{sent}");
        }
        for sent in ["", "Bearer", "sk_test_shop", "Basic ?", "Digest sk_test_shop"] {
            assert_eq!(secret(sent), None, "{sent}");
        }
    }

    #[test]
    fn only_addresses_and_localhost_are_own_names() {
        for host in [
            "127.0.0.1:12111",
            "127.0.0.1",
            "[::1]:80",
            "[::1]",
            "localhost:8080",
            "LOCALHOST",
            "localhost.",
            "192.168.0.7:1",
        ] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["", "evil.example", "evil.example:12111", "localhost.evil.example", "127.0.0.1.evil.example:80"] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
