//! Updates of rows that exist.

use crate::error::Error;
use crate::model::row::request::{Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::builder::{of_one_row, on_conditions, with_values};
use crate::update::executor::Executor;

/// An update of one row of your table, on conditions.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Error;
/// use idem_core::update::ConditionalUpdate;
///
/// # sqlx::raw_sql(
/// #     "CREATE TABLE orders (shop TEXT, id INTEGER, status TEXT, version INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (shop, id));
/// #      INSERT INTO orders (shop, id, status) VALUES ('a', 7, 'pending')",
/// # )
/// # .execute(idem.pool())
/// # .await?;
/// let order = |id| ConditionalUpdate::table("orders").key("shop", "a").key("id", id).set("status", "paid");
/// let paid = order(7).expect("status", "pending").execute(&idem).await?;     // with or without a version
/// assert!(paid.is_fresh() && *paid == 2);                                     // the new version
/// let late = order(7).expect_version(1).execute(&idem).await;
/// assert!(matches!(late, Err(Error::Stale { expected: Some(1), found: Some(2), .. })));
/// assert!(matches!(order(8).expect_version(1).execute(&idem).await, Err(Error::Missing { .. })));
/// assert!(matches!(order(7).execute(&idem).await, Err(Error::Update { .. })));    // nothing is expected
/// # Ok(()) }) }
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Error;
    /// use idem_core::update::ConditionalUpdate;
    ///
    /// # sqlx::raw_sql(
    /// #     "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, version INTEGER NOT NULL DEFAULT 1);
    /// #      INSERT INTO orders (id, status) VALUES (7, 'paid')",
    /// # )
    /// # .execute(idem.pool())
    /// # .await?;
    /// let ship = ConditionalUpdate::table("orders").key("id", 7).set("status", "shipped").expect_version(1);
    /// let mut tx = idem.begin().await?;
    /// assert_eq!(*ship.clone().execute(&mut tx).await?, 2);
    /// assert!(matches!(ship.clone().execute(&mut tx).await, Err(Error::Stale { .. })));   // which does not harm the transaction
    /// tx.rollback().await;
    /// assert_eq!(*ship.execute(&idem).await?, 2);                                 // in a transaction of its own
    /// # Ok(()) }) }
    /// ```
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
