//! The handle of an operation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::idem::Idem;
use crate::key::{Key, KeyHash};
use crate::lease::claim_id::ClaimId;
use crate::lease::failed::Failed;
use crate::lease::leased::LeasedOperation;
use crate::lease::leases::Leases;
use crate::lease::lock::Lock;
use crate::lease::operators::{LostClaim, Resolved};
use crate::lease::owned::Lease;
use crate::lease::remembered::{Remembered, WhenLost};
use crate::lease::working::{Taken, WorkHere};
use crate::operation::call::OperationCall;
use crate::operation::place::Place;
use crate::operation::seat::Seat;
use crate::request::Request;
use crate::store::Database;

/// An operation without a machine: its name, and what belongs to it and not to a call of it. Cheap to clone.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use std::time::Duration;
///
/// use idem_core::{Error, Key};
///
/// sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)").execute(idem.pool()).await?;
/// let create = idem.operation("create_order").remember_for(Duration::from_hours(48));
/// let order = |item: &'static str| {
///     let create = create.clone();
///     async move {
///         let key = Key::new("shop-1", "req-17")?;
///         create.once(&key, item, |mut tx| async move {
///             let made = sqlx::query("INSERT INTO orders (item) VALUES ($1)").bind(item).execute(tx.conn()).await;
///             let made = made.map_err(|error| Error::Store { source: error.into() })?;
///             Ok::<_, Error>(made.last_insert_rowid())
///         })
///         .await
///     }
/// };
/// let (first, again) = (order("tea").await?, order("tea").await?);
/// assert!(first.is_fresh() && again.is_replay() && *first == *again);
/// assert!(matches!(order("coffee").await, Err(Error::KeyReused(_))));
/// let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(idem.pool()).await?;
/// assert_eq!(orders, 1);
/// # Ok(()) }) }
/// ```
pub struct Operation<DB: Database> {
    pub(crate) idem: Idem<DB>,
    pub(crate) leased: LeasedOperation,
}

impl<DB: Database> Idem<DB> {
    /// An operation without a machine. Its name and the key are what a repeat is recognised by; names that begin with `@` are idem's
    /// own.
    pub fn operation(&self, name: impl Into<Arc<str>>) -> Operation<DB> {
        Operation { idem: self.clone(), leased: LeasedOperation::new(Leases::from(self), name.into()) }
    }

    /// A lock, kept in this database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// let report = idem.lock("nightly-report");
    /// let guard = report.try_acquire().await?.expect("nobody else has it");
    /// assert!(report.try_acquire().await?.is_none());
    /// guard.release().await?;
    /// # Ok(()) }) }
    /// ```
    pub fn lock(&self, name: impl Into<Arc<str>>) -> Lock {
        Leases::from(self).lock(name)
    }
}

impl<DB: Database> From<&Idem<DB>> for Leases {
    fn from(idem: &Idem<DB>) -> Self {
        Self { keeper: idem.keeper.clone(), largest: idem.shared.settings.limits.payload }
    }
}

impl<DB: Database> Operation<DB> {
    /// How long an outcome is remembered, counted from completion on the database's clock. Default 24 hours; at least as long as a call
    /// may take that loses the reply to each of its attempts, by default about 5 minutes. A key that comes later is a new request.
    #[must_use]
    pub fn remember_for(mut self, retention: Duration) -> Self {
        self.leased = self.leased.remember_for(retention.max(self.idem.shared.settings.longest_call()));
        self
    }

    /// As [`LeasedOperation::lease`].
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.leased = self.leased.lease(lease);
        self
    }

    /// As [`LeasedOperation::when_lost`].
    #[must_use]
    pub fn when_lost(mut self, when_lost: WhenLost) -> Self {
        self.leased = self.leased.when_lost(when_lost);
        self
    }

    /// Does the work once, under a lease: [`LeasedOperation::leased`].
    ///
    /// # Errors
    /// As [`LeasedOperation::leased`].
    ///
    /// # Cancel safety
    /// As [`LeasedOperation::leased`].
    pub fn leased<'a, T, E, Q, F, R>(&'a self, key: &'a Key, request: &Q, work: F) -> OperationCall<'a, T, E>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        E: From<Error> + Send + 'a,
        Q: Serialize + ?Sized,
        F: FnOnce(Lease) -> R + Send + 'a,
        R: Future<Output = Result<T, Failed<E>>> + Send + 'a,
    {
        self.leased.leased(key, request, work)
    }

    /// The same operation for layers that work on any store of leases.
    pub fn as_leased(&self) -> &LeasedOperation {
        &self.leased
    }

    /// As [`LeasedOperation::max_outcome`].
    pub fn max_outcome(&self) -> usize {
        self.leased.max_outcome()
    }

    /// As [`LeasedOperation::lost`].
    ///
    /// # Errors
    /// As [`LeasedOperation::lost`].
    ///
    /// # Cancel safety
    /// As [`LeasedOperation::lost`].
    pub async fn lost(&self) -> Result<Vec<LostClaim>, Error> {
        self.leased.lost().await
    }

    /// As [`LeasedOperation::resolve`].
    ///
    /// # Errors
    /// As [`LeasedOperation::resolve`].
    ///
    /// # Cancel safety
    /// As [`LeasedOperation::resolve`].
    pub async fn resolve(&self, id: &ClaimId, how: Resolved, reason: &str) -> Result<(), Error> {
        self.leased.resolve(id, how, reason).await
    }

    pub(crate) fn place(
        &self,
        key: &Key,
        (hash, fingerprint): (KeyHash, Fingerprint),
        work: Option<WorkHere>,
    ) -> Place<DB> {
        let of = (self.idem.shared.clone(), self.leased.name.clone());
        Place::new(of, (key.clone(), hash, fingerprint), self.leased.settings.keep, work)
    }

    /// What is remembered of a key, for a call that has no [`Seat`]: another one of this process works under the key, or only gives what is
    /// remembered. As [`Seat::recall`].
    ///
    /// # Errors
    /// As [`Seat::recall`].
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn recall(&self, key: &Key, request: &Request) -> Result<Option<Remembered>, Error> {
        self.place(key, (key.hash_in(&self.leased.name), request.fingerprint()), None).recall().await
    }

    /// Takes the place of the one call of this process that works under a key. Asks no database and never waits. The outcomes of a layer are
    /// bytes of its own: give it a name of its own, which no closure uses.
    ///
    /// # Errors
    /// [`Taken`]: another call has it.
    pub fn enter(&self, key: &Key, request: &Request) -> Result<Seat<DB>, Taken> {
        let (hash, fingerprint) = (key.hash_in(&self.leased.name), request.fingerprint());
        let work = self.idem.keeper.working.begin(hash, fingerprint)?;
        Ok(Seat::new(self.place(key, (hash, fingerprint), Some(work))))
    }
}

impl<DB: Database> Clone for Operation<DB> {
    fn clone(&self) -> Self {
        Self { idem: self.idem.clone(), leased: self.leased.clone() }
    }
}

impl<DB: Database> fmt::Debug for Operation<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.leased).finish()
    }
}
