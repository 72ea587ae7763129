//! How many requests are in flight, and the end of the process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::problem::{Kind, Problem};

/// The requests in flight of a guard and its clones.
#[derive(Debug)]
pub(crate) struct Gate {
    in_flight: watch::Sender<usize>,
    draining: AtomicBool,
}

impl Default for Gate {
    fn default() -> Self {
        Self { in_flight: watch::Sender::new(0), draining: AtomicBool::new(false) }
    }
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Gate>);

impl Gate {
    /// Lets a request in, if there is room.
    pub(crate) fn enter(self: &Arc<Self>, max: usize) -> Result<InFlight, Problem> {
        let mut has_room = false;
        self.in_flight.send_if_modified(|requests| {
            has_room = *requests < max;
            *requests += usize::from(has_room);
            // Nobody waits for more of them.
            false
        });
        if !has_room {
            return Err(Kind::Busy.into());
        }
        // Counted first: who begins to drain sees it, or it sees the beginning.
        let entered = InFlight(self.clone());
        if self.draining.load(Ordering::SeqCst) { Err(Kind::Draining.into()) } else { Ok(entered) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|requests| *requests -= 1);
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
        *self.0.in_flight.borrow()
    }

    /// Refuses requests from now on, and resolves when none is in flight: not before the last handler has ended. Give it a timeout.
    ///
    /// # Cancel safety
    /// Cancel safe; requests stay refused.
    pub async fn finished(&self) {
        self.begin();
        let mut in_flight = self.0.in_flight.subscribe();
        // The sender is kept here, so this ends when the number is 0.
        let _ = in_flight.wait_for(|requests| *requests == 0).await;
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("in_flight", &self.in_flight()).finish()
    }
}
