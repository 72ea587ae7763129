//! What calls cost: the processor on both sides, the log, transactions, and how long the cores were idle. Read from Linux's own
//! accounts; where there are none the columns stay empty.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use crate::Failure;

/// Bytes of the log and transactions, this one among them.
const USED: &str =
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, pg_current_xact_id()::text::bigint";

/// A meter of this process and, if it runs on this machine, of the server.
pub(crate) struct Meter(Option<Server>);

struct Server {
    conn: PgConnection,
    /// The process whose children serve.
    postmaster: u32,
}

/// What was used so far.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    client: u64,
    server: Option<u64>,
    log: i64,
    transactions: i64,
    idle: u64,
    passed: u64,
}

/// What one call cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Microseconds of the processor, all threads.
    pub(crate) client: f64,
    /// The same of all that serves.
    pub(crate) server: f64,
    /// Bytes of the log.
    pub(crate) log: f64,
    /// Calls of one transaction.
    pub(crate) group: f64,
    /// How much of the cores was idle, in per cent.
    pub(crate) idle: f64,
}

impl Meter {
    /// Of this process alone.
    pub(crate) fn of_client() -> Self {
        Self(None)
    }

    /// Of the server as well.
    pub(crate) async fn of_both(database: &PgConnectOptions) -> Result<Self, Failure> {
        let mut conn = database.connect().await?;
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut conn).await?;
        let status = std::fs::read_to_string(format!("/proc/{backend}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        Ok(Self(parent.map(|postmaster| Server { conn, postmaster })))
    }

    /// Runs some work that makes calls and says how many, and what each cost.
    pub(crate) async fn measure<T>(
        &mut self,
        work: impl Future<Output = Result<(T, f64), Failure>>,
    ) -> Result<(T, Cost), Failure> {
        let before = self.read().await?;
        let (value, calls) = work.await?;
        let after = self.read().await?;
        Ok((value, Cost::between(before, after, calls)))
    }

    async fn read(&mut self) -> Result<Reading, Failure> {
        let mut reading = Reading { client: client(), ..Reading::default() };
        (reading.idle, reading.passed) = cores();
        let Some(Server { conn, postmaster }) = &mut self.0 else { return Ok(reading) };
        reading.server = Some(server(*postmaster));
        (reading.log, reading.transactions) = sqlx::query_as(USED).fetch_one(conn).await?;
        Ok(reading)
    }
}

impl Cost {
    fn between(before: Reading, after: Reading, calls: f64) -> Self {
        let micros = |before: u64, after: u64| Duration::from_nanos(after - before).as_secs_f64() * 1e6 / calls;
        let number = |number: i64| f64::from(i32::try_from(number).unwrap_or(i32::MAX));
        let parts = |part: u64| f64::from(u32::try_from(part).unwrap_or(u32::MAX));
        Self {
            client: micros(before.client, after.client),
            server: before
                .server
                .zip(after.server)
                .map_or(f64::NAN, |(before, after)| micros(before, after.max(before))),
            log: number(after.log - before.log) / calls,
            group: match after.server {
                Some(_) => calls / number(after.transactions - before.transactions - 1).max(1.0),
                None => f64::NAN,
            },
            idle: 100.0 * parts(after.idle - before.idle) / parts(after.passed - before.passed).max(1.0),
        }
    }
}

/// Nanoseconds on the processor, of a thread or of a process with one.
fn on_processor(schedstat: &str) -> u64 {
    let used = std::fs::read_to_string(schedstat).ok();
    used.and_then(|used| used.split(' ').next()?.parse().ok()).unwrap_or(0)
}

fn client() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads.map(|thread| on_processor(&thread.path().join("schedstat").display().to_string())).sum()
}

/// Of the processes that serve connections. Those that end meanwhile are not counted, and idem's do not.
fn server(postmaster: u32) -> u64 {
    let children =
        std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
    let serves = |child: &&str| {
        let name = std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
        // Its own processes are called by what they do, the others by their user.
        let own = ["checkpointer", "background", "walwriter", "autovacuum", "logical", "stats", "archiver"];
        name.strip_prefix("postgres: ").is_some_and(|name| !own.iter().any(|own| name.starts_with(own)))
    };
    children.split_whitespace().filter(serves).map(|child| on_processor(&format!("/proc/{child}/schedstat"))).sum()
}

/// How long all cores were idle, and how long they were there, in hundredths of a second.
fn cores() -> (u64, u64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let times = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let times: Vec<u64> = times.filter_map(|time| time.parse().ok()).collect();
    let at = |index: usize| times.get(index).copied().unwrap_or(0);
    (at(3) + at(4), times.iter().take(8).sum())
}
