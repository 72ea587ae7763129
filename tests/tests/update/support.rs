//! What the tests on PostgreSQL share.

use idem_core::Idem;
use tests::Postgres;

pub(crate) async fn open(database: &Postgres) -> Idem<sqlx::Postgres> {
    Idem::open(&database.url().to_string()).await.unwrap()
}

pub(crate) async fn script(idem: &Idem<sqlx::Postgres>, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(idem.pool()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub(crate) async fn number(idem: &Idem<sqlx::Postgres>, sql: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(idem.pool()).await.unwrap()
}
