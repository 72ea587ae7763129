//! Where the engine's connections come from, and how they go back: answered and without an open transaction, or not at all.
//!
//! In sqlx 0.9.0 a `begin` that is dropped half-way leaves the next borrower in a stale open transaction, whose
//! acknowledged writes vanish (transact-rs/sqlx #4385, #4393). So a connection on which anything is under way when it is
//! dropped is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::engine::session::breaks::Breaks;
use crate::error::Error;
use crate::store::Database;
use crate::store::connect::{Options, SessionBounds};
use crate::store::error::{Class, StoreError};
use crate::store::session::{ConnectionState, Replies, Session};
use crate::store::statements::Statements;
use crate::store::tables::Text;

/// An idle connection is tested after this time: servers and proxies close what is idle, and do not always say so.
const TESTED_AFTER: Duration = Duration::from_secs(1);
/// How long the answer to a test is waited for.
const TEST: Duration = Duration::from_secs(1);

/// Where connections come from, and what is said on them.
pub(crate) struct Connections<DB: Database> {
    source: Source<DB>,
    sql: Arc<Statements>,
    /// The bound on each reply.
    reply: Duration,
    breaks: Breaks,
}

enum Source<DB: Database> {
    /// The caller's pool.
    Pool(Pool<DB>),
    /// Our own. sqlx's pool asks the server for a sign of life, in a task of its own, each time that a connection is given
    /// back: as much work as a replay.
    Own(Arc<ConnectionPool<DB>>),
}

/// Idle connections, and how many there may be in all.
struct ConnectionPool<DB: Database> {
    maker: Maker<DB>,
    /// What is said on a new connection.
    greeting: Text,
    idle: Mutex<Idle<DB>>,
    permits: Arc<Semaphore>,
    acquire_timeout: Duration,
    breaks: Breaks,
}

/// The maker of the connections.
pub(crate) enum Maker<DB: Database> {
    Options(Options<DB>),
    /// As the caller's pool makes its own, which may prepare them in its own way. They are not the pool's: what is set on them
    /// harms nobody, and what was set on one of the pool's does not come with it.
    LikePool(Pool<DB>),
}

struct Idle<DB: Database> {
    connections: Vec<OwnConnection<DB>>,
    /// A connection broke then: those that were idle before may have broken with it.
    suspect: Instant,
}

struct OwnConnection<DB: Database> {
    conn: DB::Connection,
    /// The options that the caller's pool had when it was made.
    options: Option<Arc<Options<DB>>>,
    made: Instant,
    idle_since: Instant,
}

/// A connection in use. Dropped, it goes back if it was answered and no transaction is open on it; otherwise it is closed.
pub(crate) struct Lease<DB: Database> {
    conn: LeasedConnection<DB>,
    state: ConnectionState,
    sql: Arc<Statements>,
    reply: Duration,
    taken: Instant,
    breaks: Breaks,
}

enum LeasedConnection<DB: Database> {
    Pool(PoolConnection<DB>),
    Own {
        /// Taken out when the lease is dropped.
        conn: Option<OwnConnection<DB>>,
        pool: Arc<ConnectionPool<DB>>,
        /// Goes last, so that who gets it finds the connection.
        _permit: OwnedSemaphorePermit,
    },
}

impl<DB: Database> Connections<DB> {
    /// Takes connections from the caller's pool.
    pub(crate) fn of_pool(pool: Pool<DB>, (sql, breaks): (Arc<Statements>, Breaks), reply: Duration) -> Self {
        Self { source: Source::Pool(pool), sql, reply, breaks }
    }

