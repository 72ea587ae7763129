//! The entry: a database with idem's tables in it.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Pool;
use sqlx::pool::PoolOptions;

use crate::engine::connections::{Connections, Held};
use crate::engine::decide::Limits;
use crate::engine::queue::{FLUSHERS, GroupCommit, Queue};
use crate::engine::retry::Retry;
use crate::engine::traits::Traits;
use crate::engine::transaction::Tx;
use crate::engine::update::Shapes;
use crate::error::{Error, Source};
use crate::machine::Graph;
use crate::machine::names::Names;
use crate::store::Database;
use crate::store::error::{Class, StoreError, VERSION};
use crate::store::tables::Tables;

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
    pub(crate) inner: Arc<Inner<DB>>,
}

/// What all handles of one [`Idem`] share.
pub(crate) struct Inner<DB: Database> {
    pub(crate) writers: Connections<DB>,
    pub(crate) readers: Connections<DB>,
    /// Where groups are written.
    pub(crate) flushers: Connections<DB>,
    pub(crate) queue: Queue,
    /// The readers' connections are others than the writers'.
    pub(crate) readers_apart: bool,
    /// The user's pool, or one for the user.
    pool: Pool<DB>,
    pub(crate) sql: DB::Sql,
    pub(crate) settings: Settings,
    tables: Tables,
    pub(crate) traits: Traits,
    /// The machines whose graphs were compared with the stored ones.
    registered: Mutex<HashMap<&'static str, [u8; 32]>>,
    /// What tables of the user's are like, as far as they were updated.
    pub(crate) shapes: Shapes,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    /// The longest wait for another writer's lock.
    pub(crate) wait: Duration,
    /// The longest wait for a reply: past it the connection is taken for broken.
    pub(crate) reply: Duration,
    pub(crate) retry: Retry,
}

/// Settings of an [`Idem`], from [`Idem::builder`].
#[must_use = "a builder does nothing until it opens a database"]
pub struct Builder<DB> {
    prefix: String,
    connections: u32,
    patience: Duration,
    settings: Settings,
    grouping: GroupCommit,
    database: PhantomData<fn() -> DB>,
}

impl<DB: Database> Default for Builder<DB> {
    fn default() -> Self {
        let limits = Limits { payload: 1 << 20, alias: Duration::from_hours(24) };
        Self {
            prefix: "idem_".to_owned(),
            connections: 10,
            patience: Duration::from_secs(2),
            settings: Settings {
                limits,
                wait: Duration::from_secs(2),
                reply: Duration::from_secs(10),
                retry: Retry::default(),
            },
            grouping: GroupCommit::default(),
            database: PhantomData,
        }
    }
}

