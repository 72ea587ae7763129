//! One run of a handler.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::{Extensions, Response};
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use crate::answer_body::AnswerBody;
use crate::panics::called;

/// What a run of a handler came to.
#[derive(Debug)]
pub(crate) enum Ran<R> {
    /// It answered; and how, if it handed its work back. A problem has no look yet.
    Answered(Response<AnswerBody<R>>, Option<HandedBack>),
    Panicked,
    /// It was dropped: it took too long.
    TooLong,
    /// It was dropped: what it held is lost.
    Lost,
    /// The service failed.
    Failed,
}

/// How a handler ended its work. In the extensions of its answer, with the run that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandedBack {
    Done,
    /// What was written is undone, and the answer is remembered.
    Refused,
    /// Nothing was done, and the key is free.
    NotDone,
}

/// Names one run: the answer of another one does not count.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunId(Arc<()>);

#[derive(Clone)]
struct Token {
    run: RunId,
    how: HandedBack,
}

impl RunId {
    /// Marks an answer: this run ended like this.
    pub(crate) fn hand_back(&self, how: HandedBack, extensions: &mut Extensions) {
        extensions.insert(Token { run: self.clone(), how });
    }
}

/// How this run was handed back, by its answer.
pub(crate) fn handed_back(run: &RunId, extensions: &mut Extensions) -> Option<HandedBack> {
    let token = extensions.remove::<Token>()?;
    Arc::ptr_eq(&token.run.0, &run.0).then_some(token.how)
}

/// What a handler that was polled to its end, or dropped, came to.
pub(crate) enum Polled<T> {
    Ended(T),
    Panicked(Box<dyn Any + Send>),
    TooLong,
    Lost,
}

/// Polls a handler until it ends, panics, takes too long, or what it holds is lost; then drops it. A destructor may panic as well.
pub(crate) async fn poll<F: Future>(
    mut handler: Pin<&mut Option<F>>,
    until: Instant,
    lost: impl Future<Output = ()>,
) -> Polled<F::Output> {
    // A handler that is always ready uses up what tokio lets a task do at once; the deadline is looked at all the same.
    let (mut lost, mut late) = (pin!(lost), pin!(unconstrained(sleep_until(until))));
    let polled = poll_fn(|cx| {
        if lost.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Polled::Lost);
        }
        let Some(running) = handler.as_mut().as_pin_mut() else { return Poll::Ready(Polled::Lost) };
        match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
            Err(panic) => Poll::Ready(Polled::Panicked(panic)),
            Ok(Poll::Ready(value)) => Poll::Ready(Polled::Ended(value)),
            Ok(Poll::Pending) => late.as_mut().poll(cx).map(|()| Polled::TooLong),
        }
    })
    .await;
    called(|| handler.set(None));
    polled
}
