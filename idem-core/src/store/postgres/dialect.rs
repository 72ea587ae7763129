//! PostgreSQL's SQL. A list is one array per column.

use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgBindIterExt as _, PgRow};
use sqlx::{Arguments as _, Postgres};

use super::connect::milliseconds;
use super::raise::is_open;
use crate::store::columns::{Get, Kind, ListRows, of_shape};
use crate::store::dialect::Dialect;
use crate::store::driver::driver;

driver!(Postgres, PgRow);

impl Dialect for Postgres {
    /// One time for the whole statement, and a new one for each statement of a transaction.
    const NOW: &'static str = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint";

    fn read(kind: Kind, column: &str) -> String {
        match kind {
            Kind::Flag => format!("{column}::int::bigint"),
            _ => column.to_owned(),
        }
    }

    fn parameter(number: usize, kind: Kind) -> String {
        format!("${number}::{}", type_name(kind))
    }

    fn is_in(number: usize) -> String {
        format!("= ANY(${number}::text[])")
    }

    fn null(kind: Kind) -> &'static str {
        match kind {
            Kind::Int | Kind::Flag => "NULL::bigint",
            Kind::Text => "NULL::text",
            Kind::Bytes => "NULL::bytea",
        }
    }

    const OPEN: &'static str = is_open!();

    const FOR_UPDATE: &'static str = "FOR UPDATE";

    fn bounded(number: usize) -> String {
        format!("set_config('lock_timeout', ${number}::text, true) IS NOT NULL")
    }

    fn bound(wait: Duration) -> Option<String> {
        Some(milliseconds(wait).to_string())
    }

    fn bind_rows<R>(arguments: &mut PgArguments, list: &ListRows<'_, R>) -> Result<(), BoxDynError> {
        // About the length of a value, with its own length: a buffer that grows is copied.
        const VALUE: usize = 24;
        let columns = of_shape(list.columns, list.shape);
        let count = columns.clone().count();
        arguments.reserve(count, count * list.rows.len() * VALUE);
        for column in columns {
            let rows = list.iter();
            match column.get {
                Get::Int(get) => arguments.add(rows.map(get).bind_iter())?,
                Get::Text(get) => arguments.add(rows.map(get).bind_iter())?,
                Get::Bytes(get) => arguments.add(rows.map(get).bind_iter())?,
            }
        }
        Ok(())
    }
}

/// The name of a kind's type.
pub(super) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Flag => "boolean",
    }
}
