//! The two databases, filled with records that have expired.

use idem_core::{Error, Idem, Tx};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::folder::Folder;
use crate::server::on_server;
use crate::{Asked, Failure, Work, compare};

/// Records of one transaction of the filling.
const AT_ONCE: u64 = 500_000;

macro_rules! work {
    ($($database:ty),*) => {$(
        impl Work for $database {
            async fn order(mut tx: Tx<Self>, item: String) -> Result<u64, Error> {
                let order = sqlx::query("INSERT INTO orders (item) VALUES ($1)").bind(item);
                let made = order.execute(tx.conn()).await.map_err(|error| Error::NotApplied { source: Box::new(error) })?;
                Ok(made.rows_affected())
            }

            async fn records(idem: &Idem<Self>) -> Result<u64, Failure> {
                let count: i64 = sqlx::query_scalar("SELECT count(*) FROM idem_claims").fetch_one(idem.pool()).await?;
                Ok(u64::try_from(count)?)
            }
        }
    )*};
}

work!(sqlx::Sqlite, sqlx::Postgres);

pub(crate) async fn sqlite(asked: &Asked) -> Result<(), Failure> {
    let folder = Folder::new("sweep")?;
    let idem = Idem::<sqlx::Sqlite>::open_file(folder.0.join("sweep.db")).await?;
    let measured = async {
        sqlx::raw_sql("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)").execute(idem.pool()).await?;
        for from in (0..asked.records).step_by(usize::try_from(AT_ONCE)?) {
            let count = AT_ONCE.min(asked.records - from);
            let fill = format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                 INSERT INTO idem_claims (hash, surface, scope, fingerprint, state, at, expires_at, outcome)
                 SELECT randomblob(32), 'create', 'shop', randomblob(32), 2, {from} + i, {from} + i, x'31' FROM n"
            );
            sqlx::raw_sql(AssertSqlSafe(fill)).execute(idem.pool()).await?;
        }
        compare(&idem, "SQLite", asked).await
    }
    .await;
    idem.shutdown().await;
    idem.pool().close().await;
    measured
}

pub(crate) async fn postgres(asked: &Asked) -> Result<(), Failure> {
    on_server(async |database| {
        let idem = Idem::<sqlx::Postgres>::open(database.to_url_lossy().as_str()).await?;
        let orders = "CREATE TABLE orders (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, item text NOT NULL)";
        sqlx::raw_sql(orders).execute(idem.pool()).await?;
        for from in (0..asked.records).step_by(usize::try_from(AT_ONCE)?) {
            let to = (from + AT_ONCE).min(asked.records);
            let fill = format!(
                "INSERT INTO idem_claims (hash, surface, scope, fingerprint, state, at, expires_at, outcome)
                 SELECT sha256(i::text::bytea), 'create', 'shop', sha256('r'::bytea), 2, i, i, '1'
                 FROM generate_series({from} + 1, {to}) i"
            );
            sqlx::raw_sql(AssertSqlSafe(fill)).execute(idem.pool()).await?;
        }
        // Nothing of the filling is left to do while it is measured.
        for rest in ["VACUUM ANALYZE idem_claims", "CHECKPOINT"] {
            sqlx::raw_sql(rest).execute(idem.pool()).await?;
        }
        let measured = compare(&idem, "PostgreSQL", asked).await;
        idem.shutdown().await;
        idem.pool().close().await;
        measured
    })
    .await
    .map(drop)
}
