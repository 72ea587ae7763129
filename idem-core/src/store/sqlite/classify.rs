//! What an error means. Codes: <https://sqlite.org/rescode.html>.

use sqlx::error::DatabaseError;
use sqlx::{Error, Sqlite};

use crate::store::error::{Class, Classify};
use crate::store::tables::Tables;

impl Classify for Sqlite {
    fn database_class(error: &dyn DatabaseError) -> Class {
        class_of_code(error)
    }

    /// Another process makes the file at this moment, for which SQLite does not wait.
    fn is_starting(error: &Error) -> bool {
        primary_code(error).is_some_and(|code| code == 5)
    }
}

/// Whether one of idem's own constraints found that the write lost a race.
pub(super) fn lost(error: &Error, tables: &Tables) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    let null = |table, column| format!("NOT NULL constraint failed: {}.{column}", tables.name(table));
    let real = |table, column| format!("cannot store REAL value in INTEGER column {}.{column}", tables.name(table));
    [
        null("machines", "version"),
        null("claims", "fingerprint"),
        format!("UNIQUE constraint failed: {}.hash", tables.name("transitions")),
        format!("UNIQUE constraint failed: {}.hash", tables.name("entries")),
        null("accounts", "balance"),
        real("accounts", "balance"),
        real("accounts", "held"),
        null("holds", "remaining"),
    ]
    .iter()
    .any(|lost| error.message() == lost)
}

/// The code of an error of the database, without what an extended one adds.
pub(super) fn primary_code(error: &Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Whether a statement over a caller's row found a table, a column or an index that is not as it was described, or a value that
/// a column does not take.
pub(super) fn is_of_table(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code).and_then(|code| code.parse::<i32>().ok());
    // ERROR, SCHEMA, MISMATCH; CONSTRAINT_DATATYPE.
    code.is_some_and(|code| matches!(code & 0xff, 1 | 17 | 20) || code == 3091)
}

fn class_of_code(error: &dyn DatabaseError) -> Class {
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    // The low byte is the primary code, whatever the extended one adds.
    match (code, code & 0xff) {
        // BUSY_SNAPSHOT: the transaction read before another one wrote, and can never write.
        (517, _) => Class::Contention,
        // BUSY, LOCKED, PROTOCOL (the lock protocol of WAL).
        (_, 5 | 6 | 15) => Class::Busy,
        // PERM, READONLY, AUTH.
        (_, 3 | 8 | 23) => Class::ReadOnly,
        // IOERR.
        (_, 10) if !seeded_bug!("failed-commit-is-undone") => Class::Disk,
        // NOMEM, CORRUPT, FULL, NOTADB.
        (_, 7 | 10 | 11 | 13 | 26) => Class::Storage,
        // CANTOPEN.
        (_, 14) => Class::Unavailable,
        (_, 1) if is_of_schema(error.message()) => Class::Schema,
        (_, 1) if error.message().ends_with("no transaction is active") => Class::Ended,
        _ => Class::Other,
    }
}

/// Whether a BEGIN was refused because a transaction is open.
pub(super) fn is_within_transaction(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message() == "cannot start a transaction within a transaction")
}

/// SQLite has no code of its own for what is missing.
fn is_of_schema(message: &str) -> bool {
    ["no such table", "no such column", "no such index", "has no column named", "ON CONFLICT clause does not match"]
        .iter()
        .any(|part| message.contains(part))
}
