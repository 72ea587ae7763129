//! A call that has not begun.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use crate::engine::decide::command::Command;
use crate::error::{Error, Rejection};
use crate::key::check_name;
use crate::lease::owned::Lease;
use crate::outcome::Outcome;

/// A call as a lazy future: nothing is sent until it is awaited.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use std::time::Duration;
///
/// use idem_core::{ErrorKind, Key, Natural};
///
/// let payment = Payment::stored(&idem, Rules).at("pay-42");
/// payment.start(Natural, payment::Authorized { amount: 500 }).await?;
/// let (key, other) = (Key::new("shop-1", "req-17")?, Key::new("shop-1", "req-18")?);
///
/// drop(payment.capture(&key, payment::Capture { amount: 500 }));              // nothing was sent
/// assert_eq!(payment.get().await?.map(|payment| payment.version()), Some(1));
///
/// let command: payment::Command = serde_json::from_str(r#"{"Capture": {"amount": 500}}"#)?;
/// let captured = payment.apply(&key, command).correlation("trace-7").deadline(Duration::from_secs(1)).await?;
/// assert!(matches!(&*captured, payment::Reply::Capture(receipt) if receipt.amount == 500));
///
/// let refused = payment.capture(&other, payment::Capture { amount: 400 }).await.expect_err("500 were captured");
/// assert_eq!(refused.kind(), ErrorKind::ReachedOtherwise);
/// # Ok(()) }) }
/// ```
///
/// # Errors
/// Its result is `Result<Outcome<O, S>, R::Error>`. Of a command: what a rule refuses is
/// [`CommandError::Rejected`](crate::CommandError::Rejected), everything else an [`Error`]; a machine whose rules never refuse
/// answers with the [`Error`] itself. The table of answers is in `docs/GUARANTEES.md`.
///
/// - [`Error::KeyReused`], [`Error::ReachedOtherwise`], [`Error::Invalid`], [`Error::NotStarted`], [`Error::AlreadyStarted`],
///   [`Error::KeyRequired`]: by that table. Nothing is written.
/// - [`Error::Forgotten`]: the answer was erased with the data of its scope. No second effect.
/// - [`Error::OutOfBounds`], [`Error::Ledger`]: the money of the step was refused. Nothing is written, and the key stays free.
/// - [`Error::Key`], [`Error::TooLarge`], [`Error::Unencodable`]: what was given, or what the rule made of it, cannot be stored.
///   Nothing is written.
/// - [`Error::InFlight`], [`Error::Contention`]: another writer held the machine, an account or the key for too long, or was
///   faster each time. [`Error::Unavailable`]: there is no connection. Nothing is written.
/// - [`Error::Indeterminate`]: the reply was lost, and the database could not be asked in time. A repeat with the same key finds
///   out.
/// - [`Error::Interrupted`]: the transaction that it was called in is broken.
///
/// # Cancel safety
/// Dropped before it was awaited, nothing happened. Dropped while it runs, its effect may or may not happen, whole; the
/// connection it used is closed or clean, and a repeat with the same key finds out. A call that is dropped in the queue,
/// before its group is begun, has no effect.
///
/// Inside your transaction, one that is dropped while it waits for the database leaves the transaction broken, and nothing of it
/// is applied: see [`Tx`](crate::Tx).
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, O, S, R: Rejection> {
    command: Result<Command, Error>,
    deadline: Option<Duration>,
    run: Run<'a, O, S, R>,
}

/// The future of a [`Call`].
pub type CallFuture<'a, O, S, R> =
    Pin<Box<dyn Future<Output = Result<Outcome<O, S>, <R as Rejection>::Error>> + Send + 'a>>;

type Run<'a, O, S, R> = Box<dyn FnOnce(Command, Option<Duration>) -> CallFuture<'a, O, S, R> + Send + 'a>;

impl<'a, O, S, R: Rejection> Call<'a, O, S, R> {
    pub(super) fn new(
        command: Result<Command, Error>,
        run: impl FnOnce(Command, Option<Duration>) -> CallFuture<'a, O, S, R> + Send + 'a,
    ) -> Self {
        Self { command, deadline: None, run: Box::new(run) }
    }

    /// Gives up waiting for other writers after `deadline`, with [`Error::InFlight`]. A write that was sent is waited for.
    /// Default: the lock wait of the [`Builder`](crate::Builder), which also holds inside your transaction, whatever is given
    /// here.
    ///
    /// On SQLite the lock of another process is waited for as long as the lock wait says: a connection's `busy_timeout` is set
    /// when it is made.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Runs only while this lease or lock is its owner's: of two owners the older one's call has no effect after the newer one's claim.
    /// Otherwise [`Error::Fenced`], unless it is a repeat that is answered. The call is then not grouped with others, and holds the claim
    /// until it ends: a claim by another owner waits for it, and on SQLite a renewal, too.
    pub fn fenced_by(mut self, lease: &impl AsRef<Lease>) -> Self {
        if let Ok(command) = &mut self.command {
            command.fence = Some(lease.as_ref().fence());
        }
        self
    }

    /// Stores `id` with the transition, to find it by the request it belongs to. 1 to 255 bytes without control
    /// characters, else the call answers [`Error::Key`]; it is no part of the fingerprint. Default: none.
    pub fn correlation(mut self, id: &str) -> Self {
        self.command = self.command.and_then(|mut command| {
            check_name("correlation id", id)?;
            command.correlation = Some(id.into());
            Ok(command)
        });
        self
    }
}

impl<'a, O: Send + 'a, S: Send + 'a, R: Rejection> IntoFuture for Call<'a, O, S, R> {
    type Output = Result<Outcome<O, S>, R::Error>;
    type IntoFuture = CallFuture<'a, O, S, R>;

    fn into_future(self) -> Self::IntoFuture {
        match self.command {
            Ok(command) => (self.run)(command, self.deadline),
            Err(error) => Box::pin(std::future::ready(Err(error.into()))),
        }
    }
}

impl<O, S, R: Rejection> fmt::Debug for Call<'_, O, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("fit", &self.command.is_ok())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
