//! How a database is opened.

use std::fmt;
use std::marker::PhantomData;
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::Pool;
use sqlx::pool::PoolOptions;

use crate::engine::group::queue::{FLUSHERS, Queue};
use crate::engine::group::settings::GroupCommit;
use crate::engine::memory::Memory;
use crate::engine::plan::Limits;
use crate::engine::session::breaks::Breaks;
use crate::engine::session::clock::DatabaseClock;
use crate::engine::session::pool::{Connections, Maker};
use crate::engine::session::retry::RetryPolicy;
use crate::engine::shared::{Settings, Shared};
use crate::engine::verdict_log::VerdictLog;
use crate::error::Error;
use crate::idem::Idem;
use crate::store::Database;
use crate::store::connect::{Options, SessionBounds};
#[cfg(feature = "sqlite")]
use crate::store::sqlite::connect::file_options;
use crate::store::statements::Statements;
use crate::store::tables::Tables;
use crate::watch;

/// Settings of an [`Idem`], from [`Idem::builder`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
/// use std::time::Duration;
///
/// use idem_core::{Error, GroupCommit, Idem, RetryPolicy};
///
/// let file = folder.join("shop.db");
/// let builder = Idem::<sqlx::Sqlite>::builder()
///     .prefix("shop_")
///     .lock_wait(Duration::from_secs(5))
///     .retry(RetryPolicy::default().attempts(20))
///     .group_commit(GroupCommit::default().max_calls(100));
/// let idem = builder.clone().open_file(&file).await?;
/// let find = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE name = 'shop_machines'");
/// let found: String = find.fetch_one(idem.pool()).await?;
/// assert_eq!(found, "shop_machines");
/// assert!(matches!(builder.prefix("a shop").open_file(&file).await, Err(Error::Config { .. })));
/// # Ok(()) }) }
/// ```
#[must_use = "a builder does nothing until it opens a database"]
pub struct Builder<DB> {
    prefix: String,
    connections: u32,
    settings: Settings,
    grouping: GroupCommit,
    memory: Option<usize>,
    verdicts: Option<u32>,
    database: PhantomData<fn() -> DB>,
}

/// What a process remembers by default, where all connections are made by it.
const MEMORY: usize = 32 << 20;
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// About what the databases can wait for, which count milliseconds in 31 bits.
const LONGEST_WAIT: Duration = Duration::from_hours(24 * 24);

impl<DB: Database> Default for Builder<DB> {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        let limits = Limits { payload: 1 << 20, alias: day, rejection: day };
        Self {
            prefix: "idem_".to_owned(),
            connections: 10,
            settings: Settings {
                limits,
                wait: Duration::from_secs(2),
                reply: Duration::from_secs(10),
                acquire: Duration::from_secs(2),
                retry: RetryPolicy::default(),
                #[cfg(feature = "tracing")]
                span_ids: false,
            },
            grouping: GroupCommit::default(),
            memory: None,
            verdicts: None,
            database: PhantomData,
        }
    }
}

