//! Connections without sqlx's pool, which pings the server each time that one is given back.

use std::sync::{Mutex, PoisonError};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Failure;

/// Idle connections, and how many there may be.
pub(crate) struct Kept {
    options: PgConnectOptions,
    idle: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
}

/// A connection that is closed when it is dropped: a call that was cut short leaves it in an unknown state.
pub(crate) struct Lent<'a> {
    pub(crate) conn: PgConnection,
    kept: &'a Kept,
    _permit: SemaphorePermit<'a>,
}

impl Kept {
    pub(crate) fn new(options: PgConnectOptions, most: usize) -> Self {
        Self { options, idle: Mutex::default(), permits: Semaphore::new(most) }
    }

    /// The connection that was given back last, or a new one.
    pub(crate) async fn lend(&self) -> Result<Lent<'_>, Failure> {
        let permit = self.permits.acquire().await?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.options.connect().await?,
        };
        Ok(Lent { conn, kept: self, _permit: permit })
    }
}

impl Lent<'_> {
    /// Gives it back at rest.
    pub(crate) fn give_back(self) {
        self.kept.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.conn);
    }
}
