//! What others do meanwhile: another transaction that holds a machine, a second process, a table that has grown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool};
use tokio::task::JoinHandle;

use crate::Failure;

/// Someone else's transaction that holds one machine for 200 ms, again and again, until it is dropped.
pub(crate) struct Holder {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<(), sqlx::Error>>,
}

impl Holder {
    pub(crate) fn holding(pool: PgPool, machine: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let mut tx = pool.begin().await?;
                let hold = "SELECT 1 FROM idem_machines WHERE id = $1 FOR UPDATE";
                sqlx::query(hold).bind(machine).execute(&mut *tx).await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
                tx.rollback().await?;
            }
            Ok(())
        });
        Self { stop, task }
    }

    pub(crate) async fn leave(self) -> Result<(), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.task.await??)
    }
}

/// Adds as many entries, with their keys, to a thousand accounts that nobody else uses.
///
/// The keys are in the order of time, as those of UUIDs of version 7 are, or hashed.
pub(crate) async fn grow(pool: &PgPool, entries: u64, hashed: bool) -> Result<(), Failure> {
    let time = if hashed { "" } else { "int8send(n) || " };
    let hash = format!("substring({time}sha256(n::text::bytea) for 23)");
    let rows = format!(
        "INSERT INTO idem_accounts (account, balance, seq) SELECT 'old-' || a, {entries} / 1000, {entries} / 1000 FROM generate_series(0, 999) a;
         INSERT INTO idem_entries (account, seq, delta, balance, at, kind, scope, key, hash, fingerprint)
         SELECT 'old-' || n % 1000, n / 1000 + 1, 1, n / 1000 + 1, n, 'delta', 'bench', md5(n::text)::uuid::text, {hash},
            decode(repeat('01', 33), 'hex') FROM generate_series(0, {entries} - 1) n;
         VACUUM ANALYZE idem_entries; CHECKPOINT"
    );
    for statement in rows.split(';') {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(pool).await?;
    }
    Ok(())
}

/// The memory of this process, in bytes; 0 where the system does not tell.
pub(crate) fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
