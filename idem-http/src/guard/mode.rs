//! What differs between the modes of a guard.

use bytes::Bytes;
use http::Extensions;
use http_body::Body;
use tokio::time::Instant;

use super::answered::{Answered, Marks, Settled};
use super::prepare::Admitted;
use super::run::{Ran, RunId};
use super::settings::Settings;
use crate::observe::Verdict;
use crate::problem::Problem;

/// A mode of a guard: [`Keyed`](super::Keyed), `Transactional` or [`Leased`](super::Leased).
#[allow(private_bounds, reason = "sealed: a mode is a part of this crate")]
pub trait Mode: Engine {}

/// A mode that records answers: `Transactional` or [`Leased`](super::Leased).
pub trait Recorded: Mode {}

/// What the driver of a request asks of a mode.
pub(crate) trait Engine: Clone + Send + Sync + 'static {
    /// Its name, for logs.
    const NAME: &'static str;
    /// Whether a repeat is compared by the request itself, which is then read whole.
    const COMPARES: bool;
    /// Whether a handler may run again for one request.
    const RERUNS: bool;
    /// What is held of a key while a handler works under it.
    type Turn: Send;

    /// Takes over what it needs of the settings.
    fn set_up(&mut self, settings: &Settings);

    /// Begins to work under the key of a request, or says what is known of it.
    fn enter(&self, request: &Admitted, settings: &Settings) -> impl Future<Output = Entered<Self::Turn>> + Send;

    /// Gives the next run of the handler what its extractors take.
    fn lend(turn: &mut Self::Turn, request: &Admitted, run: (u32, &RunId), extensions: &mut Extensions);

    /// Resolves when the handler has to stop: what it holds is lost.
    fn lost(turn: &Self::Turn) -> impl Future<Output = ()> + Send;

    /// Ends a run of the handler by what it came to.
    fn settle<R>(
        turn: &mut Self::Turn,
        marks: &Marks<'_>,
        until: Instant,
        ran: Ran<R>,
    ) -> impl Future<Output = Settled<R>> + Send
    where
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn std::error::Error + Send + Sync>>;
}

/// What a key came to before the handler runs.

#[derive(Debug)]
pub(crate) enum Entered<T> {
    /// It is this request's.
    Turn(T),
    /// It is known.
    Known(Answered),
    /// It cannot be worked under.
    Refused(Problem, Verdict),
}
