//! A change of the ledger that has not begun.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::answer::{AnswerValue, Answered, Refusal, only};
use crate::engine::decide::posting::Posting;
use crate::engine::fence::run_joined;
use crate::engine::observe;
use crate::engine::plan::BoxedPlan;
use crate::engine::session::transaction::Tx;
use crate::engine::shared::Shared;
use crate::error::{Effect, Error};
use crate::lease::owned::Lease;
use crate::ledger::metadata::Metadata;
use crate::ledger::request::note;
use crate::outcome::Outcome;
use crate::seq::{shown, stored};
use crate::store::Database;
use crate::store::ledger::rows::EntryRow;

/// A change as a lazy future: nothing is sent until it is awaited.
///
/// # Errors
/// Beside those of the method that made it:
///
/// - [`Error::Forgotten`]: the answer was erased with the data of its scope. No second effect.
/// - [`Error::Key`]: the name of an account or a hold is none. Nothing is sent.
/// - [`Error::InFlight`], [`Error::Contention`]: another writer held an account or the key for too long, or was faster each time.
///   [`Error::Unavailable`]: there is no connection. Nothing is written.
/// - [`Error::Indeterminate`]: the reply was lost, and the database could not be asked in time. A repeat with the same key finds
///   out.
/// - [`Error::Interrupted`]: the transaction that it was called in is broken.
///
/// # What a refusal leaves behind
/// No entry of the change, and a free key. Holds that had expired may have been released for it, each by its own entry, and
/// an account that it named for the first time inside a transaction may be open afterwards, unbounded and without an entry.
///
/// # When the reply is lost
/// The change is looked up in the database. If it happened, the answer is a replay, also for the call that made it:
/// entries do not show which of two same requests wrote them. So nothing should depend on which call was answered as fresh.
///
/// # Cancel safety
/// Dropped before it was awaited, nothing happened. Dropped while it runs, its effect may or may not happen, whole; a repeat
/// with the same key finds out. A change that is dropped in the queue, before its group is begun, has no effect.
///
/// Inside a transaction, one that is dropped while it waits for the database leaves the transaction broken, and nothing of it is
/// applied: see [`Tx`].
#[must_use = "a change does nothing until it is awaited"]
pub struct Change<'a, DB: Database, O> {
    place: Place<'a, DB>,
    posting: Result<Posting, Error>,
    deadline: Option<Duration>,
    read: Read<O>,
}

/// The future of a [`Change`].
pub type ChangeFuture<'a, O> = Pin<Box<dyn Future<Output = Result<Outcome<O>, Error>> + Send + 'a>>;

/// Makes the outcome from the entries of a posting.
pub(super) type Read<O> = fn(&[EntryRow]) -> Option<O>;

/// Where a change happens.
pub(super) enum Place<'a, DB: Database> {
    /// In the engine's own transaction.
    Own(Arc<Shared<DB>>),
    Joined(&'a mut Tx<DB>),
}

impl<'a, DB: Database, O> Change<'a, DB, O> {
    pub(super) fn new(place: Place<'a, DB>, posting: Result<Posting, Error>, read: Read<O>) -> Self {
        Self { place, posting, deadline: None, read }
    }

