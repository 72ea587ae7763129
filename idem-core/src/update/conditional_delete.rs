//! Deletes of rows that exist.

use crate::error::Error;
use crate::model::row::request::{Request, Write};
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::update::builder::{of_one_row, on_conditions};
use crate::update::executor::Executor;

/// A delete of one row of your table, on conditions.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::update::ConditionalDelete;
/// use idem_core::{Error, Key};
///
/// # sqlx::raw_sql(
/// #     "CREATE TABLE drafts (id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
/// #      INSERT INTO drafts VALUES (7, 3), (8, 1)",
/// # )
/// # .execute(idem.pool())
/// # .await?;
/// let key = Key::new("editor", "req-1")?;
/// let delete = ConditionalDelete::table("drafts").key("id", 7).expect_version(3).once(&key);
/// let deleted = delete.clone().execute(&idem).await?;
/// assert!(deleted.is_fresh() && *deleted == 3);                               // the version that was deleted
/// assert!(delete.execute(&idem).await?.is_replay());                          // the first answer; the row is gone
/// let changed = ConditionalDelete::table("drafts").key("id", 8).expect_version(3);
/// assert!(matches!(changed.execute(&idem).await, Err(Error::Stale { found: Some(1), .. })));
/// # Ok(()) }) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing happens until it is executed"]
pub struct ConditionalDelete(Request);

impl ConditionalDelete {
    /// From a table, with its schema if it needs one: `drafts`, `shop.drafts`.
    pub fn table(table: impl Into<String>) -> Self {
        Self(Request::new(Write::Delete, table.into()))
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

of_one_row!(ConditionalDelete);
on_conditions!(ConditionalDelete);
