//! Lists in the text of a statement, and lists that SQLite hands over as one value.
//!
//! The latter are a JSON array of arrays, each an item with its position in what was asked first: each row that SQLite hands
//! over costs more than what is in it.

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Sqlite};

use crate::clock::Timestamp;
use crate::store::columns::Kind;
use crate::store::reader::{Cells, Reader};

/// The columns of a list that a shape has.
pub(super) type List<'l, R> = crate::store::list::List<'l, Sqlite, R>;

/// The rows of a list as a table `j`. They are materialised: `json_each` would make a row's text anew for every column that is
/// read.
pub(super) const ROWS: &str = "j AS MATERIALIZED (SELECT value FROM json_each($1))";

impl<R> List<'_, R> {
    /// A column of a row.
    pub(super) fn item(&self, name: &str) -> String {
        let (position, kind) = self.find(name);
        match kind {
            Kind::Bytes => format!("unhex(j.value->>{position})"),
            _ => format!("j.value->>{position}"),
        }
    }
}

/// The items of a list.
pub(super) fn items(list: &str) -> Result<Vec<Item>, Error> {
    let items: Vec<Vec<Value>> = serde_json::from_str(list).map_err(|error| Error::Decode(error.into()))?;
    Ok(items.into_iter().map(Item).collect())
}

/// Takes the row without a place from among others: it has the time and a list after `columns` that are empty.
pub(super) fn take(rows: Vec<SqliteRow>, columns: usize) -> Result<(Timestamp, Vec<Item>, Vec<SqliteRow>), Error> {
    let (lists, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| matches!(row.int(0), Ok(None)));
    let mut row = Reader::new(lists.first().ok_or(Error::RowNotFound)?);
    row.skip(columns);
    let (now, list): (_, String) = (row.field()?, row.field()?);
    Ok((now, items(&list)?, others))
}

/// One item, read as a row is.
#[derive(Debug)]
pub(super) struct Item(Vec<Value>);

impl Item {
    fn cell<'v, T>(&'v self, column: usize, read: impl FnOnce(&'v Value) -> Option<T>) -> Result<Option<T>, Error> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            value => value
                .and_then(read)
                .map(Some)
                .ok_or_else(|| Error::Decode(format!("column {column} of a list has another type").into())),
        }
    }
}

impl Cells for Item {
    fn is_null(&self, column: usize) -> Result<bool, Error> {
        self.cell(column, |_| Some(())).map(|cell| cell.is_none())
    }

    fn int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.cell(column, Value::as_i64)
    }

    fn text(&self, column: usize) -> Result<Option<String>, Error> {
        Ok(self.cell(column, Value::as_str)?.map(str::to_owned))
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.cell(column, |value| unhex(value.as_str()?))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::reader::{Reader, placed};

    #[test]
    fn a_list_is_read_as_rows_are() {
        let list = format!(r#"[[1, {}, null, "a\u0000b", "00fF"], [0, 2, 3, "c", ""]]"#, i64::MIN);
        let items = items(&list).expect("a list");
        let read = placed(&items, 3, |item: &mut Reader<'_, Item>| {
            let (one, two): (i64, Option<i64>) = (item.field()?, item.field()?);
            let (three, four): (String, Vec<u8>) = (item.field()?, item.field()?);
            Ok(Some((one, two, three, four)))
        });
        let first = (2, Some(3), "c".to_owned(), Vec::new());
        let second = (i64::MIN, None, "a\0b".to_owned(), vec![0, 255]);
        assert_eq!(read.expect("reads"), [Some(first), Some(second), None]);
    }

    #[test]
    fn what_is_not_such_a_list_is_an_error() {
        for list in ["", "{}", "[1]", "[[]]", r#"[["0"]]"#, "[[0]]", r#"[[0, "0"]]"#, r#"[[0, "0g"]]"#, "[[0, 1]]"] {
            let bytes = items(list).and_then(|items| placed(&items, 1, Reader::field::<Option<Vec<u8>>>));
            assert!(bytes.is_err(), "{list}");
        }
    }
}
