//! What stands around every call: the merchant's key, the id of the request, and the headers that Stripe's libraries read.

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
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
