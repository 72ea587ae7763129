//! Lists that SQLite hands over as one value: a JSON array of arrays, each with its position in what was asked first. Bytes in
//! it are hexadecimal.

use serde_json::Value;
use sqlx::Error;

use crate::store::read::{Cells, Reader};

/// Reads each item of a list, told its position.
pub(super) fn each(
    list: &str,
    mut read: impl FnMut(usize, &mut Reader<'_, Item>) -> Result<(), Error>,
) -> Result<(), Error> {
    let items: Vec<Vec<Value>> = serde_json::from_str(list).map_err(|error| Error::Decode(error.into()))?;
    for item in items {
        let item = Item(item);
        let mut item = Reader::new(&item);
        let position = item.position()?;
        read(position, &mut item)?;
    }
    Ok(())
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

    #[test]
    fn a_list_is_read_as_rows_are() {
        let list = format!(r#"[[1, {}, null, "a\u0000b", "00fF"], [0, 2, 3, "c", ""]]"#, i64::MIN);
        let mut read = Vec::new();
        each(&list, |position, item| {
            read.push((position, item.int()?, item.maybe_int()?, item.text()?, item.bytes()?));
            Ok(())
        })
        .expect("reads");
        let first = (1, i64::MIN, None, "a\0b".to_owned(), vec![0, 255]);
        assert_eq!(read, [first, (0, 2, Some(3), "c".to_owned(), Vec::new())]);
    }

    #[test]
    fn what_is_not_such_a_list_is_an_error() {
        let bytes = |list: &str| each(list, |_, item| item.bytes().map(drop));
        for list in ["", "{}", "[1]", "[[]]", r#"[["0"]]"#, "[[0]]", r#"[[0, "0"]]"#, r#"[[0, "0g"]]"#, "[[0, 1]]"] {
            assert!(bytes(list).is_err(), "{list}");
        }
    }
}