impl<DB: Database> Builder<DB> {
    /// What the names of idem's tables begin with: a prefix such as `idem_` (the default), or a schema and a prefix such
    /// as `billing.idem_`. Letters, digits and underscores, each part at most 40 bytes.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The largest state, payload, outcome or message that is stored, in bytes. Default 1 MiB.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.settings.limits.payload = bytes;
        self
    }

    /// How long a call waits for another writer that holds its machine, account or key, before it answers
    /// [`Error::InFlight`]. Default 2 seconds.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.settings.wait = wait.max(Duration::from_millis(1));
        self
    }

    /// How long a reply of the database is waited for, before the connection is taken for broken and the database is asked,
    /// on another one, what became of the write. At least twice [`Builder::lock_wait`]. Default 10 seconds.
    pub fn reply_timeout(mut self, reply: Duration) -> Self {
        self.settings.reply = reply.max(Duration::from_millis(1));
        self
    }

    /// How a call whose write lost a race is tried again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.settings.retry = retry;
        self
    }

    /// Whether, and how far, calls that wait at the same time share a transaction. Default: they do. Their answers are the same
    /// either way.
    ///
    /// On PostgreSQL the two connections for groups are opened with `enable_seqscan` and `jit` off, so that a plan made on a small
    /// table does not stay when it has grown. A proxy that refuses options at startup wants [`GroupCommit::off`].
    pub fn group_commit(self, grouping: GroupCommit) -> Self {
        Self { grouping, ..self }
    }

    /// How long a *second* key of a command that had run before is remembered (row d). Default 24 hours.
    pub fn alias_retention(mut self, retention: Duration) -> Self {
        self.settings.limits.alias = retention;
        self
    }

    /// How many connections [`Builder::open`] makes at most. Default 10. On SQLite one of its own writes, and this many
    /// read; on PostgreSQL two more write groups ([`Builder::group_commit`]).
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// How long a call waits for a connection that [`Builder::open`] makes. Default 2 seconds: a database that
    /// restarts should not stall callers for long.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.patience = timeout;
        self
    }

    /// Opens the database at `url` and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that cannot work, with what to do; [`Error::Unavailable`] if the database does not
    /// answer; [`Error::ReadOnly`] if it lets nobody write.
    pub async fn open(self, url: &str) -> Result<Idem<DB>, Error> {
        let tables = self.tables()?;
        if self.connections == 0 {
            return Err(Error::Config("a pool of 0 connections serves nobody; give it at least 1".to_owned()));
        }
        let options = DB::options(url, self.settings.wait).map_err(Error::Config)?;
        let kept = |most, patience| Connections::kept(options.clone(), most, patience);
        let readers = kept(self.connections, self.patience);
        let writers = DB::WRITERS.map_or_else(|| readers.clone(), |most| kept(most, self.settings.wait));
        let flushers = match DB::WRITERS {
            Some(_) => writers.clone(),
            None => Connections::kept(DB::for_groups(options.clone()), FLUSHERS, self.patience),
        };
        let pool = PoolOptions::new().max_connections(self.connections).connect_lazy_with(options);
        let idem = self.build(tables, (writers, readers, DB::WRITERS.is_some()), flushers, pool);
        idem.migrate().await?;
        Ok(idem)
    }

    /// Uses a pool of yours. Changes none of its settings and no tables: call [`Idem::migrate`], or apply
    /// [`Idem::migrations`] yourself.
    ///
    /// On SQLite the durability (`synchronous = FULL` is what [`Builder::open`] sets) and the wait for another writer
    /// (`busy_timeout`) are then the pool's. On PostgreSQL groups are written on two connections beside the pool, made as the
    /// pool makes its own ([`Builder::group_commit`]).
    ///
    /// # Errors
    /// [`Error::Config`] if the prefix cannot be a table's name or the pool has no connections.
    pub fn pool(self, pool: Pool<DB>) -> Result<Idem<DB>, Error> {
        let tables = self.tables()?;
        if pool.options().get_max_connections() == 0 {
            return Err(Error::Config("a pool of 0 connections serves nobody; give it at least 1".to_owned()));
        }
        let connections = Connections::Pool(pool.clone());
        // Connections beside the pool: what groups want of the session would not become the pool's other users.
        let flushers = match DB::WRITERS {
            Some(_) => connections.clone(),
            None => Connections::kept(DB::for_groups(pool.connect_options().as_ref().clone()), FLUSHERS, self.patience),
        };
        Ok(self.build(tables, (connections.clone(), connections, false), flushers, pool))
    }

    fn tables(&self) -> Result<Tables, Error> {
        Tables::new(&self.prefix).ok_or_else(|| {
            let prefix = &self.prefix;
            Error::Config(format!("{prefix:?} cannot begin a table's name; use letters, digits and underscores, at most 40 bytes, with an optional `schema.` in front"))
        })
    }

    fn build(
        self,
        tables: Tables,
        connections: (Connections<DB>, Connections<DB>, bool),
        flushers: Connections<DB>,
        pool: Pool<DB>,
    ) -> Idem<DB> {
        let (sql, registered, mut settings) = (DB::sql(&tables), Mutex::default(), self.settings);
        let shapes = Shapes::default();
        // Asked while the write still waits for a lock, the database could not say what became of it.
        settings.reply = settings.reply.max(settings.wait.saturating_mul(2));
        let (writers, readers, readers_apart) = connections;
        Idem {
            inner: Arc::new(Inner {
                writers,
                readers,
                flushers,
                queue: Queue::new(self.grouping),
                readers_apart,
                pool,
                sql,
                settings,
                tables,
                traits: Traits::default(),
                registered,
                shapes,
            }),
        }
    }
}

impl<DB: Database> Idem<DB> {
    /// Settings other than the defaults.
    pub fn builder() -> Builder<DB> {
        Builder::default()
    }

    /// Opens the database at `url` and brings its tables up to date: `sqlite://shop.db` (the file is created) or
    /// `postgres://user@host/name`.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub async fn open(url: &str) -> Result<Self, Error> {
        Builder::default().open(url).await
    }

    /// Uses a pool of yours, with the default settings.
    ///
    /// # Errors
    /// As [`Builder::pool`].
    pub fn from_pool(pool: Pool<DB>) -> Result<Self, Error> {
        Builder::default().pool(pool)
    }

    /// Creates idem's tables or brings them up to date. Safe to run twice, by several processes at once, and after one
    /// was killed half-way.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] or [`Error::Store`] if this role may not; [`Error::NotMigrated`] if the tables are newer than
    /// this library.
    pub async fn migrate(&self) -> Result<(), Error> {
        let mut held = self.inner.writers.acquire().await?;
        DB::migrate(held.conn(), &self.inner.sql).await.map_err(StoreError::not_sent)?;
        held.give_back();
        self.check().await
    }

    /// Whether the database answers and its tables are those that this library works on. For the start of a service.
    ///
    /// # Errors
    /// [`Error::NotMigrated`] or [`Error::Unavailable`].
    pub async fn check(&self) -> Result<(), Error> {
        match self.inner.version().await? {
            Some(VERSION) => Ok(()),
            found => Err(Error::NotMigrated { found, wanted: VERSION }),
        }
    }

    /// The SQL that creates the tables, in order, for roles that may not run it: a name and the statements.
    pub fn migrations(&self) -> Vec<(&'static str, String)> {
        DB::migrations(&self.inner.tables).into_iter().map(|step| (step.name, step.sql)).collect()
    }

    /// Takes no more calls, waits until those under way are answered, and closes the connections that are idle. Calls in a
    /// transaction of yours, and reads, are not waited for. Later calls are answered [`Error::Unavailable`].
    pub async fn shutdown(&self) {
        self.inner.queue.drain().await;
        for connections in [&self.inner.flushers, &self.inner.writers, &self.inner.readers] {
            connections.close_idle().await;
        }
    }

    /// The pool that this was made from, or one to the same database for statements of your own. What idem does goes
    /// through connections of its own if it was opened by a URL.
    pub fn pool(&self) -> &Pool<DB> {
        &self.inner.pool
    }
}

