//! By hand on SQLite: read on any connection, decide, then write on the one that writes if nothing has changed.

use std::path::Path;
use std::time::Duration;

use sqlx::error::ErrorKind;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Arguments as _, Connection, SqliteConnection, SqlitePool};

use super::kept::Kept;
use super::{ATTEMPTS, Decided, PREFIX, Prepared, audit};
use crate::Failure;
use crate::contender::{Answer, Contender};
use crate::workload::{COMMAND, MACHINE, Request, SCOPE};

const LOAD: &str = "\
    SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now, \
           m.body, m.version, m.visit, k.fingerprint, t.outcome \
    FROM (SELECT 1) one \
    LEFT JOIN hand_machines m ON m.machine = $1 AND m.id = $2 \
    LEFT JOIN hand_keys k ON k.hash = $3 \
    LEFT JOIN hand_transitions t ON t.machine = k.namespace AND t.id = k.target AND t.seq = k.seq";

// The parameters of the writes are numbered through, so that the statements can also be sent as one text.

const MOVE: &str = "\
    UPDATE hand_machines SET state = $4, body = $5, version = version + 1, visit = version + 1, entered_at = $6 \
    WHERE machine = $1 AND id = $2 AND version = $3";

/// Fails on NOT NULL if [`MOVE`] moved nothing, and on the primary key if the key came in between.
const NAME: &str = "\
    INSERT INTO hand_keys (hash, namespace, target, seq, fingerprint, at) \
    VALUES ($7, $1, $2, CASE changes() WHEN 1 THEN $3 + 1 END, $8, $6)";

const RECORD: &str = "\
    INSERT INTO hand_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, \
                                  scope, key, from_visit, visit, at) \
    VALUES ($1, $2, $3 + 1, $9, $10, $4, $5, $11, $12, $8, $13, $14, $15, $3 + 1, $6)";

/// More readers than cores only take turns.
const READERS: u32 = 4;

/// The columns of [`LOAD`].
type Loaded = (i64, Option<Vec<u8>>, Option<i64>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The settings that every contender runs under: a log that is flushed at every commit.
pub(crate) fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(2))
}

/// The contender.
pub(crate) struct ByHand {
    readers: Readers,
    writer: Kept<SqliteConnection>,
    style: Style,
}

enum Readers {
    Pool(SqlitePool),
    Kept(Box<Kept<SqliteConnection>>),
}

/// How a write is sent.
enum Style {
    /// `BEGIN IMMEDIATE`, a statement per table, `COMMIT`, each a message to the connection's thread.
    Statements,
    /// The same in one message.
    OneText(&'static str),
}

impl ByHand {
    /// As one would write it: readers from sqlx's pool, a call per statement.
    pub(crate) async fn on_pool(file: &Path) -> Result<Self, Failure> {
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_with(options(file).read_only(true))
            .await?;
        Ok(Self { readers: Readers::Pool(readers), writer: Kept::new(options(file), 1), style: Style::Statements })
    }

    /// With fewer messages between threads: readers that it keeps by itself, a write in one text.
    pub(crate) fn on_kept(file: &Path) -> Result<Self, Failure> {
        let readers = Kept::new(options(file).read_only(true), usize::try_from(READERS)?);
        let text = format!("BEGIN IMMEDIATE; {MOVE}; {NAME}; {RECORD}; COMMIT");
        let style = Style::OneText(String::leak(text));
        Ok(Self { readers: Readers::Kept(Box::new(readers)), writer: Kept::new(options(file), 1), style })
    }

    /// One attempt; `None` if another call was first.
    async fn attempt(&self, prepared: &Prepared<'_>) -> Result<Option<Answer>, Failure> {
        let request = prepared.request;
        let (now, body, version, visit, fingerprint, outcome) = self.load(prepared).await?;
        if let Some(fingerprint) = fingerprint {
            return prepared.replay(&fingerprint, outcome.as_deref()).map(Some);
        }
        let decided = Decided::new(&body.ok_or("no such machine")?, request)?;
        let mut arguments = SqliteArguments::default();
        arguments.add(MACHINE)?;
        arguments.add(&request.machine)?;
        arguments.add(version)?;
        arguments.add(decided.to)?;
        arguments.add(decided.body)?;
        arguments.add(now)?;
        arguments.add(&prepared.hash)?;
        arguments.add(&prepared.fingerprint)?;
        arguments.add(COMMAND)?;
        arguments.add(decided.from)?;
        arguments.add(&prepared.payload)?;
        arguments.add(decided.outcome)?;
        arguments.add(SCOPE)?;
        arguments.add(&request.key)?;
        arguments.add(visit)?;
        match self.write(arguments).await {
            Ok(()) => Ok(Some(Answer { receipt: decided.receipt, fresh: true })),
            Err(sqlx::Error::Database(error)) if lost(&error.kind()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn load(&self, prepared: &Prepared<'_>) -> Result<Loaded, Failure> {
        let load = sqlx::query_as::<_, Loaded>(LOAD).bind(MACHINE).bind(&prepared.request.machine).bind(&prepared.hash);
        match &self.readers {
            Readers::Pool(pool) => Ok(load.fetch_one(pool).await?),
            Readers::Kept(kept) => {
                let mut lent = kept.lend().await?;
                let loaded = load.fetch_one(&mut lent.conn).await?;
                lent.give_back();
                Ok(loaded)
            }
        }
    }

    async fn write(&self, arguments: SqliteArguments) -> Result<(), sqlx::Error> {
        let mut lent = self.writer.lend().await?;
        let written = match self.style {
            Style::Statements => statements(&mut lent.conn, arguments).await,
            Style::OneText(text) => one_text(&mut lent.conn, text, arguments).await,
        };
        if written.is_ok() || matches!(&written, Err(sqlx::Error::Database(error)) if lost(&error.kind())) {
            lent.give_back();
        }
        written
    }
}

async fn statements(conn: &mut SqliteConnection, arguments: SqliteArguments) -> Result<(), sqlx::Error> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    for statement in [MOVE, NAME] {
        sqlx::query_with(statement, arguments.clone()).execute(&mut *tx).await?;
    }
    sqlx::query_with(RECORD, arguments).execute(&mut *tx).await?;
    tx.commit().await
}

async fn one_text(
    conn: &mut SqliteConnection,
    text: &'static str,
    arguments: SqliteArguments,
) -> Result<(), sqlx::Error> {
    let written = sqlx::query_with(text, arguments).execute(&mut *conn).await;
    if written.is_err() {
        sqlx::query("ROLLBACK").execute(conn).await?;
    }
    written.map(drop)
}

/// The refusals of [`NAME`].
fn lost(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotNullViolation | ErrorKind::UniqueViolation)
}

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
        let mut lent = self.writer.lend().await?;
        let transitions: i64 = sqlx::query_scalar(audit(PREFIX)).fetch_one(&mut lent.conn).await?;
        lent.give_back();
        Ok(u64::try_from(transitions)?)
    }
}
