//! Panics of code that is not this crate's: caught, counted as what they are, never quoted.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::observe;

/// Polls a future until it ends; `None` if it panics.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Some),
        Err(panic) => {
            drop_panic(panic);
            Poll::Ready(None)
        }
    })
    .await
}

/// Calls a function; `None` if it panics.
pub(crate) fn called<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(drop_panic).ok()
}

/// Notes a panic, and drops what it said: a destructor of that may panic as well.
pub(crate) fn drop_panic(panic: Box<dyn Any + Send>) {
    observe::panicked();
    // That of the second one is not dropped.
    catch_unwind(AssertUnwindSafe(|| drop(panic))).unwrap_or_else(std::mem::forget);
}
