//! The SQLite side.

use std::path::PathBuf;
use std::time::Duration;

use idem_core::Idem;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use crate::by_hand::{Claim, RETENTION};
use crate::folder::Folder;
use crate::idem::Engine;
use crate::kept::Kept;
use crate::{Change, Contender, Failure, Player, ROWS, compare};

const SCHEMA: &str = "
CREATE TABLE documents (id INTEGER PRIMARY KEY, body TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE hand_keys (hash BLOB NOT NULL PRIMARY KEY, target TEXT NOT NULL, seq INTEGER NOT NULL,
    fingerprint BLOB NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX hand_keys_by_expiry ON hand_keys (expires_at);";

const UPDATE: &str =
    "UPDATE documents SET body = $1, version = version + 1 WHERE id = $2 AND version = $3 RETURNING version";

/// Fails on NOT NULL if nothing was updated.
const ONCE: &str = "
BEGIN IMMEDIATE;
UPDATE documents SET body = $1, version = version + 1 WHERE id = $2 AND version = $3 RETURNING version;
INSERT INTO hand_keys (hash, target, seq, fingerprint, at, expires_at)
VALUES ($4, 'documents', CASE changes() WHEN 1 THEN $3 + 1 END, $5,
    CAST(unixepoch('subsec') * 1000000 AS INTEGER), CAST(unixepoch('subsec') * 1000000 AS INTEGER) + $6);
COMMIT";

pub(crate) async fn run(time: Duration, rounds: u64) -> Result<(), Failure> {
    let folder = Folder::new("update")?;
    let by_hand = ByHand { writer: Kept::new(prepare(folder.0.join("by-hand.db")).await?, 1) };
    let file = folder.0.join("idem.db");
    prepare(file.clone()).await?;
    let idem = Idem::open(&format!("sqlite://{}", file.display())).await?;
    let players = vec![
        Player::boxed("by hand, no pool", by_hand),
        Player::boxed("idem", Engine::<sqlx::Sqlite> { idem, table: "documents" }),
    ];
    compare("SQLite, WAL, flushed at every commit", &players, time, rounds).await
}

struct ByHand {
    writer: Kept<SqliteConnection>,
}

impl Contender for ByHand {
    async fn apply(&self, change: Change) -> Result<i64, Failure> {
        let mut lent = self.writer.lend().await?;
        let claim = change.key.as_deref().map(|key| Claim::of(key, &change));
        let text = if claim.is_some() { ONCE } else { UPDATE };
        let mut query = sqlx::query_scalar(text).bind(change.body).bind(change.id).bind(change.version);
        if let Some(claim) = claim {
            query = query.bind(claim.hash).bind(claim.fingerprint).bind(RETENTION);
        }
        let versions: Vec<i64> = query.fetch_all(&mut lent.conn).await?;
        lent.give_back();
        versions.first().copied().ok_or_else(|| "stale".into())
    }

    async fn audit(&self) -> Result<i64, Failure> {
        let mut lent = self.writer.lend().await?;
        let sum = sqlx::query_scalar("SELECT sum(version) FROM documents").fetch_one(&mut lent.conn).await?;
        lent.give_back();
        Ok(sum)
    }
}

/// A file with the table in it, and how to open it: a log that is flushed at every commit.
async fn prepare(path: PathBuf) -> Result<SqliteConnectOptions, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(2));
    let mut conn = options.connect().await?;
    sqlx::raw_sql(SCHEMA).execute(&mut conn).await?;
    let fill = "WITH RECURSIVE n (id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id + 1 < $1)
        INSERT INTO documents (id, body) SELECT id, 'the body that it has at first' FROM n";
    sqlx::query(fill).bind(ROWS).execute(&mut conn).await?;
    Ok(options)
}
