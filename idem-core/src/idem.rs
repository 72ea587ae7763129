//! The entry: a database with idem's tables in it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Pool;
use sqlx::error::DatabaseError;

use crate::clock::Timestamp;
use crate::engine::session::retry::Retry;
use crate::engine::session::transaction::Tx;
use crate::engine::shared::Shared;
use crate::error::{CommandError, Error};
use crate::store::Database;
use crate::store::connect::TransactionUse;
use crate::store::error::Class;
use crate::store::migrate::run::{migrate, printed};
use crate::store::migrate::texts::VERSION;

/// The longest wait for one step of a migration, which may rebuild a large table or wait for another process.
const MIGRATION_REPLY: Duration = Duration::from_mins(10);

/// A database with idem's tables in it. Cheap to clone.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// # let file = std::env::temp_dir().join(format!("idem-doc-{}.db", std::process::id()));
/// # let url = format!("sqlite://{}", file.display());
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use idem_core::Idem;
/// let idem = Idem::<sqlx::Sqlite>::open(&url).await?;     // creates the file and the tables
/// idem.check().await?;
/// # Ok::<(), idem_core::Error>(()) })?;
/// # std::fs::remove_file(file)?; }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Idem<DB: Database> {
    pub(crate) shared: Arc<Shared<DB>>,
}

/// The future of one attempt in [`Idem::transaction`].
pub type TxFuture<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// An error that ends a unit of work in [`Idem::transaction`].
///
/// Implemented for [`Error`], [`CommandError`] and boxed errors. Your own enum takes in both: a command fails with
/// `CommandError<your rejection>`, all else with `Error`.
///
/// ```
/// # #[derive(Debug, thiserror::Error)] #[error("refused")] struct Refused;
/// #[derive(Debug, thiserror::Error)]
/// enum MyError {
///     #[error(transparent)]
///     Order(#[from] idem_core::CommandError<Refused>),
///     #[error(transparent)]
///     Idem(#[from] idem_core::Error),
///     #[error(transparent)]
///     Sql(#[from] sqlx::Error),
/// }
///
/// impl idem_core::UnitError for MyError {
///     fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
///         Some(self)
///     }
/// }
/// ```
pub trait UnitError: From<Error> {
    /// Where to look for a database error that is worth another attempt: the error itself, as an error.
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)>;
}

impl UnitError for Error {
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

impl<R: std::error::Error + 'static> UnitError for CommandError<R> {
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

impl UnitError for Box<dyn std::error::Error + Send + Sync> {
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.as_ref())
    }
}

impl<DB: Database> Idem<DB> {
    /// Creates idem's tables or brings them up to date. Safe to run twice, by several processes at once, and after one
    /// was killed half-way.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] or [`Error::Store`] if this role may not; [`Error::NotMigrated`] if the tables are newer than
    /// this library.
    pub async fn migrate(&self) -> Result<(), Error> {
        let mut lease = self.shared.writers.acquire().await?;
        let migrated = migrate(&mut lease.session_within(MIGRATION_REPLY)).await;
        let held = lease.held();
        drop(lease);
        migrated.map_err(|error| error.not_sent(held))?;
        self.check().await
    }

    /// Whether the database answers, its tables are those that this library works on, and no pooler between shares the server's
    /// sessions. For the start of a service.
    ///
    /// # Errors
    /// [`Error::NotMigrated`], [`Error::Config`] or [`Error::Unavailable`].
    pub async fn check(&self) -> Result<(), Error> {
        self.shared.refuse_shared_sessions().await?;
        match self.shared.version().await? {
            Some(VERSION) => Ok(()),
            found => Err(Error::NotMigrated { found, wanted: VERSION }),
        }
    }