impl<DB: Database> Builder<DB> {
    /// What the names of idem's tables begin with: a prefix such as `idem_` (the default), or a schema and a prefix such
    /// as `billing.idem_`. Letters, digits and underscores, each part at most 40 bytes; [`Builder::open`] and [`Builder::open_pool`]
    /// answer [`Error::Config`] for another one.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The largest state, payload, outcome or message that is stored, in bytes. A larger one is [`Error::TooLarge`]. Default
    /// 1 MiB.
    ///
    /// With the payment of the README:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{ErrorKind, Idem, Natural};
    ///
    /// let small = Idem::builder().max_payload(10).open_pool(idem.pool().clone())?;
    /// let payment = Payment::stored(&small, Rules).at("pay-42");
    /// let refused = payment.start(Natural, payment::Authorized { amount: 500 }).await.expect_err("14 bytes of JSON");
    /// assert_eq!(refused.kind(), ErrorKind::TooLarge);
    /// # Ok(()) }) }
    /// ```
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.settings.limits.payload = bytes;
        self
    }

    /// Keeps what each call is answered in a table of the newest `kept` verdicts, for disputes: [`Idem::verdicts`]. They are written
    /// by a task beside the calls, 500 by one statement: no call waits for it, and what a process has not written when it ends is not
    /// kept. Default: none are kept.
    pub fn verdicts(self, kept: u32) -> Self {
        Self { verdicts: Some(kept.max(1)), ..self }
    }

    /// How long a call waits for another writer that holds its machine, account or key, before it answers
    /// [`Error::InFlight`]. 1 millisecond to 24 days, default 2 seconds; a value outside is the nearest one inside.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.settings.wait = wait.clamp(SHORTEST_WAIT, LONGEST_WAIT);
        self
    }

    /// How long a reply of the database is waited for. After it the connection is closed, and the outcome of a write is looked up
    /// on another one. 1 millisecond to 24 days, default 10 seconds; a value outside is the nearest one inside, and one below
    /// twice [`Builder::lock_wait`] is raised to that.
    pub fn reply_timeout(mut self, reply: Duration) -> Self {
        self.settings.reply = reply.clamp(SHORTEST_WAIT, LONGEST_WAIT);
        self
    }

    /// How a call whose write lost a race is tried again, and how a closure of [`Idem::transaction`] runs again. Default
    /// [`RetryPolicy::default`]: 10 attempts.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.settings.retry = retry;
        self
    }

    /// Whether, and how far, calls that wait at the same time share a transaction. Default [`GroupCommit::default`]: they do.
    /// Their answers are the same either way, unless the queue without groups is so long that `lock_wait` ends first: SQLite has
    /// one writer.
    ///
    /// On PostgreSQL idem's own connections have `enable_seqscan` and `jit` off, so that a plan made on a small table does not
    /// stay when it has grown; in your transaction both are as your role, your database and the URL have them.
    pub fn group_commit(self, grouping: GroupCommit) -> Self {
        Self { grouping, ..self }
    }

    /// How much this process remembers, in bytes: outcomes of its own calls, for repeats that come within 10 seconds, and machines
    /// as it last wrote them. Default 32 MiB; 0: none of them. It changes no answer, only what the database is asked.
    ///
    /// With your own pool ([`Builder::open_pool`]) the default is 0: the pool replaces connections without telling idem, after a
    /// failover by those to another server, and may show each borrower other rows, such as those of a tenant. Set it only where
    /// neither happens.
    ///
    /// On PostgreSQL a row of a machine that is edited by hand, without a new version, may be overwritten by a command within 10
    /// seconds.
    pub fn memory(self, bytes: usize) -> Self {
        Self { memory: Some(bytes), ..self }
    }

    /// How long an *alias key* is remembered: a new key on a command whose effect existed already, or on a start; on the
    /// database's clock. Default 24 hours. With [`Duration::ZERO`] it is forgotten at once.
    pub fn alias_key_retention(mut self, retention: Duration) -> Self {
        self.settings.limits.alias = retention;
        self
    }

    /// How long the key of a command remembers its rejection, where the command says `remember_rejections`; on the database's clock.
    /// Default 24 hours. A repeat after that is a new request.
    pub fn rejection_retention(mut self, retention: Duration) -> Self {
        self.settings.limits.rejection = retention;
        self
    }

    /// Whether the span of a call has the field `id`: the id of the machine, or the first account or hold that a change of the ledger
    /// names. Default: it has not, because ids may tell whose they are.
    #[cfg(feature = "tracing")]
    pub fn span_ids(mut self, shown: bool) -> Self {
        self.settings.span_ids = shown;
        self
    }

    /// How many connections [`Builder::open`] makes at most for calls. At least 1, default 10; 0 is [`Error::Config`] when it
    /// opens. SQLite: these read, and one more connection writes. PostgreSQL: two more connections write groups
    /// ([`Builder::group_commit`]). [`Idem::pool`] opens as many again for your own statements. With [`Builder::open_pool`] the pool's
    /// own bound holds instead.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// How long a call waits for a connection that [`Builder::open`] makes, and for one that others use. At most 24 days, default
    /// 2 seconds: a database that restarts should not stall callers for long. On SQLite, where one connection writes,
    /// [`Builder::lock_wait`] says how long that one is waited for while others use it.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.settings.acquire = timeout.min(LONGEST_WAIT);
        self
    }

    /// Opens the database at `url` and brings its tables up to date.
    ///
    /// In a URL of SQLite, `sqlite://path/to/file.db`, `%` and two hexadecimal digits stand for a byte of the path: write `%25` for a
    /// `%`, `%3F` for a `?`, which begins parameters (`mode=ro`, `mode=rw`, `cache=…`). For a path that a program gets from
    /// elsewhere there is [`Builder::open_file`].
    ///
    /// Each connection to SQLite has `journal_mode = WAL`, `synchronous = FULL`, a `cache_size` of 16 MiB, a `wal_autocheckpoint` of
    /// 8,192 pages and `temp_store = MEMORY`. By the last one, what your own statements sort or keep in temporary tables is in
    /// memory, and so are the pages as they were before a statement that changes many of them.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that cannot work, with what to do; [`Error::NotOpened`] for a file that is not opened, with its
    /// path and why; [`Error::Unavailable`] if the database does not answer; [`Error::ReadOnly`] if
    /// the tables do not exist and this role may not create them; if they exist, the first write answers it.
    ///
    /// # Cancel safety
    /// The tables are made in one transaction. A dropped call leaves them as they were, or brought up to date; its connections
    /// are closed. The file of a SQLite database may have been made.
    pub async fn open(self, url: &str) -> Result<Idem<DB>, Error> {
        let options = DB::options(url, self.settings.wait).map_err(|problem| Error::Config { problem })?;
        self.open_with(options).await
    }

    async fn open_with(mut self, options: Options<DB>) -> Result<Idem<DB>, Error> {
        self.memory.get_or_insert(MEMORY);
        let tables = self.tables()?;
        if self.connections == 0 {
            return Err(Error::Config {
                problem: "a pool of 0 connections serves nobody; give it at least 1".to_owned(),
            });
        }
        let (sql, reply) = (Arc::new(Statements::new::<DB>(&tables)), self.reply());
        let breaks = Breaks::default();
        let own = |bounds| {
            let maker = (Maker::Options(options.clone()), self.session_bounds());
            Connections::own(maker, bounds, (sql.clone(), breaks.clone()), reply)
        };
        let readers = own((self.connections, self.settings.acquire));
        let writers = match DB::MAX_WRITERS {
            Some(max) => own((max, self.settings.acquire)),
            None => readers.clone(),
        };
        let flushers = match DB::MAX_WRITERS {
            Some(_) => writers.clone(),
            None => own((FLUSHERS, self.settings.acquire)),
        };
        let pool = PoolOptions::new().max_connections(self.connections).connect_lazy_with(options);
        let idem = self.build(
            (sql, breaks),
            Opened { writers, readers, flushers, readers_apart: DB::MAX_WRITERS.is_some(), pool },
        );
        idem.shared.refuse_shared_sessions().await?;
        idem.migrate().await?;
        Ok(idem)
    }

    /// Uses your pool. Changes none of its settings and no tables: call [`Idem::migrate`], or apply
    /// [`Idem::migrations`] yourself.
    ///
    /// A SQLite pool for a path with `%` or `?` in it is made by `SqliteConnectOptions::new().filename(path)`: a URL would have
    /// them encoded. On SQLite the durability (`synchronous = FULL` is what [`Builder::open`] sets) and the wait for another writer
    /// (`busy_timeout`) are then the pool's; with `temp_store = MEMORY` groups are a fifth faster. On PostgreSQL groups are written on
    /// two connections beside the pool, made as the pool makes its own ([`Builder::group_commit`]).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
    /// use idem_core::{Error, Idem};
    /// use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
    ///
    /// let options = SqliteConnectOptions::new().filename(folder.join("shop.db")).create_if_missing(true);
    /// let idem = Idem::builder().prefix("shop_").open_pool(SqlitePool::connect_with(options).await?)?;
    /// assert!(matches!(idem.check().await, Err(Error::NotMigrated { found: None, .. })));
    /// idem.migrate().await?;
    /// idem.check().await?;
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] if the prefix cannot be a table's name or the pool has no connections.
    pub fn open_pool(mut self, pool: Pool<DB>) -> Result<Idem<DB>, Error> {
        if seeded_bug!("pools-share-memory") {
            self.memory.get_or_insert(MEMORY);
        }
        let tables = self.tables()?;
        if pool.options().get_max_connections() == 0 {
            return Err(Error::Config {
                problem: "a pool of 0 connections serves nobody; give it at least 1".to_owned(),
            });
        }
        let (sql, reply) = (Arc::new(Statements::new::<DB>(&tables)), self.reply());
        let breaks = Breaks::default();
        let connections = Connections::of_pool(pool.clone(), (sql.clone(), breaks.clone()), reply);
        // Connections beside the pool: what groups want of the session would not become the pool's other users.
        let flushers = if DB::MAX_WRITERS.is_some() {
            connections.clone()
        } else {
            let maker = (Maker::LikePool(pool.clone()), self.session_bounds());
            Connections::own(maker, (FLUSHERS, self.settings.acquire), (sql.clone(), breaks.clone()), reply)
        };
        let (writers, readers) = (connections.clone(), connections);
        Ok(self.build((sql, breaks), Opened { writers, readers, flushers, readers_apart: false, pool }))
    }

    /// Asked while the write still waits for a lock, the database could not say what became of it.
    fn reply(&self) -> Duration {
        self.settings.reply.max(self.settings.wait.saturating_mul(2))
    }

    fn session_bounds(&self) -> SessionBounds {
        let settings = Settings { reply: self.reply(), ..self.settings };
        SessionBounds { lock: settings.wait, statement: settings.statement() }
    }

    fn tables(&self) -> Result<Tables, Error> {
        Tables::new(&self.prefix, DB::QUOTE).ok_or_else(|| {
            let prefix = &self.prefix;
            Error::Config { problem: format!("{prefix:?} cannot begin a table's name; use letters, digits and underscores, at most 40 bytes, with an optional `schema.` in front") }
        })
    }

    fn build(self, (sql, breaks): (Arc<Statements>, Breaks), opened: Opened<DB>) -> Idem<DB> {
        watch::meter::describe();
        let settings = Settings { reply: self.reply(), ..self.settings };
        let Opened { writers, readers, flushers, readers_apart, pool } = opened;
        Idem::of(Arc::new(Shared {
            writers,
            readers,
            flushers,
            queue: Queue::new(self.grouping),
            readers_apart,
            pool,
            sql,
            settings,
            unshared: AtomicBool::new(false),
            clock: DatabaseClock::new(),
            memory: Memory::new(self.memory.unwrap_or(0), breaks),
            verdicts: self.verdicts.map(VerdictLog::new),
            emitted: tokio::sync::Notify::new(),
            installation: tokio::sync::Mutex::default(),
            graphs: Mutex::default(),
        }))
    }
}

