//! Futures that are polled as clients of a busy service, and clients that end early, have them polled.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls two futures by turns until both have ended.
pub(super) async fn both<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> [T; 2] {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(ended) = one.as_mut().poll(cx)
        {
            first = Some(ended);
        }
        if second.is_none()
            && let Poll::Ready(ended) = other.as_mut().poll(cx)
        {
            second = Some(ended);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready([first, second]),
            ended => {
                (first, second) = ended;
                Poll::Pending
            }
        }
    })
    .await
}

/// Polls a future at most this number of times and drops it. `None` if it had not ended.
pub(super) async fn polled<T>(future: impl Future<Output = T>, times: u32) -> Option<T> {
    let mut future = pin!(future);
    let mut made = 0;
    poll_fn(|cx| {
        made += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if made >= times => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn futures_are_polled_by_turns() {
        let order = std::sync::Mutex::new(Vec::new());
        let steps = async |name: &str| {
            for step in 0..2 {
                order.lock().expect("no test has panicked").push(format!("{name}{step}"));
                yield_now().await;
            }
            name.to_owned()
        };
        assert_eq!(both(steps("a"), steps("b")).await, ["a", "b"]);
        assert_eq!(*order.lock().expect("no test has panicked"), ["a0", "b0", "a1", "b1"]);
    }

    #[tokio::test]
    async fn future_is_dropped_after_its_polls() {
        assert_eq!(polled(yield_now(), 1).await, None);
        assert_eq!(polled(yield_now(), 2).await, Some(()));
    }
}