    /// At most `max` connections, each waited for at most for `acquire_timeout`.
    pub(crate) fn own(
        (maker, bounds): (Maker<DB>, SessionBounds),
        (max, acquire_timeout): (u32, Duration),
        (sql, breaks): (Arc<Statements>, Breaks),
        reply: Duration,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS)));
        let idle = Mutex::new(Idle { connections: Vec::new(), suspect: Instant::now() });
        let greeting = DB::greeting(bounds).into();
        let pool = ConnectionPool { maker, greeting, idle, permits, acquire_timeout, breaks: breaks.clone() };
        Self { source: Source::Own(Arc::new(pool)), sql, reply, breaks }
    }

    /// Closes those of our own that nobody uses.
    pub(crate) async fn close_idle(&self) {
        let Source::Own(pool) = &self.source else { return };
        let idle = std::mem::take(&mut pool.idle().connections);
        for OwnConnection { conn, .. } in idle {
            // What does not close in an orderly way is closed all the same.
            let _ = conn.close().await;
        }
    }

    /// Takes a connection.
    pub(crate) async fn acquire(&self) -> Result<Lease<DB>, Error> {
        let conn = match &self.source {
            // On the heap: it is four times as large as all that a call awaits beside it.
            Source::Pool(pool) => Box::pin(self.borrow(pool)).await.map(LeasedConnection::Pool),
            Source::Own(pool) => {
                let conn = pool.clone().acquire_within(pool.acquire_timeout).await;
                conn.and_then(|conn| conn.ok_or(sqlx::Error::PoolTimedOut))
            }
        };
        self.leased(conn)
    }

    /// A connection from the caller's pool, without an open transaction. An earlier borrower may have left one open, which sqlx 0.9.0 does where
    /// a `begin` is dropped: what is written next would be gone with the connection.
    async fn borrow(&self, pool: &Pool<DB>) -> Result<PoolConnection<DB>, sqlx::Error> {
        const TRIES: u32 = 32;
        let mut tried = 0;
        loop {
            let mut conn = pool.acquire().await?;
            if DB::END_ANY.is_empty() || seeded_bug!("stray-transaction") {
                return Ok(conn);
            }
            tried += 1;
            let ended = timeout(self.reply, DB::run(&mut conn, DB::END_ANY.into())).await;
            match ended.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Ok(()) => return Ok(conn),
                // One that was aborted, or died while it was idle: nothing was sent that could have an effect.
                Err(error) => {
                    self.breaks.note();
                    conn.close_on_drop();
                    if tried >= TRIES {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Takes a connection; `None` if others keep all of them for longer than `wait`. To open one may take longer.
    pub(crate) async fn acquire_within(&self, wait: Duration) -> Result<Option<Lease<DB>>, Error> {
        let Source::Own(pool) = &self.source else { return self.acquire().await.map(Some) };
        match pool.clone().acquire_within(wait).await {
            Ok(None) => Ok(None),
            Ok(Some(conn)) => self.leased(Ok(conn)).map(Some),
            Err(error) => self.leased(Err(error)).map(Some),
        }
    }

    fn leased(&self, conn: Result<LeasedConnection<DB>, sqlx::Error>) -> Result<Lease<DB>, Error> {
        let conn = conn.map_err(|error| self.unavailable(error))?;
        Ok(Lease {
            conn,
            state: ConnectionState::default(),
            sql: self.sql.clone(),
            reply: self.reply,
            taken: Instant::now(),
            breaks: self.breaks.clone(),
        })
    }

    /// Without a connection nothing was sent.
    fn unavailable(&self, error: sqlx::Error) -> Error {
        let not_opened = match &self.source {
            Source::Pool(pool) => DB::not_opened(&pool.connect_options(), &error),
            Source::Own(pool) => match &pool.maker {
                Maker::Options(options) => DB::not_opened(options, &error),
                Maker::LikePool(pool) => DB::not_opened(&pool.connect_options(), &error),
            },
        };
        if let Some((path, problem)) = not_opened {
            return Error::NotOpened { path, problem, source: Box::new(error) };
        }
        match DB::classify(error) {
            // A file may be locked while it is opened.
            StoreError { class: Class::Broken | Class::Busy, source } => {
                Error::Unavailable { source: Box::new(source) }
            }
            error => error.not_sent(Duration::ZERO),
        }
    }
}

impl<DB: Database> Connections<DB> {
    /// Whether two connections find what the other has set in its session: then a pooler stands between, and what is kept in a
    /// session is not kept for its client.
    ///
    /// # Errors
    /// There are no two connections to be had, or they could not be asked.
    pub(crate) async fn are_shared(&self) -> Result<bool, Error> {
        let Some([set, look]) = DB::sharing(getrandom::u64().unwrap_or_default()) else { return Ok(false) };
        let asked = async {
            let (mut one, mut other) = match &self.source {
                Source::Pool(pool) => (connect_like(pool).await?, connect_like(pool).await?),
                Source::Own(pool) => {
                    let deadline = Instant::now() + pool.acquire_timeout;
                    (pool.connect(deadline, false).await?.conn, pool.connect(deadline, false).await?.conn)
                }
            };
            timeout(self.reply, DB::run(&mut one, set.into())).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
            let looked = timeout(self.reply, DB::run(&mut other, look.into())).await;
            let shared = match looked.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Err(sqlx::Error::Database(_)) => true,
                looked => looked.map(|()| false)?,
            };
            // What does not close in an orderly way is closed all the same.
            let _ = (one.close().await, other.close().await);
            Ok(shared)
        };
        asked.await.map_err(|error| self.unavailable(error))
    }
}

impl<DB: Database> ConnectionPool<DB> {
    /// One that is idle, or a new one; `None` if others keep all of them for longer than `wait`.
    async fn acquire_within(self: Arc<Self>, wait: Duration) -> Result<Option<LeasedConnection<DB>>, sqlx::Error> {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => match timeout(wait, self.permits.clone().acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) => return Err(sqlx::Error::PoolClosed),
                Err(_) => return Ok(None),
            },
        };
        let conn = match self.idle_connection().await? {
            Some(conn) => conn,
            None => Box::pin(self.connect(Instant::now() + self.acquire_timeout, true)).await?,
        };
        Ok(Some(LeasedConnection::Own { conn: Some(conn), pool: self, _permit: permit }))
    }

    /// An idle connection that is as good as a new one. What is known to be dead before anything was sent costs its caller
    /// nothing.
    async fn idle_connection(&self) -> Result<Option<OwnConnection<DB>>, sqlx::Error> {
        let options = self.maker.options()?;
        loop {
            let (mut idle, suspect) = {
                let mut idle = self.idle();
                let Some(conn) = idle.connections.pop() else { return Ok(None) };
                (conn, idle.suspect)
            };
            if self.maker.is_outdated(&idle, options.as_ref()) {
                continue;
            }
            let tested = idle.idle_since < suspect || idle.idle_since.elapsed() > TESTED_AFTER;
            if !tested || seeded_bug!("idle-untested") || matches!(timeout(TEST, idle.conn.ping()).await, Ok(Ok(()))) {
                return Ok(Some(idle));
            }
            // It did not die alone.
            self.breaks.note();
            self.idle().connections.clear();
        }
    }

    /// A server that is starting refuses connections; it is asked again until the deadline.
    async fn connect(&self, deadline: Instant, greets: bool) -> Result<OwnConnection<DB>, sqlx::Error> {
        const PAUSE: Duration = Duration::from_millis(50);
        let mut refused = None;
        loop {
            match timeout_at(deadline, self.connect_once(greets)).await {
                Ok(Err(error)) if is_passing::<DB>(&error) && Instant::now() + PAUSE < deadline => {
                    refused = Some(error);
                    sleep(PAUSE).await;
                }
                Ok(result) => return result,
                // Why the server did not let us in says more than that the time is up.
                Err(_) => return Err(refused.unwrap_or(sqlx::Error::PoolTimedOut)),
            }
        }
    }

    async fn connect_once(&self, greets: bool) -> Result<OwnConnection<DB>, sqlx::Error> {
        let options = self.maker.options()?;
        let mut conn = self.maker.connect().await?;
        if greets && !self.greeting.is_empty() {
            DB::run(&mut conn, self.greeting.clone()).await?;
        }
        if !seeded_bug!("unnoticed-server") {
            // It may be to another server, while those that are idle have broken unnoticed.
            self.breaks.note();
        }
        let made = Instant::now();
        Ok(OwnConnection { conn, options, made, idle_since: made })
    }

    fn idle(&self) -> MutexGuard<'_, Idle<DB>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Maker<DB> {
    async fn connect(&self) -> Result<DB::Connection, sqlx::Error> {
        match self {
            Self::Options(options) => options.connect().await,
            Self::LikePool(pool) => connect_like(pool).await,
        }
    }

    /// What the caller's pool makes connections by at the moment.
    fn options(&self) -> Result<Option<Arc<Options<DB>>>, sqlx::Error> {
        match self {
            Self::Options(_) => Ok(None),
            Self::LikePool(pool) if pool.is_closed() => Err(sqlx::Error::PoolClosed),
            Self::LikePool(pool) => Ok(Some(pool.connect_options())),
        }
    }

    /// Whether the caller's pool would not use this connection any more.
    fn is_outdated(&self, conn: &OwnConnection<DB>, options: Option<&Arc<Options<DB>>>) -> bool {
        let Self::LikePool(pool) = self else { return false };
        let same = options.zip(conn.options.as_ref()).is_some_and(|(now, then)| Arc::ptr_eq(now, then));
        !same || pool.options().get_max_lifetime().is_some_and(|lifetime| conn.made.elapsed() > lifetime)
    }
}

