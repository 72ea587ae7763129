//! Where the engine's connections come from, and how they go back: at rest, or not at all.
//!
//! In sqlx 0.9.0 a `begin` that is dropped half-way leaves the next borrower in a stale open transaction, whose
//! acknowledged writes vanish (transact-rs/sqlx #4385, #4393). So a connection is given back by a call of its own, made at
//! rest; one that is dropped in any other way is closed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::Error;
use crate::store::error::Class;
use crate::store::{Database, Options};

/// Where connections come from.
pub(crate) enum Connections<DB: Database> {
    /// A pool of the user's.
    Pool(Pool<DB>),
    /// Our own. sqlx's pool asks the server for a sign of life, in a task of its own, each time that a connection is given
    /// back: as much work as a replay.
    Kept(Arc<Kept<DB>>),
}

/// Idle connections, and how many there may be in all.
pub(crate) struct Kept<DB: Database> {
    options: Options<DB>,
    idle: Mutex<Vec<DB::Connection>>,
    permits: Arc<Semaphore>,
    patience: Duration,
}

/// A connection of the engine's, closed when dropped unless it is given back.
pub(crate) struct Held<DB: Database>(Link<DB>);

enum Link<DB: Database> {
    Pool(Pooled<DB>),
    Kept { conn: DB::Connection, home: Arc<Kept<DB>>, _permit: OwnedSemaphorePermit },
}

/// A connection of a pool, which would go back whenever it is dropped.
struct Pooled<DB: Database> {
    conn: PoolConnection<DB>,
    at_rest: bool,
}

impl<DB: Database> Connections<DB> {
    /// At most `most` connections, each waited for at most for `patience`.
    pub(crate) fn kept(options: Options<DB>, most: u32, patience: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)));
        Self::Kept(Arc::new(Kept { options, idle: Mutex::default(), permits, patience }))
    }

    /// Closes those of our own that nobody uses.
    pub(crate) async fn close_idle(&self) {
        let Self::Kept(kept) = self else { return };
        let idle = std::mem::take(&mut *kept.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for conn in idle {
            // What does not close in an orderly way is closed all the same.
            let _ = conn.close().await;
        }
    }

    /// Takes a connection.
    pub(crate) async fn acquire(&self) -> Result<Held<DB>, Error> {
        let link = match self {
            Self::Pool(pool) => pool.acquire().await.map(|conn| Link::Pool(Pooled { conn, at_rest: false })),
            Self::Kept(kept) => kept.clone().lend().await,
        };
        link.map(Held).map_err(|error| DB::classify(error).not_sent())
    }
}

impl<DB: Database> Kept<DB> {
    async fn lend(self: Arc<Self>) -> Result<Link<DB>, sqlx::Error> {
        let deadline = Instant::now() + self.patience;
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => match timeout_at(deadline, self.permits.clone().acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) => return Err(sqlx::Error::PoolClosed),
                Err(_) => return Err(sqlx::Error::PoolTimedOut),
            },
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.connect(deadline).await?,
        };
        Ok(Link::Kept { conn, home: self, _permit: permit })
    }

    /// A server that is starting refuses connections; it is asked again until the deadline.
    async fn connect(&self, deadline: Instant) -> Result<DB::Connection, sqlx::Error> {
        const PAUSE: Duration = Duration::from_millis(50);
        let mut refused = None;
        loop {
            match timeout_at(deadline, self.options.connect()).await {
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
}

/// Whether a server that did not let us in may do so in a moment.
fn is_passing<DB: Database>(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        // Starting up, shutting down, too many connections: never that it does not know us.
        sqlx::Error::Database(server) => {
            let code = server.code().unwrap_or_default();
            matches!(DB::class(error), Class::Unavailable | Class::Broken)
                && (code.starts_with("57P") || code == "53300")
        }
        _ => false,
    }
}

impl<DB: Database> Held<DB> {
    /// The connection.
    pub(crate) fn conn(&mut self) -> &mut DB::Connection {
        match &mut self.0 {
            Link::Pool(pooled) => &mut pooled.conn,
            Link::Kept { conn, .. } => conn,
        }
    }

    /// Gives the connection back: nothing is under way on it, and no transaction is open.
    pub(crate) fn give_back(self) {
        match self.0 {
            Link::Pool(mut pooled) => pooled.at_rest = true,
            // The permit goes last, so that who gets it finds the connection.
            Link::Kept { conn, home, _permit } => {
                home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            }
        }
    }
}

impl<DB: Database> Drop for Pooled<DB> {
    fn drop(&mut self) {
        if !self.at_rest && !seeded_bug!("poisoned-pool") {
            self.conn.close_on_drop();
        }
    }
}

impl<DB: Database> Clone for Connections<DB> {
    fn clone(&self) -> Self {
        match self {
            Self::Pool(pool) => Self::Pool(pool.clone()),
            Self::Kept(kept) => Self::Kept(kept.clone()),
        }
    }
}
