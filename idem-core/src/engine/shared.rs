//! What all handles of one [`Idem`](crate::Idem) share.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use sqlx::Pool;

use crate::engine::account_cache::AccountCache;
use crate::engine::decide::command::Limits;
use crate::engine::group::queue::Queue;
use crate::engine::session::pool::{Connections, Held};
use crate::engine::session::retry::Retry;
use crate::engine::table_cache::TableCache;
use crate::error::{Error, Source};
use crate::store::Database;
use crate::store::error::{Class, StoreError, VERSION};
use crate::store::tables::Tables;

/// What all handles of one [`Idem`] share.
pub(crate) struct Shared<DB: Database> {
    pub(crate) writers: Connections<DB>,
    pub(crate) readers: Connections<DB>,
    /// Where groups are written.
    pub(crate) flushers: Connections<DB>,
    pub(crate) queue: Queue,
    /// Readers and writers use separate connections (SQLite).
    pub(crate) readers_apart: bool,
    /// The caller's pool, or one opened for the caller's own statements.
    pub(crate) pool: Pool<DB>,
    pub(crate) sql: DB::Sql,
    pub(crate) settings: Settings,
    pub(crate) tables: Tables,
    pub(crate) accounts: AccountCache,
    /// The machines whose graphs were compared with the stored ones.
    pub(crate) registered: Mutex<HashMap<&'static str, [u8; 32]>>,
    /// The tables of the caller's that were updated, as they were last described.
    pub(crate) table_cache: TableCache,
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

impl<DB: Database> Shared<DB> {
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
}

impl<DB: Database> fmt::Debug for Shared<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("database", &DB::NAME).finish_non_exhaustive()
    }
}

fn timed_out(source: &Source) -> bool {
    matches!(source.downcast_ref(), Some(sqlx::Error::PoolTimedOut))
}