/// A connection that is made as this pool makes its own: its `after_connect` runs nowhere but in a pool.
async fn connect_like<DB: Database>(pool: &Pool<DB>) -> Result<DB::Connection, sqlx::Error> {
    if seeded_bug!("unprepared-groups") {
        return pool.connect_options().connect().await;
    }
    let options = pool.options().clone().min_connections(0).max_connections(1);
    let like = options.connect_lazy_with(pool.connect_options().as_ref().clone());
    Ok(like.acquire().await?.detach())
}

/// Whether a server that did not let us in may do so in a moment.
fn is_passing<DB: Database>(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        error => DB::is_starting(error),
    }
}

impl<DB: Database> Lease<DB> {
    /// The connection, for calls to the database.
    pub(crate) fn session(&mut self) -> Session<'_, DB> {
        let Self { conn, state, sql, reply, .. } = self;
        Session::new(conn.get(), sql, *reply, state)
    }

    /// The same with another bound on the reply.
    pub(crate) fn session_within(&mut self, reply: Duration) -> Session<'_, DB> {
        let Self { conn, state, sql, .. } = self;
        Session::new(conn.get(), sql, reply, state)
    }

    /// The connection, for the caller's statements.
    pub(crate) fn conn(&mut self) -> &mut DB::Connection {
        self.conn.get()
    }

    /// How long it has been held.
    pub(crate) fn held(&self) -> Duration {
        self.taken.elapsed()
    }

    pub(crate) fn state(&self) -> ConnectionState {
        self.state
    }

    /// Takes the transaction that is open for ended.
    #[cfg_attr(not(idem_faults), allow(dead_code, reason = "a seeded bug"))]
    pub(crate) fn take_for_ended(&mut self) {
        self.state.open = false;
    }
}

