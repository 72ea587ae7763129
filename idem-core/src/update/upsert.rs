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
/// ```no_run
/// # async fn demo(idem: &idem_core::Idem<impl idem_core::Database>) -> Result<(), idem_core::Error> {
/// use idem_core::update::Upsert;
/// let version = Upsert::table("settings").key("name", "theme").set("value", "dark").execute(idem).await?;
/// # Ok(()) }
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
