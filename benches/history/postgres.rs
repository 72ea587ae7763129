//! The PostgreSQL side: a database of the bench's own on a server that is there.

use idem_core::Idem;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Postgres};

use crate::Failure;
use crate::book::{Gaps, Long, MACHINE};
use crate::measure::compare;
use crate::server::on_server;
use crate::settings::Settings;

/// Measures on the server that `IDEM_POSTGRES_URL` names.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    on_server(async |database| measure(database, settings).await).await.map(drop)
}

async fn measure(database: PgConnectOptions, settings: &Settings) -> Result<(), Failure> {
    let idem = Idem::<Postgres>::builder().max_connections(32).open(database.to_url_lossy().as_str()).await?;
    let mut machines = Vec::new();
    for &length in &settings.lengths {
        machines.push(Long::begun(&idem, length).await?);
    }
    let mut conn = database.connect().await?;
    for machine in &machines {
        fill(&mut conn, machine.gaps()?).await?;
    }
    for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
        sqlx::raw_sql(statement).execute(&mut conn).await?;
    }
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut conn).await?;
    compare(&format!("PostgreSQL {version}"), &machines, settings).await
}

/// Spreads the machine's own turns and copies the newest one into the gaps, with a key each.
async fn fill(conn: &mut PgConnection, Gaps { id, length, gap, newest }: Gaps) -> Result<(), Failure> {
    let here = format!("machine = '{MACHINE}' AND id = '{id}'");
    let free = format!(
        "generate_series(3, {length}) AS n, idem_transitions AS sample \
         WHERE {here} AND seq = {newest} AND ((n - 2) % {gap} <> 0 OR n > {newest})"
    );
    let statements = format!(
        "UPDATE idem_transitions SET seq = -(2 + (seq - 2) * {gap}) WHERE {here} AND seq > 2;
         UPDATE idem_transitions SET seq = -seq WHERE {here} AND seq < 0;
         UPDATE idem_machines SET version = {length} WHERE {here};
         INSERT INTO idem_transitions (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint,
                                       scope, key, from_visit, visit, at, correlation, hash)
         SELECT machine, id, n, command, from_state, state, body, payload, outcome, fingerprint, scope,
                'filler-' || n, from_visit, visit, at, correlation,
                substr(sha256(convert_to(id || n, 'UTF8')), 1, 23) FROM {free}"
    );
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(conn).await?;
    Ok(())
}
