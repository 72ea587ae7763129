//! Rows that are set whether they exist or not.

use crate::error::Error;
use crate::model::row::request::{Expected, Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::builder::{of_one_row, with_values};
use crate::update::executor::Executor;

/// Sets one row of your table to absolute values: inserted with version 1 if it does not exist, else overwritten and
/// its version counted on.
///
/// Needs a unique index on exactly the key columns.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Error;
/// use idem_core::update::Upsert;
///
/// # sqlx::raw_sql("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT, version INTEGER NOT NULL DEFAULT 1)")
/// #     .execute(idem.pool())
/// #     .await?;
/// let theme = |value: &str| Upsert::table("settings").key("name", "theme").set("value", value);
/// assert_eq!(*theme("dark").execute(&idem).await?, 1);                        // inserted
/// assert_eq!(*theme("light").execute(&idem).await?, 2);                       // overwritten
/// assert!(matches!(theme("dark").expect_absent().execute(&idem).await, Err(Error::Stale { found: Some(2), .. })));
/// # Ok(()) }) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is executed"]
pub struct Upsert(Request);

impl Upsert {
    /// Of a table, with its schema if it needs one: `settings`, `shop.settings`.
    pub fn table(table: impl Into<String>) -> Self {
        Self(Request::new(Write::Upsert, table.into()))
    }

    /// On the condition that the row does not exist.
    pub fn expect_absent(mut self) -> Self {
        self.0.expected = Expected::Absent;
        self
    }

    /// On the condition that the row exists and has this version.
    pub fn expect_version(mut self, version: impl Into<i64>) -> Self {
        self.0.expected = Expected::Version(version.into());
        self
    }

    /// Runs it: on `&idem` in a transaction of its own, on `&mut tx` in yours.
    ///
    /// # Errors
    /// As [`ConditionalUpdate::execute`](crate::update::ConditionalUpdate::execute); a row that exists although none was expected
    /// is [`Error::Stale`].
    ///
    /// # Cancel safety
    /// As [`ConditionalUpdate::execute`](crate::update::ConditionalUpdate::execute).
    pub async fn execute(self, on: impl Executor) -> Result<Outcome<Version>, Error> {
        on.run(self.0.into_row()?).await
    }
}

of_one_row!(Upsert);
with_values!(Upsert);
