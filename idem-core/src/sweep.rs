//! Deleting what has expired.

use std::fmt;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::Error;
use crate::idem::Idem;
use crate::store::Database;
use crate::store::sweep::run::{Batch, sweep};
use crate::watch;

/// What a sweep deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Keys of operations, locks and conditional updates.
    pub claims: u64,
    /// Alias keys, and rejections that keys remembered.
    pub alias_keys: u64,
    /// Epochs of leases of other stores, 30 days after they last wrote here.
    pub fences: u64,
    /// There may be more that has expired.
    pub more: bool,
}

impl<DB: Database> Idem<DB> {
    /// Deletes what has expired by the database's clock: of each kind the oldest, about `limit` (1 to 10,000). Nothing rests on it: what
    /// has expired and is not deleted counts as expired. Without it the tables grow.
    ///
    /// Any number of processes may sweep at the same time, and beside all calls: on PostgreSQL a row that another transaction holds is
    /// left out, on SQLite a sweep has the write lock while it deletes. See [`Idem::sweep_in_background`].
    ///
    /// # Errors
    /// Those of the database.
    ///
    /// # Cancel safety
    /// A dropped call may have deleted what it was to delete, or a part of it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Key;
    /// use idem_core::update::Upsert;
    ///
    /// sqlx::query("CREATE TABLE pages (name TEXT PRIMARY KEY, body TEXT)").execute(idem.pool()).await?;
    /// let page = Upsert::table("pages").unversioned().key("name", "home").set("body", "hello");
    /// page.once(&Key::new("editor", "req-1")?).execute(&idem).await?;
    /// assert_eq!(idem.sweep(500).await?.claims, 0);                        // its key is remembered for 24 hours
    /// sqlx::query("UPDATE idem_claims SET expires_at = at").execute(idem.pool()).await?;
    /// assert_eq!(idem.sweep(500).await?.claims, 1);
    /// # Ok(()) }) }
    /// ```
    pub async fn sweep(&self, limit: u32) -> Result<Swept, Error> {
        let shared = &self.shared;
        let _call = shared.queue.enter()?;
        let limit = limit.clamp(1, 10_000);
        let mut lease = shared.writer(shared.settings.wait).await?;
        let swept = sweep(&mut lease.session(), i64::from(limit), shared.settings.wait).await;
        let Batch { claims, alias_keys, fences } = shared.answer(lease, swept).await?;
        for (what, rows) in [("claims", claims), ("alias_keys", alias_keys), ("fences", fences)] {
            watch::meter::swept(what, rows);
        }
        let more = [claims, alias_keys, fences].iter().any(|rows| *rows >= u64::from(limit));
        Ok(Swept { claims, alias_keys, fences, more })
    }

    /// Sweeps now, and again `interval` after it is done (at least a second), in a task of the runtime, until the [`Sweeper`] is
    /// dropped or [`Idem::shutdown`] is called. After each batch, of 50 rows on SQLite and of 100 on PostgreSQL, it pauses at least nine
    /// times as long as the batch took, so it works a tenth of the time at most. What fails is tried again after the interval.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn sweep_in_background(&self, interval: Duration) -> Sweeper {
        Sweeper { task: tokio::spawn(sweep_again(self.clone(), interval.max(Duration::from_secs(1)))) }
    }
}

/// Sweeps in the background until it is dropped. Of a batch that runs at that time, all, a part or nothing may be deleted.
#[must_use = "dropped, it sweeps no more"]
pub struct Sweeper {
    task: JoinHandle<()>,
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweeper").field("ended", &self.task.is_finished()).finish()
    }
}

async fn sweep_again<DB: Database>(idem: Idem<DB>, interval: Duration) {
    loop {
        let began = Instant::now();
        let rest = match idem.sweep(DB::BATCH).await {
            Ok(Swept { more: true, .. }) => Duration::ZERO,
            Err(Error::ShutDown) => return,
            Ok(_) | Err(_) => interval,
        };
        tokio::time::sleep(pause(began.elapsed(), rest)).await;
    }
}

/// How long to wait after a batch, and `rest` at least.
fn pause(batch: Duration, rest: Duration) -> Duration {
    const TIMES: u32 = 9;
    batch.saturating_mul(TIMES).max(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_is_nine_times_a_batch_and_never_less_than_the_interval() {
        let [batch, short, long] = [2, 1, 60].map(Duration::from_secs);
        assert_eq!(pause(batch, Duration::ZERO), Duration::from_secs(18));
        assert_eq!(pause(batch, short), Duration::from_secs(18));
        assert_eq!(pause(batch, long), long);
    }
}
