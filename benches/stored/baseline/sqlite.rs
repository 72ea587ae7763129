//! By hand on SQLite: reads on a pool, writes on one connection.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use super::{ATTEMPTS, Decided, Prepared};
use crate::Failure;
use crate::contender::{Answer, Contender};
use crate::workload::{COMMAND, MACHINE, Request, SCOPE};

/// The tables' prefix.
pub(crate) const PREFIX: &str = "hand_";

const LOAD: &str = "\
    SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now, \
           m.body, m.version, m.visit, k.fingerprint, t.outcome \
    FROM (SELECT 1) one \
    LEFT JOIN hand_machines m ON m.machine = $1 AND m.id = $2 \
    LEFT JOIN hand_keys k ON k.hash = $3 \
    LEFT JOIN hand_transitions t ON t.machine = k.surface AND t.id = k.target AND t.seq = k.seq";

const MOVE: &str = "\
    UPDATE hand_machines SET state = $4, body = $5, version = version + 1, visit = version + 1, entered_at = $6 \
    WHERE machine = $1 AND id = $2 AND version = $3";

const NAME: &str = "\
    INSERT INTO hand_keys (hash, surface, target, seq, fingerprint, at) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (hash) DO NOTHING";

const RECORD: &str = "\
    INSERT INTO hand_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, \
                                  scope, key, from_visit, visit, at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $3, $14)";

const AUDIT: &str = "\
    SELECT CASE WHEN (SELECT sum(version) FROM hand_machines) = (SELECT count(*) FROM hand_transitions) \
                 AND (SELECT count(*) FROM hand_machines) + (SELECT count(*) FROM hand_keys) \
                   = (SELECT count(*) FROM hand_transitions) \
           THEN (SELECT count(*) FROM hand_transitions) ELSE 0 END";

/// The columns of [`LOAD`].
type Loaded = (i64, Option<Vec<u8>>, Option<i64>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The contender: `BEGIN IMMEDIATE`, a statement per table, `COMMIT`.
pub(crate) struct ByHand {
    readers: SqlitePool,
    writer: Mutex<SqliteConnection>,
}

/// The settings that both contenders run under: a log that is flushed at every commit.
pub(crate) fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(2))
}

impl ByHand {
    /// Readers and the writer.
    pub(crate) async fn open(file: &Path) -> Result<Self, Failure> {
        let writer = options(file).connect().await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_with(options(file).read_only(true))
            .await?;
        Ok(Self { readers, writer: Mutex::new(writer) })
    }

    async fn attempt(&self, prepared: &Prepared<'_>) -> Result<Option<Answer>, Failure> {
        let request = prepared.request;
        let (now, body, version, visit, fingerprint, outcome) = sqlx::query_as::<_, Loaded>(LOAD)
            .bind(MACHINE)
            .bind(&request.machine)
            .bind(&prepared.hash)
            .fetch_one(&self.readers)
            .await?;
        if let Some(fingerprint) = fingerprint {
            return prepared.replay(&fingerprint, outcome.as_deref()).map(Some);
        }
        let decided = Decided::new(&body.ok_or("no such machine")?, request)?;
        let version = version.ok_or("no such machine")?;
        let seq = version.checked_add(1).ok_or("too many transitions")?;

        let mut writer = self.writer.lock().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let moved = sqlx::query(MOVE)
            .bind(MACHINE)
            .bind(&request.machine)
            .bind(version)
            .bind(decided.to)
            .bind(&decided.body)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        if moved.rows_affected() != 1 {
            tx.rollback().await?;
            return Ok(None);
        }
        let named = sqlx::query(NAME)
            .bind(&prepared.hash)
            .bind(MACHINE)
            .bind(&request.machine)
            .bind(seq)
            .bind(&prepared.fingerprint)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        if named.rows_affected() != 1 {
            tx.rollback().await?;
            return Ok(None);
        }
        sqlx::query(RECORD)
            .bind(MACHINE)
            .bind(&request.machine)
            .bind(seq)
            .bind(COMMAND)
            .bind(decided.from)
            .bind(decided.to)
            .bind(&decided.body)
            .bind(&prepared.payload)
            .bind(&decided.outcome)
            .bind(&prepared.fingerprint)
            .bind(SCOPE)
            .bind(&request.key)
            .bind(visit)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(Answer { receipt: decided.receipt, fresh: true }))
    }
}

/// More readers than cores only take turns.
const READERS: u32 = 4;

impl Contender for ByHand {
    async fn apply(&self, request: &Request) -> Result<Answer, Failure> {
        let prepared = Prepared::new(request)?;
        for _ in 0..ATTEMPTS {
            if let Some(answer) = self.attempt(&prepared).await? {
                return Ok(answer);
            }
        }
        Err("lost every race".into())
    }

    async fn audit(&self) -> Result<u64, Failure> {
        let transitions: i64 = sqlx::query_scalar(AUDIT).fetch_one(&self.readers).await?;
        Ok(u64::try_from(transitions)?)
    }
}
