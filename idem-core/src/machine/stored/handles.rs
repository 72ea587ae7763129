//! Handles of machines in a database.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::engine::row_name::RowName;
use crate::engine::session::pool::Lease;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::idem::Idem;
use crate::key::check_name;
use crate::model::machine::driver::{Driver as _, TypedDriver};
use crate::model::machine::rules::{Machine, Rules};
use crate::store::Database;
use crate::store::machine::queries;
use crate::store::machine::rows::MachineRow;

/// All machines of one enum in one database. Cheap to clone. Wrapped by the generated `Repository`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Natural;
///
/// let payments = Payment::stored(&idem, Rules);
/// payments.at("pay-42").start(Natural, payment::Authorized { amount: 500 }).await?;
/// let same = payments.clone().at("pay-42").get().await?.expect("started above");
/// assert_eq!((same.id(), same.version()), ("pay-42", 1));
/// assert!(payments.at("pay-43").get().await?.is_none());
/// # Ok(()) }) }
/// ```
pub struct Repository<DB: Database, X: Rules> {
    pub(super) shared: Arc<Shared<DB>>,
    pub(super) driver: Arc<TypedDriver<X>>,
}

/// A handle of one machine by its id. The machine need not exist. Cheap to clone. Wrapped by the generated `Handle`.
///
/// Started with its data, or by its first command under the same key:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::{ErrorKind, Key, Natural};
///
/// let payments = Payment::stored(&idem, Rules);
/// let payment = payments.at("pay-42");
/// assert!(payment.start(Natural, payment::Authorized { amount: 500 }).await?.is_fresh());
/// assert!(payment.start(Natural, payment::Authorized { amount: 500 }).await?.is_replay());
/// let refused = payment.start(Natural, payment::Authorized { amount: 400 }).await.expect_err("it was started with 500");
/// assert_eq!(refused.kind(), ErrorKind::AlreadyStarted);
///
/// let (key, other) = (Key::new("shop-1", "req-17")?, Key::new("shop-1", "req-18")?);
/// let (first, begin) = (payments.at("pay-43"), payment::Authorized { amount: 500 });
/// let captured = first.start_and(&key, begin.clone(), payment::Capture { amount: 450 }).await?;
/// assert_eq!((captured.seq(), captured.amount), (2, 450));                    // transition 1 is the start
///
/// let both = payments.at("pay-44").start_and(&other, begin, payment::Capture { amount: 600 }).await;
/// assert!(both.expect_err("more than is authorized").rejection().is_some());
/// assert!(payments.at("pay-44").get().await?.is_none());                      // it was not started either
/// # Ok(()) }) }
/// ```
pub struct Handle<DB: Database, X: Rules> {
    pub(super) machines: Repository<DB, X>,
    pub(super) id: Arc<str>,
}

impl<DB: Database, X: Rules> Repository<DB, X> {
    #[doc(hidden)]
    pub fn __new(idem: &Idem<DB>, rules: X) -> Self {
        Self { shared: idem.shared.clone(), driver: Arc::new(TypedDriver::new(rules)) }
    }

    #[doc(hidden)]
    pub fn __at(&self, id: impl Into<String>) -> Handle<DB, X> {
        Handle { machines: self.clone(), id: id.into().into() }
    }

    /// Refuses a machine whose name another one has in this database.
    pub(super) async fn register(&self, deadline: Option<Duration>) -> Result<(), Error> {
        if !self.driver.registered.load(Ordering::Relaxed) {
            self.shared.register(X::Machine::GRAPH, deadline).await?;
            self.driver.registered.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) async fn reader(&self) -> Result<Lease<DB>, Error> {
        self.shared.readers.acquire().await
    }
}

impl<DB: Database, X: Rules> Handle<DB, X> {
    /// The id it was made with.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its row, for [`Tx::lock_rows`](crate::Tx::lock_rows).
    pub fn row_name(&self) -> RowName {
        RowName::machine(X::Machine::GRAPH.name, self.id.clone())
    }

    /// Machine and id, which can be one.
    pub(super) fn checked(&self) -> Result<(&'static str, &str), Error> {
        check_name("machine id", &self.id)?;
        Ok((X::Machine::GRAPH.name, &self.id))
    }

    /// The machine's row as it stands.
    pub(super) async fn row(&self) -> Result<Option<MachineRow>, Error> {
        let machine = self.checked()?;
        let mut lease = self.machines.reader().await?;
        let loaded = queries::load(&mut lease.session(), &[machine], &[]).await;
        let loaded = self.machines.shared.answer(lease, loaded).await?;
        Ok(loaded.rows.into_iter().next().flatten())
    }
}

impl<DB: Database, X: Rules> Clone for Repository<DB, X> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), driver: self.driver.clone() }
    }
}

impl<DB: Database, X: Rules> Clone for Handle<DB, X> {
    fn clone(&self) -> Self {
        Self { machines: self.machines.clone(), id: self.id.clone() }
    }
}

impl<DB: Database, X: Rules> fmt::Debug for Repository<DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("machine", &self.driver.graph().name)
            .field("rules", &type_name::<X>())
            .finish_non_exhaustive()
    }
}

impl<DB: Database, X: Rules> fmt::Debug for Handle<DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("machine", &X::Machine::GRAPH.name).field("id", &self.id).finish_non_exhaustive()
    }
}