/// The connections of an [`Idem`].
struct Opened<DB: Database> {
    writers: Connections<DB>,
    readers: Connections<DB>,
    flushers: Connections<DB>,
    readers_apart: bool,
    pool: Pool<DB>,
}

impl<DB: Database> Idem<DB> {
    /// Settings other than the defaults.
    pub fn builder() -> Builder<DB> {
        Builder::default()
    }

    /// Opens the database at `url` and brings its tables up to date: `sqlite://shop.db` (the file is created) or
    /// `postgres://user@host/name`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
    /// use idem_core::{Error, Idem};
    ///
    /// let url = format!("sqlite://{}", folder.join("shop.db").display());
    /// let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
    /// idem.check().await?;                                                        // the tables exist
    /// let url = format!("sqlite://{}", folder.join("no/such/folder/shop.db").display());
    /// assert!(matches!(Idem::<sqlx::Sqlite>::open(&url).await, Err(Error::NotOpened { .. })));
    /// assert!(matches!(Idem::<sqlx::Sqlite>::open("shop.db").await, Err(Error::Config { .. })));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::open`].
    ///
    /// # Cancel safety
    /// As [`Builder::open`].
    pub async fn open(url: &str) -> Result<Self, Error> {
        Builder::default().open(url).await
    }

    /// Uses your pool, with the default settings.
    ///
    /// # Errors
    /// As [`Builder::open_pool`].
    pub fn from_pool(pool: Pool<DB>) -> Result<Self, Error> {
        Builder::default().open_pool(pool)
    }
}

