//! The application's own table.

use idem_core::Tx;
use idem_core::lease::LockGuard;
use sqlx::Pool;

/// Without a unique index, on purpose: that a night has one report is left to the fence.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS jobs_reports \
     (night bigint NOT NULL, total bigint NOT NULL, epoch bigint NOT NULL, worker text NOT NULL)";

/// The statements, on each database.
pub(super) trait Tables: idem_core::Database {
    /// Makes the table, if it is missing.
    async fn create(pool: &Pool<Self>) -> Result<(), sqlx::Error>;

    /// The newest night that has a report; 0 without one.
    async fn newest_night(pool: &Pool<Self>) -> Result<i64, sqlx::Error>;

    /// How many reports a night has.
    async fn reports_of(pool: &Pool<Self>, night: i64) -> Result<i64, sqlx::Error>;

    /// Inserts a report in this transaction.
    async fn insert(tx: &mut Tx<Self>, report: &Report<'_>) -> Result<(), sqlx::Error>;

    /// The night and epoch of each report after a night, by night.
    async fn epochs_after(pool: &Pool<Self>, night: i64) -> Result<Vec<(i64, i64)>, sqlx::Error>;
}

/// A report.
#[derive(Debug)]
pub(super) struct Report<'r> {
    pub(super) night: i64,
    pub(super) total: i64,
    pub(super) guard: &'r LockGuard,
    pub(super) worker: &'r str,
}

/// sqlx's bounds for a query over any database are longer than the query; a macro writes it for two.
macro_rules! tables {
    ($($database:ty),*) => {$(
        impl Tables for $database {
            async fn create(pool: &Pool<Self>) -> Result<(), sqlx::Error> {
                sqlx::query(SCHEMA).execute(pool).await.map(drop)
            }

            async fn newest_night(pool: &Pool<Self>) -> Result<i64, sqlx::Error> {
                sqlx::query_scalar("SELECT coalesce(max(night), 0) FROM jobs_reports").fetch_one(pool).await
            }

            async fn reports_of(pool: &Pool<Self>, night: i64) -> Result<i64, sqlx::Error> {
                let count = sqlx::query_scalar("SELECT count(*) FROM jobs_reports WHERE night = $1");
                count.bind(night).fetch_one(pool).await
            }

            async fn insert(tx: &mut Tx<Self>, report: &Report<'_>) -> Result<(), sqlx::Error> {
                let insert = sqlx::query("INSERT INTO jobs_reports (night, total, epoch, worker) VALUES ($1, $2, $3, $4)");
                let insert = insert.bind(report.night).bind(report.total).bind(report.guard.epoch().as_i64());
                insert.bind(report.worker).execute(tx.conn()).await.map(drop)
            }

            async fn epochs_after(pool: &Pool<Self>, night: i64) -> Result<Vec<(i64, i64)>, sqlx::Error> {
                let epochs = "SELECT night, epoch FROM jobs_reports WHERE night > $1 ORDER BY night, epoch";
                sqlx::query_as(epochs).bind(night).fetch_all(pool).await
            }
        }
    )*};
}

tables!(sqlx::Sqlite, sqlx::Postgres);
