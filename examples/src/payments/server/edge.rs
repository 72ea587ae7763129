//! What stands around every call: the merchant's key, the id of the request, and the headers that Stripe's libraries read.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::call::Caller;
use super::error::ApiError;
use super::objects;

const ACCOUNT: HeaderName = HeaderName::from_static("stripe-account");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REQUEST: HeaderName = HeaderName::from_static("request-id");
const VERSION: HeaderName = HeaderName::from_static("stripe-version");

/// Keys that are accepted: each is the merchant of the rest of it.
const SECRET: &str = "sk_test_";
const LONGEST: usize = 64;

/// Finds out who calls, and marks the answer.
pub(super) async fn edge(mut request: Request, next: Next) -> Response {
    if !is_own_name(&request) {
        let message = "Use the address that the server has printed.";
        return ApiError::new(StatusCode::MISDIRECTED_REQUEST, "invalid_request_error", message).into_response();
    }
    let (key, version) = (request.headers().get(KEY).cloned(), request.headers().get(VERSION).cloned());
    let (id, mut response) = match caller(&request, key.as_ref()) {
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
    if let Some(key) = key {
        headers.insert(KEY, key);
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
    name == "localhost" || address.parse::<IpAddr>().is_ok()
}

fn caller(request: &Request, key: Option<&HeaderValue>) -> Result<Caller, ApiError> {
    let secret = request.headers().get(AUTHORIZATION).and_then(|sent| sent.to_str().ok());
    let secret = secret.and_then(|sent| sent.strip_prefix("Bearer "));
    let no_key = |message: &str| ApiError::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message);
    let secret = secret
        .ok_or_else(|| no_key("You did not provide an API key. Use bearer auth: Authorization: Bearer sk_test_shop"))?;
    let name = secret.strip_prefix(SECRET).filter(|name| is_name(name));
    let name = name.ok_or_else(|| no_key("Invalid API key: give sk_test_ and up to 64 letters, digits and `_`."))?;
    let account = match request.headers().get(ACCOUNT).map(HeaderValue::to_str) {
        None => format!("acct_{name}"),
        Some(Ok(of)) if is_name(of) => format!("acct_{name}/{of}"),
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

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_own_names() {
        for host in ["127.0.0.1:12111", "127.0.0.1", "[::1]:80", "[::1]", "localhost:8080", "192.168.0.7:1"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["", "evil.example", "evil.example:12111", "localhost.evil.example", "127.0.0.1.evil.example:80"] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
