//! Deletes of rows that exist.

use std::time::Duration;

use crate::error::Error;
use crate::key::Key;
use crate::model::row::request::{Expected, Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::executor::Executor;
use crate::value::Value;

/// A delete of one row of your table, on conditions.
///
/// ```no_run
/// # async fn demo(idem: &idem_core::Idem<impl idem_core::Database>, key: &idem_core::Key) -> Result<(), idem_core::Error> {
/// use idem_core::update::ConditionalDelete;
/// let delete = ConditionalDelete::table("drafts").key("id", 7).expect_version(3).once(key);
/// let deleted = delete.clone().execute(idem).await?;
/// assert!(deleted.is_fresh() && *deleted == 3);                               // the version that was deleted
/// assert!(delete.execute(idem).await?.is_replay());                           // the first answer; the row is gone
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is executed"]
pub struct ConditionalDelete(Request);

impl ConditionalDelete {
    /// From a table, with its schema if it needs one: `drafts`, `shop.drafts`.
    pub fn table(table: impl Into<String>) -> Self {
        Self(Request::new(Write::Delete, table.into()))
    }

    /// Names the row by a column; several together if it takes several.
    pub fn key(mut self, column: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.keys.push((column.into(), value.into()));
        self
    }

    /// On the condition that the row has this version; 0 for a row that has none yet (`NULL`).
    pub fn expect_version(mut self, version: impl Into<i64>) -> Self {
        self.0.expected = Expected::Version(version.into());
        self
    }

    /// On the condition that a column holds this value; `NULL` is equal to `NULL`.
    pub fn expect(mut self, column: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.expects.push((column.into(), value.into()));
        self
    }

    /// The column that counts the updates. Default `version`.
    pub fn version_column(mut self, column: impl Into<String>) -> Self {
        self.0.version = Some(column.into());
        self
    }

    /// The table counts no updates: the row is as expected if its columns are.
    pub fn unversioned(mut self) -> Self {
        self.0.version = None;
        self
    }

    /// Has its effect once: a repeat under this key gets the first answer, and not that the row is missing, also where another row
    /// has its place by then.
    ///
    /// The key is recorded in the transaction of the delete. `Stale` and `Missing` are not remembered: the key stays free.
    pub fn once(mut self, key: &Key) -> Self {
        self.0.once = Some(key.clone());
        self
    }

    /// How long the key is remembered, as
    /// [`ConditionalUpdate::remember_for`](crate::update::ConditionalUpdate::remember_for) says. Default 24 hours.
    pub fn remember_for(mut self, retention: Duration) -> Self {
        self.0.retention = retention;
        self
    }

    /// Runs it: on `&idem` in a transaction of its own, on `&mut tx` in yours. Gives the version of the row that was deleted.
    ///
    /// # Errors
    /// As [`ConditionalUpdate::execute`](crate::update::ConditionalUpdate::execute).
    ///
    /// # Cancel safety
    /// As [`ConditionalUpdate::execute`](crate::update::ConditionalUpdate::execute).
    pub async fn execute(self, on: impl Executor) -> Result<Outcome<Version>, Error> {
        on.run(self.0.into_row()?).await
    }
}
