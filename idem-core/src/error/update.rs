//! What is wrong with an update before it is one.

use super::display::BackTicked;

/// The longest name of a table, column or schema, in bytes: PostgreSQL cuts longer ones off.
pub(crate) const MAX_IDENTIFIER_BYTES: usize = 63;

/// Why your table cannot be updated in this way. Nothing is written.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::Error;
/// use idem_core::error::UpdateProblem;
/// use idem_core::update::ConditionalUpdate;
///
/// let update = ConditionalUpdate::table("orders").key("id", 7).set("status", "paid");
/// let refused = update.clone().execute(&idem).await;
/// assert!(matches!(refused, Err(Error::Update { problem: UpdateProblem::NoExpectation, .. })));
/// let refused = update.expect_version(1).execute(&idem).await;
/// assert!(matches!(refused, Err(Error::Update { table, problem: UpdateProblem::NoTable }) if table == "orders"));
/// # Ok(()) }) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateProblem {
    /// A table's or column's name that is not one.
    #[error(
        "{name:?} cannot be a name; use letters, digits and underscores, at most {MAX_IDENTIFIER_BYTES} bytes, for a table with an optional `schema.` in front"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// No `.key(…)`.
    #[error("no key column is given; name the row with `.key(column, value)`")]
    NoKey,
    /// No `.set(…)`.
    #[error("nothing is set; add `.set(column, value)`")]
    NoSet,
    /// An update that expects nothing.
    #[error(
        "nothing is expected, so it could overwrite what nobody has read; add `.expect_version(n)` or `.expect(column, value)`; what sets absolute values, whatever is there, is an `Upsert`"
    )]
    NoExpectation,
    /// A version is expected of a table that was said to have none.
    #[error("a version is expected and `.unversioned()` says that there is none; leave one of them out")]
    Unversioned,
    /// A column that is given twice.
    #[error("the column `{column}` is given twice")]
    Twice {
        /// The column.
        column: String,
    },
    /// The version column among the others.
    #[error(
        "the column `{column}` holds the version, which every update sets itself; expect it with `.expect_version(n)`"
    )]
    VersionColumn {
        /// The column.
        column: String,
    },
    /// No such table.
    #[error(
        "there is no such table, or this role does not see it; names are compared as they are stored, case included"
    )]
    NoTable,
    /// No such column.
    #[error("there is no column `{column}`; names are compared as they are stored, case included")]
    NoColumn {
        /// The column.
        column: String,
    },
    /// No version column.
    #[error(
        "there is no version column `{column}`; add one (`{column} BIGINT NOT NULL DEFAULT 1`), name another with `.version_column(…)`, or say `.unversioned()`"
    )]
    NoVersionColumn {
        /// The column.
        column: String,
    },
    /// A version column that is not of whole numbers.
    #[error("the version column `{column}` is not of whole numbers")]
    VersionType {
        /// The column.
        column: String,
    },
    /// A value for a column of which the database makes the values.
    #[error("the values of the column `{column}` are made by the database; set what they are made of")]
    Generated {
        /// The column.
        column: String,
    },
    /// The largest version was reached.
    #[error("the version in `{column}` cannot be counted on: it is the largest that fits the column")]
    VersionExhausted {
        /// The column.
        column: String,
    },
    /// A row is named by `NULL`.
    #[error("the key column `{column}` is given as NULL, which names no row")]
    NullKey {
        /// The column.
        column: String,
    },
    /// Not a number.
    #[error("the value for `{column}` is NaN, which not every database can store")]
    NotANumber {
        /// The column.
        column: String,
    },
    /// A number beyond what the column holds.
    #[error("the number for `{column}` is beyond what the column holds")]
    OutOfRange {
        /// The column.
        column: String,
    },
    /// Text that this database cannot store.
    #[error("the text for `{column}` has the character U+0000, which this database cannot store; set it as bytes")]
    Nul {
        /// The column.
        column: String,
    },
    /// The key names several rows.
    #[error(
        "more than one row has this key ({list}); name all columns of one that is unique",
        list = BackTicked(columns)
    )]
    ManyRows {
        /// The key columns.
        columns: Vec<String>,
    },
    /// The row is as expected, and the database leaves it as it is.
    #[error(
        "nothing differs from what is expected, and yet the database writes nothing: a trigger, a rule or a row-level security policy of the table keeps it from this row ({list}); change that, or write through what it asks for",
        list = BackTicked(columns)
    )]
    NotWritten {
        /// The key columns.
        columns: Vec<String>,
    },
    /// A view of a database that does not count what is written through one.
    #[error(
        "it is a view, and this database does not tell whether an update of a view wrote a row; update the table below it"
    )]
    View,
    /// An upsert without the index that decides whether its row exists.
    #[error(
        "an upsert needs a unique index on exactly its key columns ({list}), and there is none; `CREATE UNIQUE INDEX` makes one",
        list = BackTicked(columns)
    )]
    NoUniqueIndex {
        /// The key columns.
        columns: Vec<String>,
    },
}
