//! SQLite's SQL. A list is one JSON text of arrays, an array for each row; one of a single column is an array of values. Bytes
//! in it are hexadecimal.

use serde::ser::{Serialize, Serializer};
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Sqlite};

use crate::store::columns::{Column, Kind, ListRows, Param, of_shape};
use crate::store::dialect::Dialect;
use crate::store::driver::driver;

driver!(Sqlite, SqliteRow);

impl Dialect for Sqlite {
    /// Microseconds; SQLite's clock gives milliseconds.
    const NOW: &'static str = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000";

    fn read(_kind: Kind, column: &str) -> String {
        column.to_owned()
    }

    fn item(kind: Kind, column: &str) -> String {
        if kind == Kind::Bytes { format!("hex({column})") } else { column.to_owned() }
    }

    fn parameter(number: usize, _kind: Kind) -> String {
        format!("${number}")
    }

    fn is_in(number: usize) -> String {
        format!("IN (SELECT value FROM json_each(${number}))")
    }

    fn by_index(index: &str) -> String {
        format!("INDEXED BY {index}")
    }

    fn null(_kind: Kind) -> &'static str {
        "NULL"
    }

    fn bind_rows<R>(arguments: &mut SqliteArguments, list: &ListRows<'_, R>) -> Result<(), BoxDynError> {
        let (&ListRows { columns, shape, .. }, rows) = (list, list.iter());
        let mut of_shape = of_shape(columns, shape);
        let list = match (of_shape.clone().count(), of_shape.next()) {
            (1, Some(only)) => serde_json::to_string(&List(rows, |row| Json(only.of(row)))),
            _ => serde_json::to_string(&List(rows, |row| Cells { row, columns, shape })),
        };
        arguments.add(list?)
    }
}

/// An array of what is made of each row.
struct List<I, F>(I, F);

impl<I: Iterator + Clone, T: Serialize, F: Fn(I::Item) -> T> Serialize for List<I, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone().map(&self.1))
    }
}

struct Cells<'l, R> {
    row: &'l R,
    columns: &'l [Column<R>],
    shape: u16,
}

impl<R> Serialize for Cells<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(of_shape(self.columns, self.shape).map(|column| Json(column.of(self.row))))
    }
}

struct Json<'v>(Param<'v>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Param::Int(value) => value.serialize(serializer),
            Param::Text(value) => value.serialize(serializer),
            Param::Flag(value) => i64::from(value).serialize(serializer),
            Param::Float(value) => value.serialize(serializer),
            Param::Bytes(None) => serializer.serialize_none(),
            Param::Bytes(Some(bytes)) => serializer.serialize_str(&hex(bytes)),
        }
    }
}

/// Bytes as `unhex` reads them. Not as text: `CAST(… AS BLOB)` would give UTF-16 in a database of that encoding.
fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from(if four < 10 { b'0' + four } else { b'a' + four - 10 });
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}
