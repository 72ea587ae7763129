//! The statements of migrations, and the steps of the schema.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements of migrations, by name.
    pub struct MigrateTexts {
        /// Creates the table of migrations if it is missing.
        create_table = "
            CREATE TABLE IF NOT EXISTS {migrations} (
                version bigint PRIMARY KEY,
                name text NOT NULL,
                at bigint NOT NULL
            )",
        /// Whether there is a table of migrations of the name `$1`.
        find_table,
        /// The version that was reached, and the time.
        version = "SELECT max(version), {now} FROM {migrations}",
        /// The time, whatever tables there are.
        now = "SELECT {now}",
        /// Records the step `$1` with its name `$2`.
        put_version = "INSERT INTO {migrations} (version, name, at) VALUES ($1, $2, {now})",
        /// Begins the transaction of all steps.
        begin,
        /// Waits for the lock of the tables of the name `$1`. Empty where the transaction itself is the lock.
        lock,
        /// Whether the schema `$1` is missing. Empty where there are none to create.
        schema_is_missing,
    }
}

/// The names of the steps of the schema: the first leads to version 1, the next to version 2, and so on.
pub(crate) const STEPS: [&str; 1] = ["base"];

/// The version that they lead to.
#[allow(clippy::cast_possible_wrap, clippy::as_conversions, reason = "there are few, and `try_from` is not const")]
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Migrations of one database.
pub trait MigrateStore: Dialect {
    const MIGRATE: MigrateTexts<&'static str>;

    /// The statements of each step, separated by semicolons.
    const SCHEMA: [&'static str; STEPS.len()];
}

/// The steps of the schema: version, name and statements.
pub(crate) fn steps<DB: MigrateStore>() -> impl Iterator<Item = (i64, &'static str, &'static str)> {
    (1..).zip(STEPS).zip(DB::SCHEMA).map(|((version, name), sql)| (version, name, sql))
}
