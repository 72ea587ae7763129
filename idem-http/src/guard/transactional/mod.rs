//! The mode whose handlers write to a database.

mod enter;
mod settle;
pub(crate) mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;
use http_body::Body;
use idem_core::operation::{Operation, Seat};
use idem_core::{Database, Idem, RetryPolicy};
use tokio::time::Instant;

use self::settle::Settling;
use self::work::{Begins, Run};
use super::answered::Settled;
use super::mode::{Engine, Entered, Mode, Recorded};
use super::prepare::Admitted;
use super::run::{Ran, RunId};
use super::settings::Settings;

/// The mode of [`Guard::transactional`](super::Guard::transactional).
pub struct Transactional<DB: Database> {
    idem: Idem<DB>,
    operation: Operation<DB>,
}

/// A key that this process works under.
#[derive(Debug)]
pub(crate) struct Turn<DB: Database> {
    idem: Idem<DB>,
    /// `None`: nothing is recorded.
    seat: Option<Arc<Seat<DB>>>,
    /// The records could not be reached, and the handler runs all the same.
    fails_open: bool,
    /// What the present run of the handler shares with this.
    run: Option<Arc<Run<DB>>>,
    retry: RetryPolicy,
    /// Runs that lost to other writers.
    lost_runs: u32,
    /// How long another process may be waited for.
    wait: Duration,
    /// How long until the next look at what it records.
    pause: Duration,
    max_answer: usize,
    max_outcome: usize,
}

impl<DB: Database> Transactional<DB> {
    pub(super) fn new(idem: &Idem<DB>) -> Self {
        Self { idem: idem.clone(), operation: idem.operation("http") }
    }
}

impl<DB: Database> Mode for Transactional<DB> {}

impl<DB: Database> Recorded for Transactional<DB> {}

impl<DB: Database> Engine for Transactional<DB> {
    const NAME: &'static str = "transactional";
    const COMPARES: bool = true;
    type Turn = Turn<DB>;

    fn set_up(&mut self, settings: &Settings) {
        self.operation = self.idem.operation(settings.namespace.clone()).remember_for(settings.keep);
    }

    async fn enter(&self, request: &Admitted, settings: &Settings) -> Entered<Turn<DB>> {
        enter::enter(self, request, settings).await
    }

    fn lend(turn: &mut Turn<DB>, request: &Admitted, run: (u32, &RunId), extensions: &mut Extensions) {
        let begins = match &turn.seat {
            Some(seat) => Begins::Seat(seat.clone()),
            None => Begins::Bare(turn.idem.clone()),
        };
        let run = Arc::new(Run::new(run, &request.keys, &request.correlation, begins));
        extensions.insert(run.clone());
        turn.run = Some(run);
    }

    async fn lost(_: &Turn<DB>) {
        std::future::pending::<()>().await;
    }

    async fn settle<R>(turn: &mut Turn<DB>, settings: &Settings, until: Instant, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Settling { turn, settings, until }.settle(ran).await
    }
}

impl<DB: Database> Clone for Transactional<DB> {
    fn clone(&self) -> Self {
        Self { idem: self.idem.clone(), operation: self.operation.clone() }
    }
}

impl<DB: Database> fmt::Debug for Transactional<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transactional").field(&self.operation).finish()
    }
}