impl<DB: Database> LeasedConnection<DB> {
    #[allow(clippy::expect_used, reason = "the connection is only taken out when the lease is dropped")]
    fn get(&mut self) -> &mut DB::Connection {
        match self {
            Self::Pool(conn) => conn,
            Self::Own { conn, .. } => &mut conn.as_mut().expect("a lease that is not dropped").conn,
        }
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        let clean = !self.state.unanswered() && !self.state.open;
        if self.state.replies == Replies::Lost {
            self.breaks.note();
        }
        match &mut self.conn {
            LeasedConnection::Pool(conn) if !clean && !seeded_bug!("poisoned-pool") => conn.close_on_drop(),
            LeasedConnection::Pool(_) => {}
            LeasedConnection::Own { conn, pool, .. } => {
                let (mut idle, now) = (pool.idle(), Instant::now());
                if let Some(conn) = conn.take().filter(|_| clean) {
                    idle.connections.push(OwnConnection { idle_since: now, ..conn });
                } else if self.state.unanswered() {
                    idle.suspect = now;
                }
            }
        }
    }
}

impl<DB: Database> Clone for Connections<DB> {
    fn clone(&self) -> Self {
        let source = match &self.source {
            Source::Pool(pool) => Source::Pool(pool.clone()),
            Source::Own(pool) => Source::Own(pool.clone()),
        };
        Self { source, sql: self.sql.clone(), reply: self.reply, breaks: self.breaks.clone() }
    }
}
