//! The SQLite side: a file per contender in the build's temporary folder.

use std::path::PathBuf;

use idem_core::Idem;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Sqlite, SqliteConnection};

use crate::baseline::ticket::Ticket;
use crate::baseline::{self, sqlite::ByHand};
use crate::contender::{InProcess, Measured};
use crate::folder::Folder;
use crate::idem::Engine;
use crate::settings::Settings;
use crate::workload::{MACHINE, MACHINES, Sheet, machine_id};
use crate::{Failure, compare, postgres};

const SCHEMA: &str = include_str!("../../idem-core/migrations/sqlite/0001_base.sql");

/// Measures on SQLite.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    let folder = Folder::new("stored")?;
    let on_pool = ByHand::on_pool(&prepare(folder.0.join("by-hand.db")).await?).await?;
    let on_kept = ByHand::on_kept(&prepare(folder.0.join("by-hand-one-text.db")).await?)?;
    let url = format!("sqlite://{}", folder.0.join("idem.db").display());
    let idem = Engine::<Sqlite>::started(Idem::open(&url).await?).await?;
    let contenders: Vec<Box<dyn Measured>> = vec![
        Box::new(InProcess::warmed("by hand", on_pool, settings.seed).await?),
        Box::new(InProcess::warmed("by hand, no pool, one text", on_kept, settings.seed).await?),
        Box::new(InProcess::warmed("idem", idem, settings.seed).await?),
    ];
    compare("SQLite, WAL, flushed at every commit", &contenders, settings).await
}

/// A file of a contender's own, with the machines started.
async fn prepare(file: PathBuf) -> Result<PathBuf, Failure> {
    let mut conn = baseline::sqlite::options(&file).connect().await?;
    let schema = postgres::fill(SCHEMA, baseline::PREFIX);
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut conn).await?;
    start_machines(&mut conn).await?;
    conn.close().await?;
    Ok(file)
}

/// Starts every machine, as the engine would: a row each, and the transition that started it.
async fn start_machines(conn: &mut SqliteConnection) -> Result<(), Failure> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    for machine in 0..MACHINES {
        let body = baseline::encode(&Ticket::Open(Sheet::initial(machine)))?;
        sqlx::query(
            "INSERT INTO hand_machines (machine, id, state, body, last_by_command, version, visit, entered_at) \
             VALUES ($1, $2, 'Open', $3, x'', 1, 1, 0)",
        )
        .bind(MACHINE)
        .bind(machine_id(machine))
        .bind(body)
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query(
        "INSERT INTO hand_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, \
                                       from_visit, visit, at) \
         SELECT machine, id, 1, '@start', '', state, body, body, CAST('1null' AS BLOB), zeroblob(33), 0, 1, 0 \
         FROM hand_machines",
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}
