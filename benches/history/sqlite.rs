//! The SQLite side: one file in the build's temporary folder.

use std::path::Path;

use idem_core::Idem;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Sqlite, SqliteConnection};

use crate::Failure;
use crate::book::{Gaps, Long, MACHINE};
use crate::folder::Folder;
use crate::measure::compare;
use crate::settings::Settings;

/// Measures on SQLite.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    let folder = Folder::new("history")?;
    measure(&folder.0.join("idem.db"), settings).await
}

async fn measure(file: &Path, settings: &Settings) -> Result<(), Failure> {
    let idem = Idem::<Sqlite>::open(&format!("sqlite://{}", file.display())).await?;
    let mut machines = Vec::new();
    for &length in &settings.lengths {
        machines.push(Long::begun(&idem, length).await?);
    }
    let mut conn = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal).connect().await?;
    // For the filling alone: keys are stored all over a tree that outgrows the usual cache.
    sqlx::query("PRAGMA cache_size = -1000000").execute(&mut conn).await?;
    for machine in &machines {
        fill(&mut conn, machine.gaps()?).await?;
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await?;
    conn.close().await?;
    compare("SQLite, WAL", &machines, settings).await
}

/// Spreads the machine's own turns and copies the newest one into the gaps, with a key each.
async fn fill(conn: &mut SqliteConnection, Gaps { id, length, gap, newest }: Gaps) -> Result<(), Failure> {
    let here = format!("machine = '{MACHINE}' AND id = '{id}'");
    let series = format!(
        "WITH RECURSIVE series (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM series WHERE n < {length}), \
         free AS (SELECT n FROM series WHERE (n - 2) % {gap} <> 0 OR n > {newest}), \
         sample AS (SELECT * FROM idem_transitions WHERE {here} AND seq = {newest})"
    );
    let statements = format!(
        "BEGIN IMMEDIATE;
         UPDATE idem_transitions SET seq = -(2 + (seq - 2) * {gap}) WHERE {here} AND seq > 2;
         UPDATE idem_transitions SET seq = -seq WHERE {here} AND seq < 0;
         UPDATE idem_machines SET version = {length} WHERE {here};
         INSERT INTO idem_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint,
                                       scope, key, from_visit, visit, at, correlation, hash)
         {series} SELECT machine, id, n, command, from_state, state, body, payload, outcome, fingerprint, scope,
                         'filler-' || n, from_visit, visit, at, correlation, randomblob(23) FROM free, sample;
         COMMIT"
    );
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(conn).await?;
    Ok(())
}
