//! Errors in the form that Stripe's libraries read: the status chooses the class, the body says why.

use std::fmt;

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use idem_core::{CommandError, Error};
use idem_http::Problem;
use serde_json::{Value, json};

use super::machine::Refusal;

/// Whether the libraries repeat a request, whatever its status.
pub(super) const SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");

/// An error of this service.
#[derive(Debug)]
pub(super) struct ApiError(Box<What>);

#[derive(Debug)]
enum What {
    Own {
        status: StatusCode,
        body: Value,
    },
    /// Of idem: shown by [`look`].
    Problem(Problem),
}

impl ApiError {
    /// An error with this status, kind and message.
    pub(super) fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self(Box::new(What::Own { status, body: json!({"type": kind, "message": message.into()}) }))
    }

    /// A request that cannot be understood.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// A parameter that cannot be used.
    pub(super) fn param(name: &str, code: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).with("code", code).with("param", name)
    }

    /// An object that is named by a parameter and does not exist; 404 if the path names it.
    pub(super) fn missing(kind: &str, id: &str, param: Option<&str>) -> Self {
        let status = if param.is_none() { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        let error = Self::new(status, "invalid_request_error", format!("No such {kind}: '{id}'"));
        error.with("code", "resource_missing").with("param", param.unwrap_or("id"))
    }

    /// A payment intent that cannot do this in its state.
    pub(super) fn unexpected(message: impl Into<String>) -> Self {
        Self::invalid(message).with("code", "payment_intent_unexpected_state")
    }

    /// A payment intent of which this cannot be asked in this state of its machine.
    pub(super) fn in_state(state: &str) -> Self {
        let status = match state {
            "RequiresAction" => "requires_action",
            "RequiresCapture" => "requires_capture",
            "Succeeded" | "Refunded" => "succeeded",
            "Canceled" => "canceled",
            _ => "requires_payment_method or requires_confirmation",
        };
        Self::unexpected(format!("This PaymentIntent cannot do that: its status is {status}."))
    }

    /// With this member.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let What::Own { body, .. } = &mut *self.0 {
            body[name] = value.into();
        }
        self
    }

    /// Whether the request is at fault, and not the server.
    pub(super) fn is_refusal(&self) -> bool {
        match &*self.0 {
            What::Own { status, .. } => status.is_client_error(),
            What::Problem(problem) => problem.status().is_client_error(),
        }
    }

    /// What it says, as JSON.
    pub(super) fn body(&self) -> Value {
        match &*self.0 {
            What::Own { body, .. } => body.clone(),
            What::Problem(_) => Value::Null,
        }
    }

    /// The parameter that it is about.
    #[cfg(test)]
    pub(super) fn parameter(&self) -> Option<&str> {
        match &*self.0 {
            What::Own { body, .. } => body["param"].as_str(),
            What::Problem(_) => None,
        }
    }
}

/// How a guard's problems look: the error class of Stripe's libraries, and whether they repeat the request.
pub(super) fn look(problem: &Problem) -> Response<Bytes> {
    let (status, kind, message) = match problem.kind() {
        "key-reused" => (
            // 409 and 422 are no error of their own to the libraries.
            StatusCode::BAD_REQUEST,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
        ),
        "in-flight" => (
            StatusCode::CONFLICT,
            "idempotency_error",
            "Another request with this Idempotency-Key is in progress, or the database is busy. Send it again.",
        ),
        "contended" | "busy" | "store-away" => {
            (problem.status(), "api_error", "The service is busy. Send the request again.")
        }
        _ if problem.status().is_server_error() => {
            (problem.status(), "api_error", problem.detail_text().unwrap_or("Something went wrong."))
        }
        _ => (problem.status(), "invalid_request_error", problem.detail_text().unwrap_or("This cannot be done.")),
    };
    let body = json!({"error": {"type": kind, "code": problem.kind().replace('-', "_"), "message": message}});
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    *response.headers_mut() = problem.headers();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(SHOULD_RETRY, HeaderValue::from_static(if problem.is_retryable() { "true" } else { "false" }));
    response
}

impl IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        match *self.0 {
            What::Own { status, body } => (status, Json(json!({"error": body}))).into_response(),
            What::Problem(problem) => look(&problem).map(Into::into),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            What::Own { body, .. } => f.write_str(body["message"].as_str().unwrap_or_default()),
            What::Problem(problem) => write!(f, "{problem:?}"),
        }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(What::Problem(problem)))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<CommandError<Refusal>> for ApiError {
    fn from(error: CommandError<Refusal>) -> Self {
        let rejection = match error {
            CommandError::Failed(Error::Invalid { state: "Refunded", command: "Refund", .. }) => {
                return Self::invalid("The charge has already been refunded.").with("code", "charge_already_refunded");
            }
            CommandError::Failed(Error::Invalid { state, .. }) => return Self::in_state(state),
            // Another request did the same, or this with other parameters.
            CommandError::Failed(Error::ReachedOtherwise { .. }) => {
                return Self::unexpected("This PaymentIntent cannot do that again.");
            }
            CommandError::Failed(error) => return error.into(),
            CommandError::Rejected { rejection, .. } => rejection,
        };
        match rejection {
            Refusal::OverHold { .. } => {
                let message = format!("The payment intent could not be captured: {rejection}.");
                Self::param("amount_to_capture", "amount_too_large", message)
            }
            Refusal::OverCharge { left: 0, .. } => {
                Self::invalid("The charge has already been refunded.").with("code", "charge_already_refunded")
            }
            Refusal::OverCharge { .. } => {
                Self::param("amount", "amount_too_large", format!("The refund is too large: {rejection}."))
            }
        }
    }
}
