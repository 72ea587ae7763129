//! The PostgreSQL side: a database of the bench's own on a server that is there.

use idem_core::Idem;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres};

use crate::baseline::ticket::Ticket;
use crate::baseline::{self, postgres::ByHand};
use crate::contender::{InProcess, Measured};
use crate::idem::Engine;
use crate::pgbench::Pgbench;
use crate::server::on_server;
use crate::settings::Settings;
use crate::workload::{MACHINE, MACHINES, Sheet, machine_id};
use crate::{Failure, compare};

const SCHEMA: &str = include_str!("../../idem-core/migrations/postgres/0001_base.sql");

/// Measures on the server that `IDEM_POSTGRES_URL` names.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    on_server(async |database| measure(database, settings).await).await.map(drop)
}

async fn measure(database: PgConnectOptions, settings: &Settings) -> Result<(), Failure> {
    let mut conn = database.connect().await?;
    let pool = ByHand::on_pool(room(&database, "by_hand_pool").await?).await?;
    let kept = ByHand::on_kept(room(&database, "by_hand_kept").await?)?;
    let idem = Idem::<Postgres>::builder().max_connections(32).open(database.to_url_lossy().as_str()).await?;
    let idem = Engine::<Postgres>::started(idem).await?;
    let pgbench = Pgbench::find(&room(&database, "pgbench").await?, "pgbench").await?;
    let mut contenders: Vec<Box<dyn Measured>> = vec![
        Box::new(InProcess::warmed("by hand", pool, settings.seed).await?),
        Box::new(InProcess::warmed("by hand, no pool", kept, settings.seed).await?),
        Box::new(InProcess::warmed("idem", idem, settings.seed).await?),
    ];
    match pgbench {
        Some(pgbench) => contenders.push(Box::new(pgbench)),
        None => println!("SKIPPED: pgbench. It is not on the PATH."),
    }
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut conn).await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut conn).await?;
    compare(&format!("PostgreSQL {version}"), &contenders, settings).await
}

/// A schema of a contender's own, with the machines started, and how to connect to it.
async fn room(database: &PgConnectOptions, name: &str) -> Result<PgConnectOptions, Failure> {
    let options = database.clone().options([("search_path", name)]);
    let mut conn = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&mut conn).await?;
    let schema = fill(SCHEMA, baseline::PREFIX);
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut conn).await?;
    start_machines(&mut conn).await?;
    conn.close().await?;
    Ok(options)
}

/// Starts every machine, as the engine would: a row each, and the transition that started it.
async fn start_machines(conn: &mut PgConnection) -> Result<(), Failure> {
    let ids: Vec<String> = (0..MACHINES).map(machine_id).collect();
    let bodies = (0..MACHINES).map(|machine| baseline::encode(&Ticket::Open(Sheet::initial(machine))));
    sqlx::query(
        "INSERT INTO hand_machines (machine, id, state, body, last_by_command, version, visit, entered_at) \
         SELECT $1, id, 'Open', body, '', 1, 1, 0 FROM unnest($2::text[], $3::bytea[]) AS started (id, body)",
    )
    .bind(MACHINE)
    .bind(ids)
    .bind(bodies.collect::<Result<Vec<_>, _>>()?)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO hand_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, \
                                       from_visit, visit, at) \
         SELECT machine, id, 1, '@start', '', state, body, body, '1null', decode(repeat('00', 33), 'hex'), 0, 1, 0 \
         FROM hand_machines",
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A migration with each `{table}`, and `{:table}` where no schema may stand, replaced by its prefixed name.
pub(crate) fn fill(schema: &str, prefix: &str) -> String {
    schema.replace("{:", "{").replace('{', prefix).replace('}', "")
}
