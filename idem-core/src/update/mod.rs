//! Conditional updates of your own tables: what was read is still so, or nothing is written.
//!
//! A row has a version, which every update counts on. A caller that read version 3 writes on the condition that it still is 3;
//! the second one gets [`Error::Stale`](crate::Error::Stale) and overwrites nothing. With
//! [`once`](ConditionalUpdate::once) a repeat of the request gets the first answer, whatever happened since.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
//! # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
//! # let url = format!("sqlite://{}", folder.join("shop.db").display());
//! use idem_core::update::{ConditionalUpdate, retry_stale};
//! use idem_core::{Error, Idem, Key, RetryPolicy};
//!
//! let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
//! sqlx::raw_sql(
//!     "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, note TEXT, version INTEGER NOT NULL DEFAULT 1);
//!      INSERT INTO orders (id, status) VALUES (123, 'paid')",
//! )
//! .execute(idem.pool())
//! .await?;
//!
//! let key = Key::new("shop-1", "ship-123")?;                                  // the client, and its name for the request
//! let ship = ConditionalUpdate::table("orders")
//!     .set("status", "shipped")
//!     .set("note", None::<&str>)
//!     .key("id", 123)
//!     .expect_version(1)                                                      // what was read
//!     .once(&key);
//! let shipped = ship.clone().execute(&idem).await?;
//! assert!(shipped.is_fresh() && *shipped == 2);                               // the new version
//! let again = ship.execute(&idem).await?;
//! assert!(again.is_replay() && *again == 2);                                  // the same answer, no second effect
//!
//! let late = ConditionalUpdate::table("orders").set("status", "lost").key("id", 123).expect_version(1);
//! assert!(matches!(late.execute(&idem).await, Err(Error::Stale { expected: Some(1), found: Some(2), .. })));
//!
//! // Reads, decides, writes, and does so again while others are faster.
//! let noted = retry_stale(RetryPolicy::default(), || async {
//!     let version: i64 = sqlx::query_scalar("SELECT version FROM orders WHERE id = 123").fetch_one(idem.pool()).await?;
//!     let update = ConditionalUpdate::table("orders").set("note", "handle with care").key("id", 123);
//!     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(update.expect_version(version).execute(&idem).await?)
//! })
//! .await?;
//! assert_eq!(*noted, 3);
//! # Ok(()) }) }
//! ```
//!
//! # Where it runs
//! `execute(&idem)` is a transaction of its own, one statement where the database can; `execute(&mut tx)` is part of the
//! transaction you began, and neither `Stale` nor `Missing` harms that.
//!
//! # Names and values
//! Names of tables and columns are checked (letters, digits, underscores), quoted, and compared with the table as the
//! database describes it, case included. Values are bound; on PostgreSQL text is taken as the column's type would take a
//! literal, so a UUID, a decimal number, a time or JSON may be given as text. One that the type refuses does not
//! harm your transaction.
//!
//! # Which rows
//! Those of the table itself: not those of PostgreSQL's tables that inherit from it, but those of its partitions. A PostgreSQL
//! view is updated as the database lets it be; a SQLite view is refused, because SQLite does not report what was written.
//!
//! # What it is not for
//! Counters, balances, and whatever many callers change at once: each but one of them loses. That is what the commands of
//! a machine, and money in their steps, are for.

#[cfg(feature = "_sql")]
mod builder;
#[cfg(feature = "_sql")]
mod conditional_delete;
#[cfg(feature = "_sql")]
mod conditional_update;
#[cfg(feature = "_sql")]
mod executor;
#[cfg(feature = "_sql")]
mod retry;
#[cfg(feature = "_sql")]
mod upsert;

#[cfg(feature = "_sql")]
pub use crate::model::row::version::Version;
#[cfg(feature = "_sql")]
pub use crate::value::Value;
#[cfg(feature = "_sql")]
pub use conditional_delete::ConditionalDelete;
#[cfg(feature = "_sql")]
pub use conditional_update::ConditionalUpdate;
#[cfg(feature = "_sql")]
pub use executor::Executor;
#[cfg(feature = "_sql")]
pub use retry::{StaleError, retry_if, retry_stale};
#[cfg(feature = "_sql")]
pub use upsert::Upsert;
