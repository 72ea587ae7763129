//! What all handles of one [`Idem`](crate::Idem) share.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::Pool;

use crate::clock::Timestamp;
use crate::engine::group::queue::Queue;
use crate::engine::memory::Memory;
use crate::engine::plan::Limits;
use crate::engine::session::clock::DatabaseClock;
use crate::engine::session::pool::{Connections, Lease};
use crate::engine::session::retry::PATIENCE;
use crate::engine::session::retry::RetryPolicy;
use crate::engine::verdict_log::VerdictLog;
use crate::error::Error;
use crate::store::Database;
use crate::store::claims::queries::installation;
use crate::store::error::{Class, StoreError};
use crate::store::migrate::run::{now, version};
use crate::store::migrate::texts::VERSION;
use crate::store::statements::Statements;
use crate::store::write::part::Write;

const SHARED: &str = "a pooler between this process and the database gives one session of the server to several clients in turn \
    (`pool_mode = transaction` or `statement` of PgBouncer), and what idem keeps in its sessions, prepared statements among it, is \
    then another client's; let the pooler keep a session for each connection (`pool_mode = session`), or connect to the server \
    itself";

/// What all handles of one [`Idem`](crate::Idem) share.
pub(crate) struct Shared<DB: Database> {
    pub(crate) writers: Connections<DB>,
    pub(crate) readers: Connections<DB>,
    /// Where groups are written.
    pub(crate) flushers: Connections<DB>,
    pub(crate) queue: Queue<DB>,
    /// Readers and writers use separate connections (SQLite).
    pub(crate) readers_apart: bool,
    /// The caller's pool, or one opened for the caller's own statements.
    pub(crate) pool: Pool<DB>,
    pub(crate) sql: Arc<Statements>,
    pub(crate) settings: Settings,
    /// No pooler was found that shares sessions.
    pub(crate) unshared: AtomicBool,
    pub(crate) clock: DatabaseClock,
    pub(crate) memory: Memory,
    /// What calls are answered, if that is kept.
    pub(crate) verdicts: Option<VerdictLog>,
    /// Woken when messages were committed by this process.
    pub(crate) emitted: tokio::sync::Notify,
    /// Which database this is, once that was asked.
    pub(crate) installation: tokio::sync::Mutex<Option<Arc<str>>>,
    /// The machines whose graphs were compared with the stored ones, or are at the moment.
    pub(crate) graphs: Mutex<HashMap<&'static str, Registration>>,
}

/// What is known of a machine's graph in the database.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    /// The hash of this process's graph, once it, or a newer release of it, is stored there.
    pub(crate) known: Option<[u8; 32]>,
    /// Held by the one call that compares.
    pub(crate) comparing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    /// The longest wait for another writer's lock.
    pub(crate) wait: Duration,
    /// The longest wait for a reply: past it the connection is taken for broken.
    pub(crate) reply: Duration,
    /// The longest wait for a connection.
    pub(crate) acquire: Duration,
    pub(crate) retry: RetryPolicy,
    /// Spans show the machine's id.
    #[cfg(feature = "tracing")]
    pub(crate) span_ids: bool,
}

impl Settings {
    /// The longest time that a statement may take: a little less than its reply is waited for, so that the database says no
    /// before the connection is taken for broken.
    pub(crate) fn statement(&self) -> Duration {
        self.reply / 5 * 4
    }

    /// How long a call may take that loses the reply to each of its attempts, asks each time what became of it, and reads what
    /// it was.
    pub(crate) fn longest_call(&self) -> Duration {
        let attempt = [self.reply, self.wait, PATIENCE, self.retry.longest()]
            .into_iter()
            .fold(self.acquire, Duration::saturating_add);
        // One more after a loss, whatever the limit, and one that reads.
        attempt.saturating_mul(self.retry.limit().saturating_add(2))
    }
}

