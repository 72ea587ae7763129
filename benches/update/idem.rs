//! The library.

use idem_core::update::ConditionalUpdate;
use idem_core::{Database, Idem, Key};

use crate::{Change, Contender, Failure};

/// The contender, with the table that is its own.
pub(crate) struct Engine<DB: Sum> {
    pub(crate) idem: Idem<DB>,
    pub(crate) table: &'static str,
}

impl<DB: Sum> Contender for Engine<DB> {
    async fn apply(&self, change: Change) -> Result<i64, Failure> {
        let update = ConditionalUpdate::table(self.table)
            .set("body", change.body)
            .key("id", change.id)
            .expect_version(change.version);
        let update = match &change.key {
            Some(key) => update.once(&Key::new("bench", key)?),
            None => update,
        };
        Ok(update.execute(&self.idem).await?.get())
    }

    async fn audit(&self) -> Result<i64, Failure> {
        DB::sum(self.idem.pool(), self.table).await
    }
}

/// A database whose versions can be summed up.
pub(crate) trait Sum: Database {
    fn sum(pool: &sqlx::Pool<Self>, table: &str) -> impl Future<Output = Result<i64, Failure>> + Send;
}

macro_rules! sum {
    ($($database:ty),*) => {
        $(impl Sum for $database {
            async fn sum(pool: &sqlx::Pool<Self>, table: &str) -> Result<i64, Failure> {
                let sum = sqlx::AssertSqlSafe(format!("SELECT CAST(sum(version) AS bigint) FROM {table}"));
                Ok(sqlx::query_scalar(sum).fetch_one(pool).await?)
            }
        })*
    };
}

sum!(sqlx::Sqlite, sqlx::Postgres);
