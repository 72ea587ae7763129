//! The place of the one call of a process that works under a key.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::lease::remembered::{Completed, Remembered};
use crate::operation::place::Place;
use crate::operation::unit::Unit;
use crate::store::Database;
use crate::store::claims::queries::begin_unit;
use crate::store::connect::TransactionUse;
use crate::store::error::Class;

/// A look at the record that is older than this is made again when a unit begins.
const FRESH_LOOK: Duration = Duration::from_millis(10);

/// The place of the one call of this process that works under a key; dropped, those that wait for it go on. A layer asks what is
/// remembered, begins a unit, and completes it:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Key;
/// use idem_core::operation::{Completed, Request, Taken};
///
/// sqlx::query("CREATE TABLE notes (text TEXT NOT NULL)").execute(idem.pool()).await?;
/// let notes = idem.operation("http");
/// let (key, request) = (Key::new("tenant-7", "req-17")?, Request::to("POST /notes").part(b"hello"));
///
/// let Ok(seat) = notes.enter(&key, &request) else { panic!("nobody else is here") };
/// assert!(matches!(notes.enter(&key, &request), Err(Taken::SameRequest(_))));
/// assert_eq!(seat.recall().await?, None);
/// let mut unit = seat.begin().await?;
/// sqlx::query("INSERT INTO notes VALUES ('hello')").execute(unit.conn()).await?;
/// let done = unit.complete(b"201 Created").await?;                                // effect, record and answer: one commit
/// assert!(matches!(done, Completed::Fresh { .. }));
/// drop(seat);
///
/// let Ok(seat) = notes.enter(&key, &request) else { panic!("nobody else is here") };
/// assert_eq!(seat.recall().await?.expect("it is recorded").outcome, b"201 Created");
/// # Ok(()) }) }
/// ```
#[must_use = "dropped, another call may work under the key"]
pub struct Seat<DB: Database>(pub(crate) Arc<Place<DB>>);

impl<DB: Database> Seat<DB> {
    pub(crate) fn new(place: Place<DB>) -> Self {
        Self(Arc::new(place))
    }

    /// What is remembered of the key: one statement, on a connection that only reads.
    ///
    /// # Errors
    /// [`Error::KeyReused`] if it names another request; [`Error::Forgotten`] if its outcome was erased; [`Error::InFlight`] or
    /// [`Error::Lost`] if this operation has worked on it under a lease; [`Error::Key`], [`Error::Config`] for a key or a name that is
    /// not fit; those of the database.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn recall(&self) -> Result<Option<Remembered>, Error> {
        self.0.recall().await
    }

    /// Begins a unit, which is a transaction of its own: one statement, which on PostgreSQL also tries for the key's lock, so that a
    /// duplicate elsewhere does not do the work beside this one. The lock is a courtesy: what decides is the record that
    /// [`Unit::complete`] inserts.
    ///
    /// # Errors
    /// [`Error::InFlight`] if a call elsewhere works under the key, or has just recorded its outcome: then
    /// [`recall`](Self::recall) gives it, and `retry_after` is zero; on SQLite if another writer holds the database for longer than the
    /// lock wait. [`Error::Key`], [`Error::Config`] for a key or a name that is not fit. Those of [`Idem::begin`](crate::Idem::begin).
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing behind: a transaction that it had begun ends with its connection, which is closed.
    pub async fn begin(&self) -> Result<Unit<DB>, Error> {
        let seat = &self.0;
        seat.checked()?;
        let shared = seat.shared.clone();
        let call = shared.queue.enter()?;
        let (wait, looked) = (shared.settings.wait, *seat.looked());
        let looks = || looked.is_none_or(|looked| looked.elapsed() > FRESH_LOOK) && !seeded_bug!("one-look");
        let mut made = 1;
        loop {
            let mut lease = shared.writer(wait).await?;
            let began = Instant::now();
            let text = DB::begin(wait, TransactionUse::Lent);
            let found = match begin_unit(&mut lease.session(), &text, &seat.hash, looks).await {
                Ok(found) => found,
                Err(error) if error.class == Class::Broken && !shared.settings.retry.spent(made) => {
                    made += 1;
                    continue;
                }
                Err(error) => return shared.answer(lease, Err(error)).await,
            };
            drop(call);
            let unit = Unit::begun(seat.clone(), lease);
            let elsewhere = |retry_after| Error::InFlight { waited: began.elapsed(), retry_after };
            if found.busy {
                unit.abort().await;
                return Err(elsewhere(None));
            }
            return match found.recalled.map(|recalled| seat.remembered(recalled, began)).transpose() {
                Ok(None | Some(None)) => Ok(unit),
                recalled => {
                    unit.abort().await;
                    Err(recalled.err().unwrap_or_else(|| elsewhere(Some(Duration::ZERO))))
                }
            };
        }
    }

    /// Records an outcome alone: of a refusal that is to be remembered, after what was written is undone.
    ///
    /// # Errors
    /// As [`begin`](Self::begin) and [`Unit::complete`].
    ///
    /// # Cancel safety
    /// Dropped, it is recorded or not.
    pub async fn remember(&self, outcome: &[u8]) -> Result<Completed, Error> {
        self.begin().await?.complete(outcome).await
    }
}

impl<DB: Database> fmt::Debug for Seat<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("operation", &self.0.name).field("key", &self.0.hash).finish_non_exhaustive()
    }
}
