//! Bodies of requests, read whole.

use std::error::Error;

use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::Problem;

/// The longest body by default, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// Reads a body to its end.
///
/// # Errors
/// 413 if it has more than `max` bytes; 400 if it breaks off.
pub(crate) async fn read_whole<B>(body: B, max: usize) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // A length that was announced is refused before anything is read.
    if usize::try_from(body.size_hint().lower()).is_ok_and(|bytes| bytes <= max) {
        match Limited::new(body, max).collect().await {
            Ok(whole) => return Ok(whole.to_bytes()),
            Err(error) if !error.is::<LengthLimitError>() => {
                let broken =
                    Problem::new(StatusCode::BAD_REQUEST, "body").detail("the body ended before it was complete");
                return Err(broken.retryable(true).because(error));
            }
            Err(_) => {}
        }
    }
    let detail = format!("the body has more than {max} bytes");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large").detail(detail))
}
