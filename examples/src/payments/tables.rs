//! Reading idem's tables by SQL of our own, which is the user's good right: they stand in the user's database.

use sqlx::Pool;

/// The questions of the book, on each database.
pub(super) trait Tables: idem_core::Database {
    /// A query for one number.
    fn number(pool: &Pool<Self>, sql: &'static str) -> impl Future<Output = Result<i64, sqlx::Error>> + Send;

    /// A query for names and numbers.
    fn numbers(
        pool: &Pool<Self>,
        sql: &'static str,
    ) -> impl Future<Output = Result<Vec<(String, i64)>, sqlx::Error>> + Send;
}

/// sqlx's bounds for a query over any database are longer than the query; a macro writes it for two.
macro_rules! tables {
    ($($database:ty),*) => {$(
        impl Tables for $database {
            async fn number(pool: &Pool<Self>, sql: &'static str) -> Result<i64, sqlx::Error> {
                sqlx::query_scalar(sql).fetch_one(pool).await
            }

            async fn numbers(pool: &Pool<Self>, sql: &'static str) -> Result<Vec<(String, i64)>, sqlx::Error> {
                sqlx::query_as(sql).fetch_all(pool).await
            }
        }
    )*};
}

tables!(sqlx::Sqlite, sqlx::Postgres);
