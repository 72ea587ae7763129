//! The PostgreSQL side: a database of the bench's own on a server that is there.

use std::time::Duration;

use idem_core::Idem;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, PgPool};

use crate::by_hand::{Claim, RETENTION};
use crate::idem::Engine;
use crate::kept::Kept;
use crate::server::on_server;
use crate::{Change, Contender, Failure, Player, ROWS, compare};

const UPDATE: &str =
    "UPDATE by_hand SET body = $1, version = version + 1 WHERE id = $2 AND version = $3 RETURNING version";

/// Fails on the primary key if the key came in between.
const ONCE: &str = "
WITH moved AS (
    UPDATE by_hand SET body = $1, version = version + 1 WHERE id = $2 AND version = $3 RETURNING version),
keyed AS (
    INSERT INTO hand_keys (hash, target, seq, fingerprint, at, expires_at)
    SELECT $4, 'documents', version, $5, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint,
        (extract(epoch FROM statement_timestamp()) * 1000000)::bigint + $6
    FROM moved)
SELECT version FROM moved";

const KEYS: &str = "
CREATE TABLE hand_keys (hash bytea PRIMARY KEY, target text NOT NULL, seq bigint NOT NULL, fingerprint bytea NOT NULL,
    at bigint NOT NULL, expires_at bigint NOT NULL);
CREATE INDEX ON hand_keys (expires_at)";

const MOST: u32 = 32;

/// Measures on the server that `IDEM_POSTGRES_URL` names.
pub(crate) async fn run(time: Duration, rounds: u64) -> Result<(), Failure> {
    on_server(async |database| measure(database, time, rounds).await).await.map(drop)
}

async fn measure(database: PgConnectOptions, time: Duration, rounds: u64) -> Result<(), Failure> {
    let mut conn = database.connect().await?;
    sqlx::raw_sql(KEYS).execute(&mut conn).await?;
    for table in ["by_hand", "by_idem", "by_idem_on_a_pool"] {
        let schema = format!(
            "CREATE TABLE {table} (id bigint PRIMARY KEY, body text NOT NULL, version bigint NOT NULL DEFAULT 1)
                WITH (fillfactor = 50);
             INSERT INTO {table} (id, body)
                SELECT id, 'the body that it has at first' FROM generate_series(0, {ROWS} - 1) AS n (id)"
        );
        sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut conn).await?;
    }
    let pool = || PgPoolOptions::new().max_connections(MOST).test_before_acquire(false);
    let by_hand = ByHand::Kept(Box::new(Kept::new(database.clone(), usize::try_from(MOST)?)));
    let pooled = ByHand::Pool(pool().connect_with(database.clone()).await?);
    let idem = Idem::builder().max_connections(MOST).open(database.to_url_lossy().as_str()).await?;
    let on_pool = Idem::from_pool(pool().connect_with(database.clone()).await?)?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut conn).await?;
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut conn).await?;
    let players = vec![
        Player::boxed("by hand, no pool", by_hand),
        Player::boxed("idem", Engine::<sqlx::Postgres> { idem, table: "by_idem" }),
    ];
    compare(&format!("PostgreSQL {version}"), &players, time, rounds).await?;
    // Apart: a pool pings a connection each time that it is given back, and the two without one would win by that alone.
    reset(&mut conn).await?;
    let players = vec![
        Player::boxed("by hand, sqlx's pool", pooled),
        Player::boxed("idem on a pool", Engine::<sqlx::Postgres> { idem: on_pool, table: "by_idem_on_a_pool" }),
    ];
    compare(&format!("PostgreSQL {version}, sqlx's pool"), &players, time, rounds).await
}

async fn reset(conn: &mut PgConnection) -> Result<(), Failure> {
    let script = "UPDATE by_hand SET version = 1; TRUNCATE hand_keys, idem_claims";
    sqlx::raw_sql(script).execute(&mut *conn).await?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(conn).await?;
    Ok(())
}

enum ByHand {
    Pool(PgPool),
    Kept(Box<Kept<PgConnection>>),
}

impl Contender for ByHand {
    async fn apply(&self, change: Change) -> Result<i64, Failure> {
        match self {
            Self::Pool(pool) => apply(&mut *pool.acquire().await?, change).await,
            Self::Kept(kept) => {
                let mut lent = kept.lend().await?;
                let version = apply(&mut lent.conn, change).await?;
                lent.give_back();
                Ok(version)
            }
        }
    }

    async fn audit(&self) -> Result<i64, Failure> {
        let sum = sqlx::query_scalar("SELECT sum(version)::bigint FROM by_hand");
        match self {
            Self::Pool(pool) => Ok(sum.fetch_one(pool).await?),
            Self::Kept(kept) => Ok(sum.fetch_one(&mut kept.lend().await?.conn).await?),
        }
    }
}

async fn apply(conn: &mut PgConnection, change: Change) -> Result<i64, Failure> {
    let claim = change.key.as_deref().map(|key| Claim::of(key, &change));
    let text = if claim.is_some() { ONCE } else { UPDATE };
    let mut query = sqlx::query_scalar(text).bind(change.body).bind(change.id).bind(change.version);
    if let Some(claim) = claim {
        query = query.bind(claim.hash).bind(claim.fingerprint).bind(RETENTION);
    }
    query.fetch_optional(conn).await?.ok_or_else(|| "stale".into())
}