impl<DB: Database> Shared<DB> {
    /// The time past which a write that is sent now must not happen, where it can come late. `None`: the time is not known.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        if DB::WRITES_IN_ONE_STATEMENT { self.clock.after(self.settings.statement()) } else { None }
    }

    /// Wakes the relay of this process, if this write that was committed has messages.
    pub(crate) fn wake_relay(&self, write: &Write<DB>) {
        if !write.messages.is_empty() {
            self.emitted.notify_one();
        }
    }

    /// A connection to write on. Where one transaction writes at a time, its one connection is the lock, so the wait for it
    /// is a wait for another writer.
    pub(crate) async fn writer(&self, wait: Duration) -> Result<Lease<DB>, Error> {
        if !self.readers_apart {
            return self.writers.acquire().await;
        }
        self.writers.acquire_within(wait).await?.ok_or(Error::in_flight(wait))
    }

    /// Refuses a pooler that shares the server's sessions between clients. Asks once.
    pub(crate) async fn refuse_shared_sessions(&self) -> Result<(), Error> {
        if self.unshared.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.readers.are_shared().await? {
            return Err(Error::Config { problem: SHARED.to_owned() });
        }
        self.unshared.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The version that the database is at.
    pub(crate) async fn version(&self) -> Result<Option<i64>, Error> {
        let mut lease = self.readers.acquire().await?;
        let (version, now) = version(&mut lease.session()).await.map_err(|error| error.not_sent(lease.held()))?;
        if let Some(now) = now {
            self.clock.note(now);
        }
        Ok(version)
    }

    /// The database's time.
    pub(crate) async fn now(&self) -> Result<Timestamp, Error> {
        let mut lease = self.readers.acquire().await?;
        let told = now(&mut lease.session()).await;
        let now = self.answer(lease, told).await?;
        self.clock.note(now);
        Ok(now)
    }

    /// Which database this is. Asked once.
    pub(crate) async fn installation(&self) -> Result<Arc<str>, Error> {
        let mut known = self.installation.lock().await;
        if let Some(id) = &*known {
            return Ok(id.clone());
        }
        let mut lease = self.readers.acquire().await?;
        let asked = installation(&mut lease.session()).await;
        let id = self.answer(lease, asked).await?;
        Ok(known.insert(id).clone())
    }

    /// The answer of a read. The connection goes back first: what an error means may have to be asked on another.
    pub(crate) async fn answer<T>(&self, lease: Lease<DB>, answer: Result<T, StoreError>) -> Result<T, Error> {
        let held = lease.held();
        drop(lease);
        match answer {
            Ok(value) => Ok(value),
            Err(error) => Err(self.explain(error, held).await),
        }
    }

    /// The error of a call that was refused after this time, or of which nothing was sent that could have an effect. Where the
    /// tables may be what is wrong, their state is looked up.
    pub(crate) async fn explain(&self, error: StoreError, waited: Duration) -> Error {
        if error.class != Class::Schema {
            return error.not_sent(waited);
        }
        match self.version().await {
            Ok(found) if found != Some(VERSION) => Error::NotMigrated { found, wanted: VERSION },
            // The caller's table, or the state of idem's tables is unknown.
            Ok(_) => Error::Store { source: Box::new(error.source) },
            Err(_) => error.not_sent(waited),
        }
    }
}

/// A call that is counted until it is dropped, wherever it goes meanwhile.
pub(crate) struct CallUnderWay<DB: Database>(Arc<Shared<DB>>);

impl<DB: Database> CallUnderWay<DB> {
    /// # Errors
    /// [`Error::ShutDown`].
    pub(crate) fn new(shared: Arc<Shared<DB>>) -> Result<Self, Error> {
        shared.queue.count_in()?;
        Ok(Self(shared))
    }
}

impl<DB: Database> Drop for CallUnderWay<DB> {
    fn drop(&mut self) {
        self.0.queue.leave();
    }
}

impl<DB: Database> fmt::Debug for Shared<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("database", &DB::NAME).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_call_includes_all_attempts() {
        let limits = Limits { payload: 1, alias: Duration::ZERO, rejection: Duration::ZERO };
        let (wait, reply, acquire) = (Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3));
        let settings = |attempts| Settings {
            limits,
            wait,
            reply,
            acquire,
            retry: RetryPolicy::default().attempts(attempts),
            #[cfg(feature = "tracing")]
            span_ids: false,
        };
        let longest = |attempts| settings(attempts).longest_call();
        assert!(longest(1) > 3 * (wait + reply + acquire));
        assert_eq!(longest(1_000), 334 * longest(1));
        assert!(longest(u32::MAX) >= longest(1_000));
        let endless = Settings { retry: RetryPolicy::default().longest_pause(Duration::MAX), ..settings(1) };
        assert_eq!(endless.longest_call(), Duration::MAX);
    }
}
