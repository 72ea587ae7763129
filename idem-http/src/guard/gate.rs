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
    draining: AtomicBool,
    /// None is in flight any more, while it drains.
    empty: Notify,
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Gate>);

impl Gate {
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
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.draining.load(Ordering::SeqCst) {
            self.0.empty.notify_waiters();
        }
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

    /// Refuses requests from now on, and resolves when none is in flight: not before the last handler has ended. Give it a timeout.
    ///
    /// # Cancel safety
    /// Cancel safe; requests stay refused.
    pub async fn finished(&self) {
        self.begin();
        loop {
            // Before the look: what ends after it is noticed.
            let mut empty = pin!(self.0.empty.notified());
            empty.as_mut().enable();
            if self.in_flight() == 0 {
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
