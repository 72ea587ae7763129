//! A guarded request, which runs on when its client disconnects.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Response;
use tokio::runtime::Handle;

use crate::answer_body::AnswerBody;
use crate::observe;
use crate::panics::{called, drop_panic};
use crate::problem::{Kind, Problem};

type Work<R, E> = Pin<Box<dyn Future<Output = Result<Response<AnswerBody<R>>, E>> + Send>>;

/// The answer of a guarded service.
///
/// # Cancel safety
/// Dropped before the handler began, nothing was begun. Dropped later, the handler runs on in a task of its own, so a repeat gets its
/// answer; [`Drain::finished`](super::Drain::finished) waits for it.
pub struct GuardFuture<R: 'static, E: 'static> {
    work: Option<Work<R, E>>,
    handler: Handler,
    is_guarded: bool,
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
        Self { work: Some(Box::pin(work)), handler, is_guarded: true }
    }

    /// The answer of a service that is not guarded.
    pub(crate) fn untouched(work: impl Future<Output = Result<Response<AnswerBody<R>>, E>> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)), handler: Handler::default(), is_guarded: false }
    }
}

impl<R, E> Future for GuardFuture<R, E> {
    type Output = Result<Response<AnswerBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Out of here while it is polled: one that panics is not polled again, here or in a task of its own.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => {
                self.work = Some(work);
                Poll::Pending
            }
            Ok(answered) => answered,
            // In the body of an answer, in a hook of the guard, or where something was dropped. What was begun is rolled back, or abandoned.
            Err(panic) if self.is_guarded => {
                drop_panic(panic);
                let _ = called(|| drop(work));
                Poll::Ready(Ok(Problem::from(Kind::Panic).response().map(AnswerBody::whole)))
            }
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl<R: 'static, E: 'static> Drop for GuardFuture<R, E> {
    fn drop(&mut self) {
        let Some(work) = self.work.take().filter(|_| self.handler.0.load(Ordering::Relaxed)) else { return };
        // Outside a runtime it is dropped, and rolled back.
        if let Ok(runtime) = Handle::try_current()
            && !seeded_bug!("dropped-with-client")
        {
            observe::adopted();
            let adopted = Self { work: Some(work), handler: Handler::default(), is_guarded: self.is_guarded };
            runtime.spawn(async move { drop(adopted.await) });
        }
    }
}

impl<R, E> fmt::Debug for GuardFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardFuture").field("ended", &self.work.is_none()).finish_non_exhaustive()
    }
}
