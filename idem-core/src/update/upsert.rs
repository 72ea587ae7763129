//! Rows that are set whether they exist or not.

use std::time::Duration;

use crate::error::Error;
use crate::key::Key;
use crate::model::row::request::{Expected, Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::executor::Executor;
use crate::value::Value;

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

    /// Gives a column a value.
    pub fn set(mut self, column: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.sets.push((column.into(), value.into()));
        self
    }

    /// Names the row by a column; several together if it takes several.
    pub fn key(mut self, column: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.keys.push((column.into(), value.into()));
        self
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

    /// The column that counts the updates. Default `version`.
    pub fn version_column(mut self, column: impl Into<String>) -> Self {
        self.0.version = Some(column.into());
        self
    }

    /// The table counts no updates.
    pub fn unversioned(mut self) -> Self {
        self.0.version = None;
        self
    }

    /// Has its effect once, as [`ConditionalUpdate::once`](crate::update::ConditionalUpdate::once) says.
    pub fn once(mut self, key: &Key) -> Self {
        self.0.once = Some(key.clone());
        self
    }

    /// How long the key is remembered, on the database's clock. Default 24 hours; at least as long as a call may take that loses
    /// the reply to each of its attempts, by default about 5 minutes.
    pub fn remember_for(mut self, retention: Duration) -> Self {
        self.0.retention = retention;
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
