//! Bodies, read as bytes: joined as they come, so that many small frames hold no more than one large one.

#![cfg_attr(not(feature = "server"), allow(dead_code, reason = "some parts are for the bodies of answers"))]

use std::error::Error;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, LengthLimitError};

use crate::problem::Problem;

/// The longest body by default, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// As many frames are read in one go; then others have their turn.
#[cfg(feature = "server")]
const FRAMES: u32 = 64;

/// What was read of a body.
#[derive(Default)]
pub(crate) struct Read {
    first: Option<Bytes>,
    /// From the second frame on, with the first.
    joined: BytesMut,
}

/// Where reading stopped.
pub(crate) enum Stopped<E> {
    End,
    /// More bytes than were asked for.
    Full,
    /// Something else than bytes: trailers.
    Other(Frame<Bytes>),
    Broken(E),
}

impl Read {
    pub(crate) fn len(&self) -> usize {
        self.first.as_ref().map_or(self.joined.len(), Bytes::len)
    }

    fn push(&mut self, data: Bytes) {
        if data.is_empty() {
        } else if self.len() == 0 {
            self.first = Some(data);
        } else {
            if let Some(first) = self.first.take() {
                self.joined.extend(first);
            }
            self.joined.extend(data);
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.first.unwrap_or_else(|| self.joined.freeze())
    }

    /// Reads on, until more than `max` bytes were read.
    pub(crate) async fn from<B: Body<Data = Bytes>>(&mut self, mut body: Pin<&mut B>, max: usize) -> Stopped<B::Error> {
        #[cfg(feature = "server")]
        let mut frames = 0;
        loop {
            let data = match body.frame().await {
                None => return Stopped::End,
                Some(Err(error)) => return Stopped::Broken(error),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(other) => return Stopped::Other(other),
                },
            };
            self.push(data);
            if self.len() > max {
                return Stopped::Full;
            }
            #[cfg(feature = "server")]
            {
                frames += 1;
                if frames % FRAMES == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

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
        let mut read = Read::default();
        match read.from(std::pin::pin!(body), max).await {
            // Trailers of a request are left out; nothing follows them.
            Stopped::End | Stopped::Other(_) => return Ok(read.into_bytes()),
            Stopped::Full => {}
            Stopped::Broken(error) => {
                let error = error.into();
                if !is_too_long(&*error) {
                    return Err(Problem::new(StatusCode::BAD_REQUEST, "body")
                        .detail("the body ended before it was complete")
                        .retryable(true)
                        .because(error));
                }
            }
        }
    }
    let detail = format!("the body is longer than {max} bytes, or longer than an outer layer accepts");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large").detail(detail))
}

/// Whether a layer around has limited the body.
fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}