    /// The time on the database's clock, by which entries and transitions are stamped. Asked anew each time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer.
    ///
    /// # Cancel safety
    /// Reads only.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        self.shared.now().await
    }

    /// The SQL that creates the tables, in order, for roles that may not run it: a name and the statements.
    pub fn migrations(&self) -> Vec<(&'static str, String)> {
        printed::<DB>(&self.shared.sql.tables)
    }

    /// Takes nothing more that writes, waits until the calls and the units of [`Idem::transaction`] under way are answered, and
    /// closes the connections that are idle. A transaction that was begun by [`Idem::begin`] is not waited for, nor are reads.
    /// What comes later is answered [`Error::ShutDown`]; reads, [`Idem::check`] and what is called in a transaction that you began
    /// yourself ([`Idem::adopt_tx`]) still work.
    ///
    /// [`Idem::pool`] stays open: close it yourself, after this.
    pub async fn shutdown(&self) {
        self.shared.queue.drain().await;
        for connections in [&self.shared.flushers, &self.shared.writers, &self.shared.readers] {
            connections.close_idle().await;
        }
    }

    /// The pool that this was made from; or, if it was opened by a URL, one to the same database for statements of your own, of
    /// [`Builder::max_connections`](crate::Builder::max_connections) more, each opened when it is first used.
    pub fn pool(&self) -> &Pool<DB> {
        &self.shared.pool
    }

    /// Runs a whole unit of work in one transaction: commands, ledger changes and your own statements.
    ///
    /// Retries the unit, in a new transaction, while other writers are faster, as `policy` says; resolves a lost reply to
    /// the COMMIT. So `work` may run several times, and only its last run counts: what it does outside the transaction it
    /// does each time.
    ///
    /// # Errors
    /// What `work` returns, or those of [`Idem::begin`] and [`Tx::commit`]: [`Error::Indeterminate`] if the reply to the COMMIT
    /// was lost and the database cannot be asked in time. A unit that finds no free connection within
    /// [`Builder::acquire_timeout`](crate::Builder::acquire_timeout) has made an attempt.
    ///
    /// Units that take the same machines and accounts in different orders wait for each other. PostgreSQL finds that after a second
    /// and ends one of them, which runs again. With several such units that takes many seconds, and all attempts may be used up
    /// ([`Error::Contention`], [`Error::InFlight`]). Let each begin with [`Tx::lock_rows`].
    ///
    /// # Cancel safety
    /// Dropped before the COMMIT is sent nothing is applied; after it everything may be.
    pub async fn transaction<T, E, F>(&self, policy: Retry, mut work: F) -> Result<T, E>
    where
        E: UnitError,
        F: for<'t> FnMut(&'t mut Tx<DB>) -> TxFuture<'t, T, E>,
    {
        let _call = self.shared.queue.enter().map_err(E::from)?;
        let mut made = 1;
        loop {
            let (error, again) = match self.begin_apart().await {
                Ok(tx) => match self.unit(tx, &mut work).await {
                    Ok(value) => return Ok(value),
                    Err(failed) => failed,
                },
                Err(error) => {
                    let again = matches!(error, Error::InFlight { .. } | Error::Contention { .. });
                    let again = again || has_waited_for_a_connection(&error);
                    (error.into(), again)
                }
            };
            if !again || !policy.pause(made).await {
                return Err(error);
            }
            made += 1;
        }
    }

    /// Runs the work once, in this transaction; with an error, whether another attempt may succeed.
    async fn unit<T, E, F>(&self, mut tx: Tx<DB>, work: &mut F) -> Result<T, (E, bool)>
    where
        E: UnitError,
        F: for<'t> FnMut(&'t mut Tx<DB>) -> TxFuture<'t, T, E>,
    {
        match work(&mut tx).await {
            Ok(value) => match tx.commit().await {
                Ok(()) => Ok(value),
                Err(error) => {
                    let again = error.is_retryable() && !matches!(error, Error::Indeterminate { .. });
                    Err((error.into(), again))
                }
            },
            Err(error) => {
                let again = tx.again || error.cause().is_some_and(may_pass::<DB>);
                Err((error, tx.roll_back(again).await))
            }
        }
    }

    /// Begins a transaction that is neither retried nor resolved for you beyond [`Tx::commit`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] if no connection is to be had, [`Error::InFlight`] if another writer holds the database
    /// (SQLite), [`Error::ShutDown`] after [`Idem::shutdown`].
    ///
    /// # Cancel safety
    /// Cancel safe: the connection is closed.
    pub async fn begin(&self) -> Result<Tx<DB>, Error> {
        let _call = self.shared.queue.enter()?;
        self.begin_apart().await
    }

    async fn begin_apart(&self) -> Result<Tx<DB>, Error> {
        let shared = self.shared.clone();
        let wait = shared.settings.wait;
        let mut made = 1;
        loop {
            let mut lease = shared.writer(wait).await?;
            match lease.session().begin(DB::begin(wait, TransactionUse::Lent)).await {
                Ok(()) => return Ok(Tx::begun(shared, lease)),
                // A connection that died while it was idle: nothing was sent that could have an effect.
                Err(error) if error.class == Class::Broken && !shared.settings.retry.spent(made) => made += 1,
                Err(error) => return shared.answer(lease, Err(error)).await,
            }
        }
    }

    /// Joins a transaction of sqlx's that you began: give it here, end it by [`Tx::commit`].
    ///
    /// On PostgreSQL waits for locks in it end after [`Builder::lock_wait`](crate::Builder::lock_wait), your own statements' too,
    /// unless `lock_timeout` is set. On SQLite begin it with `BEGIN IMMEDIATE`: a deferred transaction cannot become a writer once another has written.
    pub fn adopt_tx(&self, tx: sqlx::Transaction<'static, DB>) -> Tx<DB> {
        Tx::adopted(self.shared.clone(), tx)
    }
}

/// Whether others kept all connections for as long as one was waited for.
fn has_waited_for_a_connection(error: &Error) -> bool {
    let Error::Unavailable { source } = error else { return false };
    matches!(source.downcast_ref(), Some(sqlx::Error::PoolTimedOut)) && !seeded_bug!("unit-without-connection-ends")
}

/// Whether an error, or what caused it, is one that another run of the unit may not meet: another writer was faster, or the
/// connection broke, and nothing was committed. An error that passes for its cause shows only what is behind that.
fn may_pass<DB: Database>(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let class = error.downcast_ref().map(DB::class).or_else(|| {
            let error: Option<&Box<dyn DatabaseError>> = error.downcast_ref();
            error.map(|error| DB::database_class(&**error))
        });
        if class.is_some_and(|class| matches!(class, Class::Contention | Class::Busy | Class::Broken)) {
            return true;
        }
        next = error.source();
    }
    false
}

impl<DB: Database> Clone for Idem<DB> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<DB: Database> fmt::Debug for Idem<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idem").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