impl<DB: Database> Inner<DB> {
    /// A connection to write on. Where one transaction writes at a time, its one connection is the lock, so the wait for it
    /// is a wait for another writer.
    pub(crate) async fn writer(&self, wait: Duration) -> Result<Held<DB>, Error> {
        if !self.readers_apart {
            return self.writers.acquire().await;
        }
        match tokio::time::timeout(wait, self.writers.acquire()).await {
            Ok(Err(Error::Unavailable { source })) if timed_out(&source) => Err(Error::InFlight { waited: wait }),
            Ok(held) => held,
            Err(_) => Err(Error::InFlight { waited: wait }),
        }
    }

    pub(crate) async fn version(&self) -> Result<Option<i64>, Error> {
        let mut held = self.readers.acquire().await?;
        let version = self.reply(DB::version(held.conn(), &self.sql)).await.map_err(StoreError::not_sent)?;
        held.give_back();
        Ok(version)
    }

    /// Waits for the database, but not for ever: a network that swallows packets closes no connection.
    pub(crate) async fn reply<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.settings.reply, work).await.unwrap_or_else(|_| {
            Err(StoreError { class: Class::Broken, source: sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()) })
        })
    }

    /// Gives a connection back after a call that was answered; closes it and explains the error after any other.
    pub(crate) async fn finish<T>(&self, held: Held<DB>, result: Result<T, StoreError>) -> Result<T, Error> {
        match result {
            Ok(value) => {
                held.give_back();
                Ok(value)
            }
            Err(error) => {
                drop(held);
                Err(self.explain(error).await)
            }
        }
    }

    /// The error of a call, with the state of the tables looked up where that is what is wrong.
    pub(crate) async fn explain(&self, error: StoreError) -> Error {
        if error.class == Class::Schema
            && let Ok(found) = self.version().await
            && found != Some(VERSION)
        {
            return Error::NotMigrated { found, wanted: VERSION };
        }
        error.not_sent()
    }

    /// Refuses a machine whose name another machine has in this database. Asks the database once per process.
    pub(crate) async fn register(&self, graph: &'static Graph) -> Result<(), Error> {
        let mine = Names::of(graph);
        if self.is_registered(graph, &mine) {
            return Ok(());
        }
        let mut held = self.writers.acquire().await?;
        let compared = self.reply(self.compare(held.conn(), graph, &mine)).await;
        self.finish(held, compared).await?
    }

    /// The same on the connection of a transaction, which may be the only one there is.
    pub(crate) async fn register_within(&self, graph: &'static Graph, tx: &mut Tx<DB>) -> Result<(), Error> {
        let mine = Names::of(graph);
        if self.is_registered(graph, &mine) {
            return Ok(());
        }
        tx.usable()?;
        match self.compare(tx.engine_conn()?, graph, &mine).await {
            Ok(compared) => compared,
            Err(error) => Err(tx.failed(error)),
        }
    }

    fn is_registered(&self, graph: &Graph, mine: &Names) -> bool {
        let registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        registered.get(graph.name) == Some(&mine.hash())
    }

    async fn compare(
        &self,
        conn: &mut DB::Connection,
        graph: &'static Graph,
        mine: &Names,
    ) -> Result<Result<(), Error>, StoreError> {
        let row = mine.row();
        let stored = DB::register_graph(conn, &self.sql, graph.name, &row, None).await?;
        if stored.hash != row.hash {
            let known = Names::read(&stored);
            if let Some(missing) = mine.foreign_to(&known) {
                return Ok(Err(Error::ForeignMachine { machine: graph.name, missing }));
            }
            if mine.extends(&known) {
                DB::register_graph(conn, &self.sql, graph.name, &row, Some(&stored.hash)).await?;
            }
        }
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).insert(graph.name, mine.hash());
        Ok(Ok(()))
    }
}

impl<DB> Clone for Builder<DB> {
    fn clone(&self) -> Self {
        let Self { ref prefix, connections, patience, settings, grouping, database } = *self;
        Self { prefix: prefix.clone(), connections, patience, settings, grouping, database }
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

impl<DB: Database> Clone for Idem<DB> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<DB: Database> fmt::Debug for Idem<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idem").field("database", &DB::NAME).finish_non_exhaustive()
    }
}

impl<DB: Database> fmt::Debug for Inner<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("database", &DB::NAME).finish_non_exhaustive()
    }
}

fn timed_out(source: &Source) -> bool {
    matches!(source.downcast_ref(), Some(sqlx::Error::PoolTimedOut))
}
