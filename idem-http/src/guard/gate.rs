//! How many requests are in flight, and the end of the process.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::problem::{Kind, Problem};

/// The requests in flight of a guard and its clones.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    in_flight: AtomicUsize,
    /// Keys of answered requests that are still being freed.
    freeing: AtomicUsize,
    draining: AtomicBool,
    /// None of one of them is left, while it drains.
    empty: Notify,
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Gate>);

/// A key that is being freed, until it is dropped.
#[derive(Debug)]
pub(crate) struct Freeing(Arc<Gate>);

impl Gate {
    /// A key is freed after its request was answered: the process is not to end before that.
    pub(crate) fn frees(self: &Arc<Self>) -> Freeing {
        self.freeing.fetch_add(1, Ordering::SeqCst);
        Freeing(self.clone())
    }

    /// One of these has ended.
    fn ends(&self, counted: &AtomicUsize) {
        if counted.fetch_sub(1, Ordering::SeqCst) == 1 && self.draining.load(Ordering::SeqCst) {
            self.empty.notify_waiters();
        }
    }

    /// Lets a request in, if there is room.
    pub(crate) fn enter(self: &Arc<Self>, max: usize) -> Result<InFlight, Problem> {
        // Counted first: who begins to drain sees it, or it sees the beginning.
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        let entered = InFlight(self.clone());
        if self.draining.load(Ordering::SeqCst) {
            return Err(Kind::Draining.into());
        }
        if before < max { Ok(entered) } else { Err(Kind::Busy.into()) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ends(&self.0.in_flight);
    }
}

impl Drop for Freeing {
    fn drop(&mut self) {
        self.0.ends(&self.0.freeing);
    }
}

/// Ends a guard and all its clones: [`Guard::drain`](super::Guard::drain).
///
/// ```no_run
/// # use idem_http::{Guard, scope};
/// # async fn run(listener: tokio::net::TcpListener, router: axum::Router, signal: std::future::Ready<()>) -> std::io::Result<()> {
/// let guard = Guard::keyed(scope::single());
/// let drain = guard.drain();
/// # let _ = guard;
/// axum::serve(listener, router).with_graceful_shutdown(signal).await?;
/// drain.finished().await;                 // handlers whose clients have disconnected run until here
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Drain(Arc<Gate>);

impl Drain {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self(gate)
    }

    /// Refuses requests from now on (503 `draining`), and asks clients to close their connections.
    pub fn begin(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
    }

    /// How many requests are in flight, those among them whose clients have disconnected.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::SeqCst)
    }

    /// Refuses requests from now on, and resolves when none is in flight: not before the last handler has ended, nor while a key is being
    /// freed whose store did not take that at first. Give it a timeout.
    ///
    /// # Cancel safety
    /// Cancel safe; requests stay refused.
    pub async fn finished(&self) {
        self.begin();
        loop {
            // Before the look: what ends after it is noticed.
            let mut empty = pin!(self.0.empty.notified());
            empty.as_mut().enable();
            if self.in_flight() == 0 && self.0.freeing.load(Ordering::SeqCst) == 0 {
                return;
            }
            empty.await;
        }
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("in_flight", &self.in_flight()).finish()
    }
}
