//! The body of an answer: kept, the handler's own, or the handler's own after what was read of it.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "some parts are for transactions")
)]

use std::collections::VecDeque;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, timeout_at};

use crate::body::{Read, Stopped};
use crate::panics::caught;

pin_project! {
    /// The body of the answer of a guarded service, of which `R` is the handler's own.
    #[derive(Debug)]
    pub struct AnswerBody<R> {
        #[pin]
        inner: Inner<R>,
    }
}

pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum Inner<R> {
        Whole { body: Option<Bytes> },
        Own { #[pin] body: R },
        Part { read: VecDeque<Frame<Bytes>>, rest: Pin<Box<R>> },
    }
}

/// The body of an answer, as far as it can be recorded.
pub(crate) enum ReadBody<R> {
    Whole(Bytes),
    /// Too long, or with trailers: what was read of it, and the rest.
    Part(AnswerBody<R>),
}

impl<R> AnswerBody<R> {
    pub(crate) fn whole(body: Bytes) -> Self {
        Self { inner: Inner::Whole { body: Some(body).filter(|body| !body.is_empty()) } }
    }

    /// The handler's own.
    pub(crate) fn own(body: R) -> Self {
        Self { inner: Inner::Own { body } }
    }
}

/// Why the body of an answer could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It broke off.
    Broken(Box<dyn Error + Send + Sync>),
    /// It took too long.
    Late,
}

/// Reads a body, at most `max` bytes of it. Of one that is longer as it says itself nothing is read, nor of any if `max` is 0.
pub(crate) async fn read_answer<R>(body: AnswerBody<R>, max: usize, until: Instant) -> Result<ReadBody<R>, Unread>
where
    R: Body<Data = Bytes>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // One that panics has broken off, wherever it does, in its destructor as well.
    let read = caught(read_body(body, max, until)).await;
    read.unwrap_or_else(|| Err(Unread::Broken("the body of the answer panicked".into())))
}

async fn read_body<R>(body: AnswerBody<R>, max: usize, until: Instant) -> Result<ReadBody<R>, Unread>
where
    R: Body<Data = Bytes>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let body = match body.inner {
        Inner::Own { body } if !body.is_end_stream() => body,
        Inner::Own { .. } => return Ok(ReadBody::Whole(Bytes::new())),
        Inner::Whole { body } => {
            let bytes = body.unwrap_or_default();
            let is_short = bytes.len() <= max;
            return Ok(if is_short { ReadBody::Whole(bytes) } else { ReadBody::Part(AnswerBody::whole(bytes)) });
        }
        part @ Inner::Part { .. } => return Ok(ReadBody::Part(AnswerBody { inner: part })),
    };
    if max == 0 || usize::try_from(body.size_hint().lower()).is_ok_and(|lower| lower > max) {
        return Ok(ReadBody::Part(AnswerBody::own(body)));
    }
    let mut rest = Box::pin(body);
    let mut read = Read::default();
    let stopped = timeout_at(until, read.from(rest.as_mut(), max)).await.map_err(|_| Unread::Late)?;
    let other = match stopped {
        Stopped::End => return Ok(ReadBody::Whole(read.into_bytes())),
        Stopped::Broken(error) => return Err(Unread::Broken(error.into())),
        Stopped::Full => None,
        Stopped::Other(frame) => Some(frame),
    };
    let read = [Frame::data(read.into_bytes())].into_iter().chain(other).collect();
    Ok(ReadBody::Part(AnswerBody { inner: Inner::Part { read, rest } }))
}

impl<R> Body for AnswerBody<R>
where
    R: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match self.project().inner.project() {
            Projected::Whole { body } => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Projected::Own { body } => body.poll_frame(cx),
            Projected::Part { read, rest } => match read.pop_front() {
                Some(frame) => Poll::Ready(Some(Ok(frame))),
                None => rest.as_mut().poll_frame(cx),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Whole { body } => body.is_none(),
            Inner::Own { body } => body.is_end_stream(),
            Inner::Part { read, rest } => read.is_empty() && rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Whole { body } => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Inner::Own { body } => body.size_hint(),
            Inner::Part { read, rest } => {
                let read: usize = read.iter().filter_map(Frame::data_ref).map(Bytes::len).sum();
                let (read, rest) = (read as u64, rest.size_hint());
                let mut hint = SizeHint::new();
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(read));
                }
                hint.set_lower(rest.lower().saturating_add(read));
                hint
            }
        }
    }
}
