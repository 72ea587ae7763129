//! The entry: a database with idem's tables in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Pool;

use crate::clock::Timestamp;
use crate::engine::session::loan::Lent;
use crate::engine::session::retry::RetryPolicy;
use crate::engine::session::transaction::Tx;
use crate::engine::session::transaction::end::may_succeed_again;
use crate::engine::session::tx_conn::may_pass;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::lease::keeper::Keeper;
use crate::lease::sql::SqlLeases;
use crate::store::Database;
use crate::store::connect::TransactionUse;
use crate::store::error::Class;
use crate::store::migrate::run::{migrate, printed};
use crate::store::migrate::texts::VERSION;

/// The longest wait for one step of a migration, which may rebuild a large table or wait for another process.
const MIGRATION_REPLY: Duration = Duration::from_mins(10);

const DROPPED: &str = "the closure of a transaction dropped its commit";

/// A database with idem's tables in it. Cheap to clone.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
/// # let url = format!("sqlite://{}", folder.join("shop.db").display());
/// use idem_core::Idem;
/// let idem = Idem::<sqlx::Sqlite>::open(&url).await?;     // creates the file and the tables
/// idem.check().await?;
/// # Ok(()) }) }
/// ```
pub struct Idem<DB: Database> {
    pub(crate) shared: Arc<Shared<DB>>,
    /// Keeps its leases.
    pub(crate) keeper: Arc<Keeper>,
}

/// A step of idem's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Its name.
    pub name: &'static str,
    /// Its statements, separated by semicolons.
    pub sql: String,
}

impl<DB: Database> Idem<DB> {
    pub(crate) fn of(shared: Arc<Shared<DB>>) -> Self {
        let keeper = Keeper::new(Arc::new(SqlLeases(shared.clone())));
        Self { shared, keeper }
    }

