//! SQLite's SQL. A list is one JSON text of arrays, an array for each row; one of a single column is an array of values. Bytes
//! in it are hexadecimal.

use serde::ser::{Serialize, SerializeSeq as _, Serializer};
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Sqlite};

use super::list::List;
use crate::store::columns::{Column, Kind, Param};
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

    fn bind_rows<R>(arguments: &mut SqliteArguments, list: &List<'_, R>, rows: &[R]) -> Result<(), BoxDynError> {
        let list = match list.columns[..] {
            [only] => serde_json::to_string(&Values(rows, only)),
            _ => serde_json::to_string(&Rows(rows, &list.columns)),
        };
        arguments.add(list?)
    }
}

struct Values<'l, R>(&'l [R], &'l Column<R>);

impl<R> Serialize for Values<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|row| Json((self.1.get)(row))))
    }
}

struct Rows<'l, R>(&'l [R], &'l [&'l Column<R>]);

impl<R> Serialize for Rows<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|row| One(row, self.1)))
    }
}

struct One<'l, R>(&'l R, &'l [&'l Column<R>]);

impl<R> Serialize for One<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values = serializer.serialize_seq(Some(self.1.len()))?;
        for column in self.1 {
            values.serialize_element(&Json((column.get)(self.0)))?;
        }
        values.end()
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
            Param::Sum(value) => value.serialize(serializer),
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
