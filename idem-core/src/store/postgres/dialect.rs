//! PostgreSQL's SQL. A list is one array per column.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, Postgres};

use crate::store::columns::{Kind, Param};
use crate::store::dialect::Dialect;
use crate::store::driver::driver;
use crate::store::list::List;

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

    fn bind_rows<R>(arguments: &mut PgArguments, list: &List<'_, Self, R>, rows: &[R]) -> Result<(), BoxDynError> {
        for column in &list.columns {
            let values = rows.iter().map(column.get);
            match column.kind {
                Kind::Int | Kind::Flag => arguments.add(values.map(int).collect::<Result<Vec<_>, _>>()?)?,
                Kind::Text => arguments.add(values.map(text).collect::<Result<Vec<_>, _>>()?)?,
                Kind::Bytes => arguments.add(values.map(bytes).collect::<Result<Vec<_>, _>>()?)?,
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

fn int(value: Param<'_>) -> Result<Option<i64>, BoxDynError> {
    match value {
        Param::Int(value) => Ok(value),
        other => Err(unlike(&other)),
    }
}

fn text(value: Param<'_>) -> Result<Option<&str>, BoxDynError> {
    match value {
        Param::Text(value) => Ok(value),
        other => Err(unlike(&other)),
    }
}

fn bytes(value: Param<'_>) -> Result<Option<&[u8]>, BoxDynError> {
    match value {
        Param::Bytes(value) => Ok(value),
        other => Err(unlike(&other)),
    }
}

/// A column whose values are not of its kind: a mistake in a list.
fn unlike(value: &Param<'_>) -> BoxDynError {
    let kind = match value {
        Param::Int(_) => "a number",
        Param::Text(_) => "a text",
        Param::Bytes(_) => "bytes",
        Param::Flag(_) => "a flag",
        Param::Float(_) => "a floating-point number",
        Param::Sum(_) => "a sum",
    };
    format!("a column of another kind has {kind}").into()
}
