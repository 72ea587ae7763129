//! A connection that does not go back to its pool half-way through something.
//!
//! In sqlx 0.9.0 a `begin` that is dropped half-way leaves the next borrower in a stale open transaction, whose
//! acknowledged writes vanish (transact-rs/sqlx #4385, #4393). So the engine arms a connection before it sends anything
//! that a drop could leave behind, and disarms it at rest; an armed connection is closed when it is dropped.

use sqlx::Pool;
use sqlx::pool::PoolConnection;

use crate::error::Error;
use crate::store::Database;

/// A connection of a pool, closed instead of given back if it is dropped while armed.
pub(crate) struct Held<DB: Database> {
    conn: PoolConnection<DB>,
    armed: bool,
}

impl<DB: Database> Held<DB> {
    /// Takes a connection from the pool.
    pub(crate) async fn acquire(pool: &Pool<DB>) -> Result<Self, Error> {
        match pool.acquire().await {
            Ok(conn) => Ok(Self { conn, armed: false }),
            Err(error) => Err(DB::classify(error).not_sent()),
        }
    }

    pub(crate) fn conn(&mut self) -> &mut DB::Connection {
        &mut self.conn
    }

    /// From here on a drop closes the connection.
    pub(crate) fn arm(&mut self) {
        self.armed = true;
    }

    /// The connection is as it was when it was acquired.
    pub(crate) fn disarm(&mut self) {
        self.armed = false;
    }
}

impl<DB: Database> Drop for Held<DB> {
    fn drop(&mut self) {
        if self.armed && !super::fault::bug("poisoned-pool") {
            self.conn.close_on_drop();
        }
    }
}
