//! The engine's calls and the user's own statements in one transaction.

pub mod atomicity;
pub mod calls;
pub mod closures;
pub mod ended;
pub mod units;
pub mod waiting;

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use idem_core::Natural;

use crate::conformance::machines::order;
use crate::conformance::{Stored, Subject};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };
const NOTES: &str = "SELECT count(*) FROM notes";

/// With a table of the user's own and an order that was started.
async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE notes (note text)").await;
    stored.orders().at("o").start(Natural, order::Pending { total: 500 }).await.expect("started");
    stored
}

async fn version<S: Subject>(stored: &Stored<'_, S>) -> u64 {
    stored.orders().at("o").get().await.expect("readable").map_or(0, |machine| machine.version())
}

/// Polls a future at most so often, with the runtime's other work in between, then drops it.
pub(super) async fn polled<T>(future: impl Future<Output = T>, polls: u32) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
