//! What one would write by hand, and the floor that pgbench shows.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool};
use tokio::process::Command;

use crate::Failure;
use crate::drive::{Call, call};

/// Its own tables, as small as they can be: a key, an account and an entry.
const TABLES: &str = "
CREATE SCHEMA hand;
CREATE TABLE hand.accounts (id bigint PRIMARY KEY, balance bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0,
    lo bigint, hi bigint) WITH (fillfactor = 50);
INSERT INTO hand.accounts (id, lo) SELECT g, -1000000000000 FROM generate_series(0, 999) g;
CREATE TABLE hand.entries (key uuid PRIMARY KEY, account bigint NOT NULL, delta bigint NOT NULL, balance_after bigint,
    created_at timestamptz NOT NULL DEFAULT now());";

pub(crate) async fn tables(database: &PgConnectOptions) -> Result<PgPool, Failure> {
    let pool =
        PgPoolOptions::new().max_connections(32).test_before_acquire(false).connect_with(database.clone()).await?;
    sqlx::raw_sql(TABLES).execute(&pool).await?;
    Ok(pool)
}

/// The textbook's transaction: insert the key and the entry, update the balance.
pub(crate) fn transaction(pool: PgPool, accounts: u64) -> Call {
    call(move |nth| {
        let pool = pool.clone();
        async move {
            let account = i64::try_from(nth % accounts)?;
            let mut tx = pool.begin().await?;
            let key = "INSERT INTO hand.entries (key, account, delta) VALUES (gen_random_uuid(), $1, 1) ON CONFLICT (key) DO NOTHING";
            sqlx::query(key).bind(account).execute(&mut *tx).await?;
            let balance =
                "UPDATE hand.accounts SET balance = balance + 1, version = version + 1 WHERE id = $1 RETURNING balance";
            sqlx::query(balance).bind(account).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(())
        }
    })
}

/// One delta in one statement.
pub(crate) const ONE: &str = "\
\\set a random(0, :accounts - 1)
\\set k random(1, 9000000000000000000)
WITH k AS (SELECT lpad(to_hex(:k::bigint),32,'0')::uuid AS key, :a::bigint AS a, 1::bigint AS d), u AS (UPDATE hand.accounts c SET balance=c.balance+k.d, version=c.version+1 FROM k WHERE c.id=k.a AND c.balance+k.d>=coalesce(c.lo,c.balance+k.d) AND c.balance+k.d<=coalesce(c.hi,c.balance+k.d) AND NOT EXISTS (SELECT 1 FROM hand.entries e WHERE e.key=k.key) RETURNING c.balance), i AS (INSERT INTO hand.entries(key,account,delta,balance_after) SELECT k.key,k.a,k.d,u.balance FROM k,u RETURNING account,delta,balance_after) SELECT true AS applied, account, delta, balance_after FROM i UNION ALL SELECT false, e.account, e.delta, e.balance_after FROM k JOIN hand.entries e USING (key);
";

/// A thousand deltas in one statement.
pub(crate) const THOUSAND: &str = "\
WITH inp AS MATERIALIZED (SELECT gen_random_uuid() AS key, floor(random()*:accounts)::bigint AS account, 1::bigint AS delta, g AS ord FROM generate_series(1,1000) g), lck AS MATERIALIZED (SELECT c.id FROM hand.accounts c WHERE c.id IN (SELECT account FROM inp) ORDER BY c.id FOR UPDATE), ins AS (INSERT INTO hand.entries(key,account,delta) SELECT i.key,i.account,i.delta FROM inp i, (SELECT count(*) FROM lck) z ON CONFLICT (key) DO NOTHING RETURNING account,delta), agg AS (SELECT account, sum(delta)::bigint d, count(*) c FROM ins GROUP BY account) UPDATE hand.accounts a SET balance=a.balance+agg.d, version=a.version+agg.c FROM agg WHERE a.id=agg.account;
";

/// Transactions per second of a script, or nothing if there is no pgbench.
pub(crate) async fn pgbench(
    database: &PgConnectOptions,
    script: &str,
    accounts: u64,
    clients: usize,
    time: Duration,
) -> Result<Option<f64>, Failure> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("groups-{}.sql", script.len()));
    std::fs::write(&path, script)?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared"])
        .arg(format!("--client={clients}"))
        .arg(format!("--jobs={}", clients.min(2)))
        .arg(format!("--time={}", time.as_secs().max(1)))
        .arg(format!("--define=accounts={accounts}"))
        .arg(format!("--file={}", path.display()))
        .arg(url(database))
        .output()
        .await;
    let Ok(output) = output else { return Ok(None) };
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(Some(rate)),
        _ => Err(format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// The database as libpq takes it.
fn url(database: &PgConnectOptions) -> String {
    let mut url = database.to_url_lossy();
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name == "host" || name == "port").collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    url.to_string()
}

/// Runs a statement of the bench's own.
pub(crate) async fn execute(pool: &PgPool, text: String) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await?;
    Ok(())
}
