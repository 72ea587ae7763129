//! Futures dropped in the middle, at a chosen await.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Polls a future at most `limit` times. One that is still pending then is dropped in that very poll, as
/// `tokio::select!` or a timeout would drop it, and the answer is `None`.
///
/// Only polls are counted: the future waits for real I/O between them.
#[derive(Debug)]
pub struct PollLimit<F> {
    future: Option<Pin<Box<F>>>,
    left: usize,
}

impl<F: Future> PollLimit<F> {
    /// Limits `future` to `limit` polls; with zero it is dropped unpolled.
    pub fn new(limit: usize, future: F) -> Self {
        Self { future: Some(Box::pin(future)), left: limit }
    }
}

impl<F: Future> Future for PollLimit<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left > 0
            && let Some(future) = self.future.as_mut()
        {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                self.future = None;
                return Poll::Ready(Some(output));
            }
            self.left -= 1;
        }
        if self.left > 0 {
            return Poll::Pending;
        }
        self.future = None;
        Poll::Ready(None)
    }
}

/// Polls a future at most `limit` times, and leaves it where it is then: its answer, if it has one.
pub async fn polled<F: Future>(future: &mut Pin<Box<F>>, limit: usize) -> Option<F::Output> {
    let mut left = limit;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The same without waiting for what would wake it: others run between two polls.
pub async fn polled_again<F: Future>(future: &mut Pin<Box<F>>, polls: usize) -> Option<F::Output> {
    for _ in 0..polls {
        let output = polled(future, 1).await;
        if output.is_some() {
            return output;
        }
        tokio::task::yield_now().await;
    }
    None
}

/// How many attempts in a row must complete before [`sweep`] believes that no await is left. The number of polls of
/// real I/O varies, so one lucky attempt that needs few would end the sweep early.
const COMPLETED_IN_A_ROW: usize = 3;

/// Drops the futures of `attempt` at their 1st, 2nd, … poll until they complete, and shows each result to `check`:
/// `None` where the future was dropped. Both are given the number of polls.
///
/// Returns how many futures were really dropped.
pub async fn sweep<F: Future>(
    mut attempt: impl FnMut(usize) -> F,
    mut check: impl AsyncFnMut(usize, Option<F::Output>),
) -> u64 {
    let mut dropped = 0;
    let mut completed = 0;
    for limit in 1.. {
        let output = PollLimit::new(limit, attempt(limit)).await;
        if output.is_some() {
            completed += 1;
        } else {
            completed = 0;
            dropped += 1;
        }
        check(limit, output).await;
        if completed == COMPLETED_IN_A_ROW {
            break;
        }
    }
    dropped
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{PollLimit, sweep};

    #[tokio::test]
    async fn poll_limit_drops_future_in_its_last_poll() {
        let reached = Cell::new(0);
        let steps = async {
            for step in 1..=5 {
                reached.set(step);
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(PollLimit::new(3, steps).await, None);
        assert_eq!(reached.get(), 3);
    }

    #[tokio::test]
    async fn poll_limit_of_zero_never_polls() {
        assert_eq!(PollLimit::new(0, async { unreachable!("polled") }).await, None::<()>);
    }

    #[tokio::test]
    async fn sweep_drops_at_each_await_and_stops_after_last() {
        let mut seen = Vec::new();
        let dropped = sweep(
            |_| async {
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
            },
            async |limit, output| seen.push((limit, output.is_some())),
        )
        .await;
        assert_eq!(dropped, 4);
        assert_eq!(seen, [(1, false), (2, false), (3, false), (4, false), (5, true), (6, true), (7, true)]);
    }
}
