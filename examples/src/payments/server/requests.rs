//! How requests were answered: counted for the end of the program, and logged for the page in a table of the service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idem_core::{Database, Idem, Timestamp};
use idem_http::Audit;
use sqlx::Pool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The log keeps this number of requests, the newest.
pub(super) const KEPT: i64 = 10_000;
/// Requests that wait to be written. When there are more, they are counted and not logged: the log slows no request down.
const WAITING: usize = 4_096;
/// They are written together this often: each write takes SQLite's one writer.
const PAUSE: Duration = Duration::from_millis(200);

/// A request, as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::payments) struct Seen {
    pub(super) account: String,
    pub(super) route: String,
    /// A short hash of its key.
    pub(super) key: String,
    pub(super) verdict: String,
    /// 0 if the service failed.
    pub(super) status: i64,
    pub(super) took_us: i64,
}

/// The statements of the log.
pub(in crate::payments) trait Log: Database {
    /// The table.
    const TABLE: &'static str;

    /// Adds requests, and deletes the oldest.
    fn log(pool: &Pool<Self>, seen: &[Seen]) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The newest ones first, each with when it was written.
    fn newest(
        pool: &Pool<Self>,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<(Timestamp, Seen)>, sqlx::Error>> + Send;

    /// How many of those that are kept had each verdict.
    fn by_verdict(pool: &Pool<Self>) -> impl Future<Output = Result<Vec<(String, i64)>, sqlx::Error>> + Send;
}

macro_rules! log {
    ($database:ty, $seq:literal, $now:literal) => {
        impl Log for $database {
            const TABLE: &'static str = concat!(
                "CREATE TABLE IF NOT EXISTS stripe_requests (seq ",
                $seq,
                ", at BIGINT NOT NULL, account TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL, verdict TEXT NOT NULL,
                status BIGINT NOT NULL, took_us BIGINT NOT NULL);"
            );

            async fn log(pool: &Pool<Self>, seen: &[Seen]) -> Result<(), sqlx::Error> {
                let insert = concat!(
                    "INSERT INTO stripe_requests (at, account, route, key, verdict, status, took_us) VALUES (",
                    $now,
                    ", $1, $2, $3, $4, $5, $6)"
                );
                let trim = "DELETE FROM stripe_requests WHERE seq <= (SELECT max(seq) FROM stripe_requests) - $1";
                let mut tx = pool.begin().await?;
                for Seen { account, route, key, verdict, status, took_us } in seen {
                    let insert = sqlx::query(insert).bind(account).bind(route).bind(key);
                    insert.bind(verdict).bind(status).bind(took_us).execute(&mut *tx).await?;
                }
                sqlx::query(trim).bind(KEPT).execute(&mut *tx).await?;
                tx.commit().await
            }

            async fn newest(pool: &Pool<Self>, limit: i64) -> Result<Vec<(Timestamp, Seen)>, sqlx::Error> {
                let select =
                    "SELECT at, account, route, key, verdict, status, took_us FROM stripe_requests ORDER BY seq DESC LIMIT $1";
                let rows: Vec<(i64, String, String, String, String, i64, i64)> =
                    sqlx::query_as(select).bind(limit).fetch_all(pool).await?;
                let seen = |(at, account, route, key, verdict, status, took_us)| {
                    (Timestamp::from_micros(at), Seen { account, route, key, verdict, status, took_us })
                };
                Ok(rows.into_iter().map(seen).collect())
            }

            async fn by_verdict(pool: &Pool<Self>) -> Result<Vec<(String, i64)>, sqlx::Error> {
                let select = "SELECT verdict, count(*) FROM stripe_requests GROUP BY verdict ORDER BY count(*) DESC, verdict";
                sqlx::query_as(select).fetch_all(pool).await
            }
        }
    };
}

log!(sqlx::Sqlite, "INTEGER PRIMARY KEY", "CAST(unixepoch('subsec') * 1000000 AS INTEGER)");
log!(
    sqlx::Postgres,
    "BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY",
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
);

/// Counts requests, and sends them to the task that logs them.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    counts: Arc<Mutex<Counts>>,
    log: mpsc::Sender<Line>,
}

#[derive(Debug, Default)]
struct Counts {
    by_verdict: BTreeMap<&'static str, u64>,
    not_logged: u64,
}

#[derive(Debug)]
enum Line {
    Seen(Seen),
    /// Everything before it is to be written now.
    Flush(oneshot::Sender<()>),
}

impl Requests {
    /// Begins to log.
    pub(super) fn start<DB: Log>(idem: &Idem<DB>) -> (Self, JoinHandle<()>) {
        let (log, lines) = mpsc::channel(WAITING);
        let requests = Self { counts: Arc::default(), log };
        let task = tokio::spawn(write(idem.clone(), lines, requests.counts.clone()));
        (requests, task)
    }

    /// Counts and logs one.
    pub(super) fn note(&self, audit: &Audit<'_>) {
        let seen = Seen {
            account: audit.scope.unwrap_or_default().to_owned(),
            route: audit.route.to_owned(),
            key: audit.key.unwrap_or_default().to_owned(),
            verdict: audit.verdict.word().to_owned(),
            status: audit.status.unwrap_or_default().into(),
            took_us: i64::try_from(audit.took.as_micros()).unwrap_or(i64::MAX),
        };
        let is_logged = self.log.try_send(Line::Seen(seen)).is_ok();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.by_verdict.entry(audit.verdict.word()).or_default() += 1;
        counts.not_logged += u64::from(!is_logged);
    }

    /// Writes what is not written yet.
    pub(super) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        // A task that has ended writes nothing more.
        if self.log.send(Line::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }

    /// The requests of this process, by the word of their verdict.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).by_verdict.clone()
    }

    /// The requests of this process that are missing in the log.
    pub(super) fn not_logged(&self) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).not_logged
    }
}

async fn write<DB: Log>(idem: Idem<DB>, mut lines: mpsc::Receiver<Line>, counts: Arc<Mutex<Counts>>) {
    while let Some(first) = lines.recv().await {
        let (mut seen, mut flushed) = (Vec::new(), Vec::new());
        let mut take = |line| match line {
            Line::Seen(one) => {
                seen.push(one);
                true
            }
            Line::Flush(done) => {
                flushed.push(done);
                false
            }
        };
        let until = tokio::time::Instant::now() + PAUSE;
        let mut waits = take(first);
        while waits && let Ok(Some(line)) = tokio::time::timeout_at(until, lines.recv()).await {
            waits = take(line);
        }
        if !seen.is_empty() && DB::log(idem.pool(), &seen).await.is_err() {
            counts.lock().unwrap_or_else(PoisonError::into_inner).not_logged += seen.len() as u64;
        }
        for done in flushed {
            let _ = done.send(());
        }
    }
}
