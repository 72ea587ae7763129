//! A database of the bench's own on a PostgreSQL server that is running.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::Failure;

/// Runs the work on a new database of the server that `IDEM_POSTGRES_URL` names, and drops it. Without a server it prints so, and the
/// answer is `None`.
pub(crate) async fn on_server<T>(
    work: impl AsyncFnOnce(PgConnectOptions) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let Ok(url) = std::env::var("IDEM_POSTGRES_URL") else {
        println!("SKIPPED: PostgreSQL. Set IDEM_POSTGRES_URL to a server where databases may be created.");
        return Ok(None);
    };
    let server = PgConnectOptions::from_str(&url)?;
    let name = format!("idem_bench_{}", std::process::id());
    let mut admin = server.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
    let done = work(server.database(&name)).await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut admin).await?;
    admin.close().await?;
    done.map(Some)
}
