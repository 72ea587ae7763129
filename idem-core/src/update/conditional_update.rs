//! Updates of rows that exist.

use crate::error::Error;
use crate::model::row::request::{Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::builder::{of_one_row, on_conditions, with_values};
use crate::update::executor::Executor;

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
    /// - [`Error::Interrupted`]: your transaction is broken.
    ///
    /// # Cancel safety
    /// Dropped before it was polled, nothing happened. Dropped half-way on `&idem`, it has its effect whole or not at all. Inside
    /// your transaction, one that is dropped while it waits for the database leaves the transaction broken, and nothing of it is
    /// applied: see [`Tx`](crate::Tx).
    pub async fn execute(self, on: impl Executor) -> Result<Outcome<Version>, Error> {
        on.run(self.0.into_row()?).await
    }
}

of_one_row!(ConditionalUpdate);
with_values!(ConditionalUpdate);
on_conditions!(ConditionalUpdate);
