//! In what the databases' SQL differs, as far as shared code writes it.

use sqlx::error::BoxDynError;

use super::columns::{Column, Kind, Param};
use super::reader::Cells;

/// One database's SQL.
pub trait Dialect: sqlx::Database<Row: Cells> {
    /// Stands before and after a name.
    const QUOTE: char;

    /// The database's time in microseconds.
    const NOW: &'static str;

    /// A column of this kind as it is read, and `NULL` in its place.
    fn read(kind: Kind, column: &str) -> String;
    fn null(kind: Kind) -> &'static str;

    /// Binds one value.
    fn bind(arguments: &mut Self::Arguments, value: Param<'_>) -> Result<(), BoxDynError>;

    /// Binds a list: those columns of each row that the list's shape has.
    fn bind_rows<R>(
        arguments: &mut Self::Arguments,
        columns: &[Column<R>],
        shape: u16,
        rows: &[R],
    ) -> Result<(), BoxDynError>;

    /// A name, quoted. It never has a quote in it.
    fn quote(name: &str) -> String {
        format!("{0}{name}{0}", Self::QUOTE)
    }
}
