//! What the handlers need of a database.

use std::future::Future;

use sqlx::{AssertSqlSafe, Executor, Pool, Postgres, Sqlite};

use crate::service::Order;

/// Where the handler with a transaction of sqlx's writes.
const BY_HAND: &str = "INSERT INTO hand_orders (item) VALUES ($1) RETURNING id";

/// The outcome of a known key by the record's primary key.
const RECORDED: &str = "SELECT outcome FROM idem_claims WHERE hash = $1";

const HASHES: &str = "SELECT hash FROM idem_claims ORDER BY hash";

pub(crate) trait Shop: idem_core::Database {
    const SCHEMA: &'static str;

    /// One row; its id.
    fn insert<'c>(
        on: impl Executor<'c, Database = Self> + 'c,
        statement: &'static str,
        item: &str,
    ) -> impl Future<Output = Result<i64, sqlx::Error>> + Send;

    /// The rows of an order, in a transaction of sqlx's; the last one's id.
    fn by_hand(pool: &Pool<Self>, order: &Order) -> impl Future<Output = Result<i64, sqlx::Error>> + Send;

    /// The primary keys of all records.
    fn hashes(pool: &Pool<Self>) -> impl Future<Output = Result<Vec<Vec<u8>>, sqlx::Error>> + Send;

    /// The rows of these tables.
    fn count(pool: &Pool<Self>, tables: [&str; 3]) -> impl Future<Output = Result<[i64; 3], sqlx::Error>> + Send;

    /// The bytes of a record.
    fn recorded(pool: &Pool<Self>, hash: &[u8]) -> impl Future<Output = Result<Vec<u8>, sqlx::Error>> + Send;
}

macro_rules! shop {
    ($($database:ty, $begin:literal, $id:literal;)*) => {$(
        impl Shop for $database {
            const SCHEMA: &'static str = concat!(
                "CREATE TABLE hand_orders (id ", $id, ", item text NOT NULL);",
                "CREATE TABLE begun_orders (id ", $id, ", item text NOT NULL);",
                "CREATE TABLE orders (id ", $id, ", item text NOT NULL);",
            );

            async fn insert<'c>(
                on: impl Executor<'c, Database = Self> + 'c,
                statement: &'static str,
                item: &str,
            ) -> Result<i64, sqlx::Error> {
                sqlx::query_scalar(statement).bind(item).fetch_one(on).await
            }

            async fn by_hand(pool: &Pool<Self>, order: &Order) -> Result<i64, sqlx::Error> {
                let (mut tx, mut id) = (pool.begin_with($begin).await?, 0);
                for _ in 0..order.lines {
                    id = Self::insert(&mut *tx, BY_HAND, &order.item).await?;
                }
                tx.commit().await?;
                Ok(id)
            }

            async fn hashes(pool: &Pool<Self>) -> Result<Vec<Vec<u8>>, sqlx::Error> {
                sqlx::query_scalar(HASHES).fetch_all(pool).await
            }

            async fn count(pool: &Pool<Self>, tables: [&str; 3]) -> Result<[i64; 3], sqlx::Error> {
                let mut rows = [0; 3];
                for (table, rows) in tables.into_iter().zip(&mut rows) {
                    let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
                    *rows = sqlx::query_scalar(count).fetch_one(pool).await?;
                }
                Ok(rows)
            }

            async fn recorded(pool: &Pool<Self>, hash: &[u8]) -> Result<Vec<u8>, sqlx::Error> {
                sqlx::query_scalar(RECORDED).bind(hash).fetch_one(pool).await
            }
        }
    )*};
}

shop! {
    Sqlite, "BEGIN IMMEDIATE", "integer PRIMARY KEY";
    Postgres, "BEGIN", "bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY";
}
