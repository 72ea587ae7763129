//! Lists that SQLite hands over as one value: a JSON array of arrays, each an item with its position in what was asked first. Each
//! row that SQLite hands over costs more than what is in it.

use serde_json::Value;
use sqlx::Error;

use crate::store::reader::Cells;

/// The items of a list.
pub(super) fn items(list: &str) -> Result<Vec<Item>, Error> {
    let items: Vec<Vec<Value>> = serde_json::from_str(list).map_err(|error| Error::Decode(error.into()))?;
    Ok(items.into_iter().map(Item).collect())
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
    fn sqlite_item_list_is_read_like_rows() {
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
    fn sqlite_item_list_of_other_form_is_refused() {
        for list in ["", "{}", "[1]", "[[]]", r#"[["0"]]"#, "[[0]]", r#"[[0, "0"]]"#, r#"[[0, "0g"]]"#, "[[0, 1]]"] {
            let bytes = items(list).and_then(|items| placed(&items, 1, Reader::field::<Option<Vec<u8>>>));
            assert!(bytes.is_err(), "{list}");
        }
    }
}
