//! What an error means. Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use sqlx::{Error, Postgres};

use super::raise::raised;
use crate::store::error::{Class, Classify};
use crate::store::tables::Tables;

impl Classify for Postgres {
    fn database_class(error: &dyn DatabaseError) -> Class {
        let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else { return Class::Other };
        match raised(error).unwrap_or_else(|| class_of_code(error.code())) {
            // The session goes on: a trigger or a function has raised it.
            Class::Broken | Class::Unavailable if error.severity() == PgSeverity::Error => Class::Other,
            class => class,
        }
    }

    fn is_starting(error: &Error) -> bool {
        server(error).is_some_and(|error| error.code().starts_with("57P") || error.code() == "53300")
    }
}

/// Whether one of idem's own constraints found that a write lost a race. With `tallies`, it adds entries of tallies; with
/// `money`, any.
pub(super) fn lost(error: &Error, tables: &Tables, (tallies, money): (bool, bool)) -> bool {
    let Some(error) = server(error) else { return false };
    let is = |name: &str| error.table() == Some(&*tables.name(name));
    let by = |index: &str| error.constraint() == Some(&*tables.name(index));
    match error.code() {
        NOT_NULL => match error.column() {
            Some("balance") => is("accounts"),
            Some("remaining") => is("holds"),
            _ => false,
        },
        // Two processes may draw one number for entries of a tally; of transitions and other entries it would be damage.
        UNIQUE if is("entries") => tallies || by("entries_by_key"),
        UNIQUE if is("transitions") => by("transitions_by_key"),
        UNIQUE => is("machines") || is("accounts") || is("holds"),
        OUT_OF_RANGE => money,
        _ => false,
    }
}

/// Whether a key that was to be claimed is known and has not expired.
pub(super) fn is_known_key(error: &Error, tables: &Tables) -> bool {
    server(error).is_some_and(|error| {
        error.code() == NOT_NULL
            && error.table() == Some(&*tables.name("claims"))
            && error.column() == Some("fingerprint")
    })
}

/// Whether a statement over a caller's row found a table, a column, an index or a type that is not as it was described, or a value
/// that a type does not take.
pub(super) fn is_of_table(error: &Error) -> bool {
    server(error).is_some_and(|error| match error.code() {
        // This role may not: no other description changes that.
        "42501" => false,
        // A plan whose result has changed its type, among what is not supported.
        "0A000" => true,
        code => code.starts_with("42") || code.starts_with("22"),
    })
}

const NOT_NULL: &str = "23502";
const UNIQUE: &str = "23505";
const OUT_OF_RANGE: &str = "22003";

fn server(error: &Error) -> Option<&PgDatabaseError> {
    error.as_database_error().and_then(|error| error.try_downcast_ref())
}

fn class_of_code(code: &str) -> Class {
    match code {
        // Serialisation failure, deadlock.
        "40001" | "40P01" => Class::Contention,
        // Lock not available; a statement that a caller's timeout cancelled.
        "55P03" | "57014" => Class::Busy,
        // Too many connections; starting up or shutting down; connection rejected; no such database, role or password.
        "53300" | "57P03" | "08001" | "08004" | "3D000" | "28000" | "28P01" => Class::Unavailable,
        // Shut down while it ran, or ended by a timeout of the session's; the fate of the transaction is not known.
        "57P01" | "57P02" | "57P05" | "25P03" | "25P04" | "40003" => Class::Broken,
        // Read-only transaction; this role may not.
        "25006" | "42501" => Class::ReadOnly,
        // Table, column, schema, function or the constraint of an ON CONFLICT missing; a column of another type.
        "42P01" | "42703" | "3F000" | "42883" | "42P10" | "42804" => Class::Schema,
        _ => match code.get(..2) {
            Some("08") => Class::Broken,
            // Out of resources, system error, damaged data.
            Some("53" | "58" | "XX") => Class::Storage,
            _ => Class::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_error_code_has_its_class() {
        for (codes, expected) in [
            (&["40001", "40P01"][..], Class::Contention),
            (&["55P03", "57014"], Class::Busy),
            (&["53300", "57P03", "08001"], Class::Unavailable),
            (&["57P01", "57P02", "25P03", "08006", "08000", "40003"], Class::Broken),
            (&["25006", "42501"], Class::ReadOnly),
            (&["42P01", "42703", "3F000", "42P10"], Class::Schema),
            (&["53100", "53200", "58030", "XX001"], Class::Storage),
            (&["23505", "25P02", "42601", "", "ü"], Class::Other),
        ] {
            for code in codes {
                assert_eq!(class_of_code(code), expected, "{code}");
            }
        }
    }
}