    /// Creates idem's tables or brings them up to date, in one transaction. Safe to run twice, by several processes at once, and
    /// after one was killed half-way.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] or [`Error::Store`] if this role may not; [`Error::NotMigrated`] if the tables are newer than
    /// this library; [`Error::Unavailable`] if the database does not answer.
    ///
    /// # Cancel safety
    /// A dropped call leaves the tables as they were, or brought up to date.
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
    /// [`Error::NotMigrated`] if the tables are missing or of another version, [`Error::Config`] for a pooler that shares
    /// sessions, [`Error::Unavailable`] if the database does not answer.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn check(&self) -> Result<(), Error> {
        self.shared.refuse_shared_sessions().await?;
        match self.shared.version().await? {
            Some(VERSION) => Ok(()),
            found => Err(Error::NotMigrated { found, wanted: VERSION }),
        }
    }

    /// The time on the database's clock, by which entries and transitions are stamped. Asked anew each time.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// let earlier = idem.now().await?;
    /// assert!(idem.now().await? >= earlier);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        self.shared.now().await
    }

    /// The SQL that creates the tables, in order, for roles that may not run it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
    /// use idem_core::{Error, Idem, Migration};
    /// use sqlx::AssertSqlSafe;
    /// # use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
    /// # let options = SqliteConnectOptions::new().filename(folder.join("shop.db")).create_if_missing(true);
    /// # let pool = SqlitePool::connect_with(options).await?;
    ///
    /// let idem = Idem::from_pool(pool)?;
    /// assert!(matches!(idem.check().await, Err(Error::NotMigrated { .. })));
    /// for Migration { sql, .. } in idem.migrations() {
    ///     sqlx::raw_sql(AssertSqlSafe(sql)).execute(idem.pool()).await?;          // by a role that may
    /// }
    /// idem.check().await?;
    /// # Ok(()) }) }
    /// ```
    pub fn migrations(&self) -> Vec<Migration> {
        let steps = printed::<DB>(&self.shared.sql.tables);
        steps.into_iter().map(|(name, sql)| Migration { name, sql }).collect()
    }

    /// Takes nothing more that writes, waits until the calls and the closures of [`Idem::transaction`] under way are answered, and
    /// closes the connections that are idle. A transaction that was begun by [`Idem::begin`] is not waited for, nor are reads.
    /// What comes later is answered [`Error::ShutDown`]; reads, [`Idem::check`] and what is called in a transaction that you began
    /// yourself ([`Idem::adopt_tx`]) still work.
    ///
    /// [`Idem::pool`] stays open: close it yourself, after this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Key};
    ///
    /// idem.ledger().account("wallet:7").apply_delta(&Key::new("shop", "k1")?, 5).await?;
    /// idem.shutdown().await;
    /// assert!(matches!(idem.begin().await, Err(Error::ShutDown)));
    /// assert_eq!(idem.ledger().account("wallet:7").balance_after(1).await?, 5);    // reads still work
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Cancel safety
    /// From its first poll on no new call is taken, also if it is dropped. Call it again to wait for those under way.
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

    /// Runs a closure in one transaction: commands, ledger changes and your own statements. Commits it when the closure answers
    /// `Ok`, rolls it back when it answers `Err`.
    ///
    /// The closure runs again, in a new transaction, while other writers are faster, as [`Builder::retry`](crate::Builder::retry)
    /// says: if the commit lost, or if the closure failed after a statement lost, the engine's or yours on [`Tx::conn`]. What
    /// error the closure makes of that does not matter, so its error may be any that [`Error`] converts into: `anyhow::Error`, a box,
    /// your enum. A lost reply to the COMMIT is resolved. Only the last run counts, but what the closure does outside the
    /// transaction it does in each run.
    ///
    /// The closure takes the transaction by value and ends by dropping it. It may end it earlier, by [`Tx::commit`] or
    /// [`Tx::rollback`]; its answer is then given back as it is. A transaction that it keeps for later answers
    /// [`Error::Interrupted`], as the call does then, and nothing of it is applied.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
    /// # let url = format!("sqlite://{}", folder.join("shop.db").display());
    /// use idem_core::{Error, Idem, Key};
    ///
    /// /// Your error takes in those of idem and of sqlx.
    /// #[derive(Debug, thiserror::Error)]
    /// enum Failure {
    ///     #[error("nothing to pay")]
    ///     Nothing,
    ///     #[error(transparent)]
    ///     Idem(#[from] Error),
    ///     #[error(transparent)]
    ///     Sql(#[from] sqlx::Error),
    /// }
    ///
    /// /// For machines whose rules reject; `Refused` is yours.
    /// impl From<idem_core::CommandError<Refused>> for Failure {
    ///     fn from(error: idem_core::CommandError<Refused>) -> Self {
    ///         error.into_rejection().map_or_else(Self::Idem, |Refused| Self::Nothing)
    ///     }
    /// }
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("refused")]
    /// struct Refused;
    ///
    /// let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
    /// sqlx::query("CREATE TABLE payments (amount INTEGER NOT NULL)").execute(idem.pool()).await?;
    /// let pay = async |amount: i64| {
    ///     let (wallet, key) = (&idem.ledger().account("wallet"), &Key::new("doc", &format!("pay-{amount}"))?);
    ///     idem.transaction(|mut tx| async move {
    ///         let entry = wallet.within(&mut tx).apply_delta(key, amount).await?;
    ///         if entry.is_fresh() {
    ///             sqlx::query("INSERT INTO payments VALUES ($1)").bind(amount).execute(tx.conn()).await?;
    ///         }
    ///         if amount == 0 { Err(Failure::Nothing) } else { Ok(entry.balance) }
    ///     })
    ///     .await
    /// #   .map_err(|error| Box::<dyn std::error::Error + Send + Sync>::from(error))
    /// };
    /// assert_eq!((pay(5).await?, pay(5).await?), (Some(5), Some(5)));         // once, and the same answer
    /// assert_eq!(pay(0).await.expect_err("refused").to_string(), "nothing to pay");
    /// let payments: i64 = sqlx::query_scalar("SELECT count(*) FROM payments").fetch_one(idem.pool()).await?;
    /// assert_eq!(payments, 1);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// What `work` returns, or those of [`Idem::begin`] and [`Tx::commit`]: [`Error::Indeterminate`] if the reply to the COMMIT
    /// was lost and the database cannot be asked in time. A run that finds no free connection within
    /// [`Builder::acquire_timeout`](crate::Builder::acquire_timeout) has made an attempt.
    ///
    /// Transactions that take the same machines and accounts in different orders wait for each other. PostgreSQL finds that after a
    /// second and ends one of them, which runs again. With several of them that takes many seconds, and all attempts may be used up
    /// ([`Error::Contention`], [`Error::InFlight`]). Let each begin with [`Tx::lock_rows`].
    ///
    /// # Cancel safety
    /// Dropped before the COMMIT is sent nothing is applied; after it everything may be.
    pub async fn transaction<T, E, F, R>(&self, work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: FnMut(Tx<DB>) -> R,
        R: Future<Output = Result<T, E>>,
    {
        self.transaction_with(self.shared.settings.retry, work).await
    }

    /// As [`Idem::transaction`], with another policy.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, RetryPolicy};
    ///
    /// let answer = idem.transaction_with(RetryPolicy::never(), |tx| async move { drop(tx); Ok::<_, Error>(7) }).await?;
    /// assert_eq!(answer, 7);
    /// let refused = idem.transaction_with(RetryPolicy::never(), |_tx| async { Err::<(), _>(Error::Contention { attempts: 1 }) });
    /// assert!(matches!(refused.await, Err(Error::Contention { attempts: 1 })));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// As [`Idem::transaction`].
    ///
    /// # Cancel safety
    /// As [`Idem::transaction`].
    pub async fn transaction_with<T, E, F, R>(&self, policy: RetryPolicy, mut work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: FnMut(Tx<DB>) -> R,
        R: Future<Output = Result<T, E>>,
    {
        let _call = self.shared.queue.enter().map_err(E::from)?;
        let mut made = 1;
        loop {
            let (error, again) = match self.begin_apart().await {
                Ok(tx) => match run_once(tx, &mut work).await {
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

    /// Whether this error, or one that it was caused by, says that a transaction lost to another writer or lost its connection, so that
    /// the whole may succeed if it is run again. For layers that see an error of a handler, and not the [`Tx`].
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] {
    /// use idem_core::{Error, Idem};
    ///
    /// let is_contention = Idem::<sqlx::Sqlite>::is_contention;
    /// assert!(is_contention(&Error::Contention { attempts: 1 }));
    /// let broken = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
    /// assert!(is_contention(&broken()) && !is_contention(&sqlx::Error::RowNotFound));
    /// assert!(is_contention(&Error::NotApplied { source: Box::new(broken()) }));
    /// assert!(!is_contention(&Error::Indeterminate { source: Box::new(broken()) }));
    /// # }
    /// ```
    pub fn is_contention(error: &(dyn std::error::Error + 'static)) -> bool {
        // What causes one another in a circle would never end.
        const MOST: usize = 64;
        let mut causes = std::iter::successors(Some(error), |error| error.source()).take(MOST);
        // The first that is known decides: what has an unknown end was caused by a broken connection, too.
        let contended = causes.find_map(|error| {
            let database = || error.downcast_ref::<sqlx::Error>().map(|error| may_pass(DB::class(error)));
            error.downcast_ref::<Error>().map(may_succeed_again).or_else(database)
        });
        contended.unwrap_or_default()
    }

    /// Begins a transaction that is neither retried nor resolved for you beyond [`Tx::commit`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Key;
    ///
    /// let wallet = idem.ledger().account("wallet:7");
    /// let mut tx = idem.begin().await?;
    /// wallet.within(&mut tx).apply_delta(&Key::new("shop", "k1")?, 5).await?;
    /// tx.commit().await?;
    ///
    /// let mut tx = idem.begin().await?;
    /// wallet.within(&mut tx).apply_delta(&Key::new("shop", "k2")?, 7).await?;
    /// drop(tx);                                                                   // rolled back
    /// assert_eq!(wallet.get().await?.map(|wallet| wallet.balance), Some(5));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unavailable`] if no connection is to be had, [`Error::InFlight`] if another writer holds the database for longer
    /// than [`Builder::lock_wait`](crate::Builder::lock_wait) (SQLite), [`Error::ShutDown`] after [`Idem::shutdown`].
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing behind: a transaction that it had begun ends with its connection, which is closed.
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
                Ok(_) => return Ok(Tx::begun(shared, lease)),
                // A connection that died while it was idle: nothing was sent that could have an effect.
                Err(error) if error.class == Class::Broken && !shared.settings.retry.spent(made) => made += 1,
                Err(error) => return shared.answer(lease, Err(error)).await,
            }
        }
    }

    /// Joins a [`sqlx::Transaction`] that you began: give it here, end it by [`Tx::commit`].
    ///
    /// On PostgreSQL waits for locks in it end after [`Builder::lock_wait`](crate::Builder::lock_wait), your own statements' too,
    /// unless `lock_timeout` is set. On SQLite begin it with `BEGIN IMMEDIATE`: a deferred transaction cannot become a writer once another has written.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{ErrorKind, Key};
    ///
    /// sqlx::query("CREATE TABLE notes (text TEXT NOT NULL)").execute(idem.pool()).await?;
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), Key::new("shop", "k1")?);
    ///
    /// let mut yours = idem.pool().begin_with("BEGIN IMMEDIATE").await?;
    /// sqlx::query("INSERT INTO notes VALUES ('paid')").execute(&mut *yours).await?;
    /// let mut tx = idem.adopt_tx(yours);
    /// wallet.within(&mut tx).apply_delta(&key, 5).await?;
    /// tx.commit().await?;
    /// let notes: i64 = sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(idem.pool()).await?;
    /// assert_eq!((notes, wallet.balance_after(1).await?), (1, 5));
    ///
    /// let mut tx = idem.adopt_tx(idem.pool().begin_with("BEGIN IMMEDIATE").await?);
    /// let refused = wallet.within(&mut tx).apply_delta(&key, 6).await.expect_err("another request under the same key");
    /// assert_eq!(refused.kind(), ErrorKind::KeyReused);
    /// # Ok(()) }) }
    /// ```
    pub fn adopt_tx(&self, tx: sqlx::Transaction<'static, DB>) -> Tx<DB> {
        Tx::adopted(self.shared.clone(), tx)
    }
}

/// Whether others kept all connections for as long as one was waited for.
fn has_waited_for_a_connection(error: &Error) -> bool {
    let Error::Unavailable { source } = error else { return false };
    matches!(source.downcast_ref(), Some(sqlx::Error::PoolTimedOut)) && !seeded_bug!("unit-without-connection-ends")
}

/// Runs the closure once, in this transaction; with an error, whether another run may succeed.
async fn run_once<DB, T, E, R>(tx: Tx<DB>, work: &mut impl FnMut(Tx<DB>) -> R) -> Result<T, (E, bool)>
where
    DB: Database,
    E: From<Error>,
    R: Future<Output = Result<T, E>>,
{
    let (loan, tx) = tx.lend();
    let answer = work(tx).await;
    match (answer, loan.end()) {
        (Ok(value), Lent::Back(tx)) => match tx.commit().await {
            Ok(()) => Ok(value),
            Err(error) => {
                let again = may_succeed_again(&error);
                Err((error.into(), again))
            }
        },
        (Err(error), Lent::Back(tx)) => Err((error, tx.roll_back().await)),
        (Ok(value), Lent::Ended { .. }) => Ok(value),
        (Err(error), Lent::Ended { again }) => Err((error, again)),
        (Ok(_), Lent::Committing) => Err((Error::Indeterminate { source: DROPPED.into() }.into(), false)),
        (Ok(_), Lent::Away | Lent::Over) => Err((Error::Interrupted.into(), false)),
        (Err(error), Lent::Committing | Lent::Away | Lent::Over) => Err((error, false)),
    }
}

impl<DB: Database> Clone for Idem<DB> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), keeper: self.keeper.clone() }
    }
}

impl<DB: Database> fmt::Debug for Idem<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idem").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
