//! A problem as an answer.

use axum::body::Body;
use axum::response::{IntoResponse, Response};

use super::details::Problem;

impl IntoResponse for Problem {
    /// Problem details; a guard around it gives it the look of the service.
    fn into_response(self) -> Response {
        self.response().map(Body::from)
    }
}
