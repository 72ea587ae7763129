//! Updates of rows that exist.

use std::time::Duration;

use crate::error::Error;
use crate::key::Key;
use crate::model::row::request::{Expected, Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::executor::Executor;
use crate::value::Value;

/// An update of one row of your table, on conditions.
///
/// ```no_run
/// # async fn demo(idem: &idem_core::Idem<impl idem_core::Database>) -> Result<(), idem_core::Error> {
/// use idem_core::update::ConditionalUpdate;
/// let paid = ConditionalUpdate::table("shop.orders")
///     .key("tenant", "a")
///     .key("id", 7)
///     .set("status", "paid")
///     .expect("status", "pending")                                            // with or without a version
///     .execute(idem)
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is executed"]
pub struct ConditionalUpdate(Request);

impl ConditionalUpdate {
    /// Of a table, with its schema if it needs one: `orders`, `shop.orders`.
    pub fn table(table: impl Into<String>) -> Self {
        Self(Request::new(Write::Update, table.into()))
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

    /// Has its effect once, however often it is repeated: a repeat of the same update under this key gets the same answer.
    ///
    /// The key is recorded in the transaction of the update. `Stale` and `Missing` are not remembered: the key stays free.
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
    /// - [`Error::Stale`]: the row is not as expected.
    /// - [`Error::Missing`]: there is no such row.
    /// - [`Error::KeyReused`]: the key names another update.
    /// - [`Error::Update`]: the table cannot be updated like this, with what to do.
    /// - [`Error::Store`]: the database refuses a value, for example by a constraint or an enum that has no such label.
    /// - [`Error::InFlight`], [`Error::Contention`]: another writer holds the row for too long, or was faster each time.
    /// - [`Error::Indeterminate`]: the reply was lost, and there is no key by which the database could be asked.
    ///
    /// # Cancel safety
    /// Dropped half-way it has its effect whole or not at all. Inside your transaction, the transaction is then
    /// [`Interrupted`](Error::Interrupted) if the update had begun to write.
    pub async fn execute(self, on: impl Executor) -> Result<Outcome<Version>, Error> {
        on.run(self.0.into_row()?).await
    }
}