#[cfg(feature = "sqlite")]
impl Builder<sqlx::Sqlite> {
    /// Opens the file at `path`, created if it does not exist, and brings its tables up to date. No character of the path has a
    /// meaning of its own, as `%` and `?` have in a URL.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # fn main() -> Done { in_folder(async |folder| {
    /// use idem_core::{Error, Idem};
    ///
    /// let path = folder.join("100%? sure.db");
    /// let idem = Idem::open_file(&path).await?;
    /// idem.check().await?;
    /// assert!(path.exists());
    /// assert!(matches!(Idem::open_file(folder).await, Err(Error::NotOpened { .. })));    // a folder is no file
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::open`].
    ///
    /// # Cancel safety
    /// As [`Builder::open`].
    pub async fn open_file(self, path: impl AsRef<Path>) -> Result<Idem<sqlx::Sqlite>, Error> {
        let options = file_options(path.as_ref(), self.settings.wait).map_err(|problem| Error::Config { problem })?;
        self.open_with(options).await
    }
}

#[cfg(feature = "sqlite")]
impl Idem<sqlx::Sqlite> {
    /// Opens the file at `path`, with the default settings.
    ///
    /// # Errors
    /// As [`Builder::open`].
    ///
    /// # Cancel safety
    /// As [`Builder::open`].
    pub async fn open_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Builder::default().open_file(path).await
    }
}

impl<DB> Clone for Builder<DB> {
    fn clone(&self) -> Self {
        let Self { ref prefix, connections, settings, grouping, memory, verdicts, database } = *self;
        Self { prefix: prefix.clone(), connections, settings, grouping, memory, verdicts, database }
    }
}

impl<DB> fmt::Debug for Builder<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("prefix", &self.prefix)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
