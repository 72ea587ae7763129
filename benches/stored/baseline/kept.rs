//! Connections without sqlx's pool, which pings the server each time that one is given back.

use std::sync::{Mutex, PoisonError};

use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Idle connections, and how many there may be.
pub(crate) struct Kept<C: Connection> {
    options: C::Options,
    idle: Mutex<Vec<C>>,
    permits: Semaphore,
}

/// A connection that is closed when it is dropped: a call that was cut short leaves it in an unknown state.
pub(crate) struct Lent<'a, C: Connection> {
    pub(crate) conn: C,
    kept: &'a Kept<C>,
    _permit: SemaphorePermit<'a>,
}

impl<C: Connection> Kept<C> {
    pub(crate) fn new(options: C::Options, most: usize) -> Self {
        Self { options, idle: Mutex::default(), permits: Semaphore::new(most) }
    }

    /// The connection that was given back last, or a new one.
    pub(crate) async fn lend(&self) -> Result<Lent<'_, C>, sqlx::Error> {
        let permit = self.permits.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.options.connect().await?,
        };
        Ok(Lent { conn, kept: self, _permit: permit })
    }
}

impl<C: Connection> Lent<'_, C> {
    /// Gives it back at rest.
    pub(crate) fn give_back(self) {
        self.kept.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.conn);
    }
}
