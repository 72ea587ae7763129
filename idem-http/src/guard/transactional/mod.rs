//! The mode whose handlers write to a database.

mod enter;
mod settle;
mod turn;
pub(crate) mod work;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Extensions;
use http_body::Body;
use idem_core::operation::Operation;
use idem_core::{Database, Idem};
use tokio::time::Instant;

use self::settle::Settling;
use self::turn::Turn;
use self::work::{Begins, Run};
use super::answered::{Marks, Settled};
use super::mode::{Engine, Entered, Mode, Recorded};
use super::prepare::Admitted;
use super::run::{Ran, RunId};
use super::settings::Settings;

/// The mode of [`Guard::transactional`](super::Guard::transactional).
pub struct Transactional<DB: Database> {
    idem: Idem<DB>,
    operation: Operation<DB>,
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
    const RERUNS: bool = true;
    type Turn = Turn<DB>;

    fn set_up(&mut self, settings: &Settings) {
        self.operation = self.idem.operation(settings.namespace.clone()).remember_for(settings.keep);
    }

    async fn enter(&self, request: &Admitted, settings: &Settings) -> Entered<Turn<DB>> {
        enter::enter(&self.idem, &self.operation, request, settings).await
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

    async fn settle<R>(turn: &mut Turn<DB>, marks: &Marks<'_>, until: Instant, ran: Ran<R>) -> Settled<R>
    where
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Settling { turn, marks, until }.settle(ran).await
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
