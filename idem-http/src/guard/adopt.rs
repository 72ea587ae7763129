//! A guarded request, which runs on when its client disconnects.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Response;
use tokio::runtime::Handle;

use crate::answer_body::AnswerBody;
use crate::observe;

type Work<R, E> = Pin<Box<dyn Future<Output = Result<Response<AnswerBody<R>>, E>> + Send>>;

/// The answer of a guarded service.
///
/// # Cancel safety
/// Dropped before the handler began, nothing was begun. Dropped later, the handler runs on in a task of its own, so a repeat gets its
/// answer; [`Drain::finished`](super::Drain::finished) waits for it.
pub struct GuardFuture<R: 'static, E: 'static> {
    work: Option<Work<R, E>>,
    handler: Handler,
}

/// Whether the handler of a request has begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handler(Arc<AtomicBool>);

impl Handler {
    /// From here on the request runs to its end.
    pub(crate) fn begins(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<R, E> GuardFuture<R, E> {
    pub(crate) fn new(
        work: impl Future<Output = Result<Response<AnswerBody<R>>, E>> + Send + 'static,
        handler: Handler,
    ) -> Self {
        Self { work: Some(Box::pin(work)), handler }
    }
}

impl<R, E> Future for GuardFuture<R, E> {
    type Output = Result<Response<AnswerBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<R, E> Drop for GuardFuture<R, E> {
    fn drop(&mut self) {
        let Some(work) = self.work.take().filter(|_| self.handler.0.load(Ordering::Relaxed)) else { return };
        // Outside a runtime it is dropped, and rolled back.
        if let Ok(runtime) = Handle::try_current()
            && !seeded_bug!("dropped-with-client")
        {
            observe::adopted();
            runtime.spawn(async move { drop(work.await) });
        }
    }
}

impl<R, E> fmt::Debug for GuardFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardFuture").field("ended", &self.work.is_none()).field("handler", &self.handler).finish()
    }
}