    /// Gives up waiting for other writers after `deadline`, with [`Error::InFlight`]. A write that was sent is waited for.
    /// Default: the lock wait of the [`Builder`](crate::Builder), which also holds inside a transaction, whatever is given here.
    ///
    /// On SQLite the lock of another process is waited for as long as the lock wait says: a connection's `busy_timeout` is set
    /// when it is made.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Remembers a refusal for want of money, by an account's bounds or by a hold that is to be captured: a repeat with this key
    /// is refused in the same way, also when the money would fit by then. Default: the key stays free.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::ledger::Bounds;
    /// use idem_core::{Error, Key};
    ///
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), |name: &str| Key::new("shop", name));
    /// wallet.open(Bounds::at_least(0)).await?;
    /// let (free, kept) = (key("k1")?, key("k2")?);
    /// assert!(matches!(wallet.apply_delta(&free, -5).await, Err(Error::OutOfBounds(_))));
    /// assert!(matches!(wallet.apply_delta(&kept, -5).remember_refusal().await, Err(Error::OutOfBounds(_))));
    /// wallet.apply_delta(&key("k3")?, 100).await?;
    /// assert!(wallet.apply_delta(&free, -5).await?.is_fresh());
    /// assert!(matches!(wallet.apply_delta(&kept, -5).await, Err(Error::OutOfBounds(_))));     // the first answer
    /// # Ok(()) }) }
    /// ```
    pub fn remember_refusal(mut self) -> Self {
        if let Ok(posting) = &mut self.posting {
            posting.remember_refusal = true;
        }
        self
    }

    /// Happens only while this lease or lock is its owner's: of two owners the older one's change has no effect after the newer one's
    /// claim. Otherwise [`Error::Fenced`], unless it is a repeat that is answered. The change is then not grouped with others, and holds
    /// the claim until it ends: a claim by another owner waits for it, and on SQLite a renewal, too.
    pub fn fenced_by(mut self, lease: &impl AsRef<Lease>) -> Self {
        if let Ok(posting) = &mut self.posting {
            posting.fence = Some(lease.as_ref().fence());
        }
        self
    }

    /// Notes `metadata` in each entry of the change. It is part of the request.
    pub fn metadata(mut self, metadata: &Metadata) -> Self {
        if let Ok(posting) = &mut self.posting {
            note(posting, metadata);
        }
        self
    }

    pub(super) fn expecting(mut self, version: Option<u64>) -> Self {
        if let (Ok(posting), Some(version)) = (&mut self.posting, version) {
            posting.expected = Some(stored(version));
        }
        self
    }
}

impl<'a, DB: Database, O: Send + 'a> IntoFuture for Change<'a, DB, O> {
    type Output = Result<Outcome<O>, Error>;
    type IntoFuture = ChangeFuture<'a, O>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { place, posting, deadline, read } = self;
        let plan: BoxedPlan<DB> = match posting {
            Ok(posting) => Box::new(posting),
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        Box::pin(async move {
            let answered = match place {
                Place::Own(shared) => {
                    let span = observe::call(&*plan, &shared);
                    span.record(async { shared.submit(plan, deadline).await }).await?
                }
                Place::Joined(tx) => {
                    let span = observe::call(&*plan, &tx.shared);
                    let work = async { run_joined(tx, &[&*plan]).await.map(only) };
                    span.record(Box::pin(work)).await?
                }
            };
            typed(answered, read)
        })
    }
}

/// Puts the type of an outcome back on.
pub(super) fn typed<O>(answered: Answered, read: Read<O>) -> Result<Outcome<O>, Error> {
    let answer = match answered {
        Ok(answer) => answer,
        Err(Refusal::Failed(error)) => return Err(error),
        Err(Refusal::Rejected(..) | Refusal::Panicked(_)) => {
            return Err(Error::Internal { what: "a change of the ledger was refused by a rule, and has none" });
        }
    };
    let value = match &answer.outcome {
        AnswerValue::Entries(entries) => read(entries),
        AnswerValue::Stored(_) | AnswerValue::Drafted(_) | AnswerValue::Version => None,
    };
    let value = value.ok_or_else(|| Error::Undecodable {
        what: format!("the entries of the change at {}", answer.at),
        effect: Effect::Applied,
        source: "some of their rows are gone".into(),
    })?;
    let seq = shown(answer.seq);
    Ok(Outcome::new(value, seq, answer.at, answer.fresh, answer.superseded))
}

impl<DB: Database, O> fmt::Debug for Change<'_, DB, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("fit", &self.posting.is_ok()).finish_non_exhaustive()
    }
}
