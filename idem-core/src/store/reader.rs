//! Rows as every store reads them: the columns in one order, whatever the database. A list says the name of each column, its
//! kind, and the field it is read into; the text of a statement, the row of NULLs and the reader follow from the list.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::Error;

use super::columns::Kind;
use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::wire::Stored;

/// A database's row, by column.
pub trait Cells {
    fn is_null(&self, column: usize) -> Result<bool, Error>;
    fn int(&self, column: usize) -> Result<Option<i64>, Error>;
    fn text(&self, column: usize) -> Result<Option<String>, Error>;
    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error>;
}

/// A column that is read.
#[derive(Debug, Clone, Copy)]
pub struct ReadColumn {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// A row that is read from a list of columns.
pub trait Columns: Sized {
    const COLUMNS: &'static [ReadColumn];

    /// Reads them from left to right.
    ///
    /// # Errors
    /// A column is not what it should be.
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error>;
}

/// The columns of a row: for each field the columns that it is read from.
macro_rules! columns {
    ($row:ident { $($field:ident: [$($column:ident $kind:ident),+]),+ $(,)? }) => {
        impl crate::store::reader::Columns for $row {
            const COLUMNS: &'static [crate::store::reader::ReadColumn] = &[$($(crate::store::reader::ReadColumn {
                name: stringify!($column),
                kind: crate::store::columns::Kind::$kind,
            }),+),+];

            fn read<C: crate::store::reader::Cells>(
                row: &mut crate::store::reader::Reader<'_, C>,
            ) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: crate::store::reader::Field::read(row)?),+ })
            }
        }
    };
}
pub(super) use columns;

/// Reads a row from left to right.
#[derive(Debug)]
pub struct Reader<'r, C> {
    row: &'r C,
    column: usize,
}

impl<'r, C: Cells> Reader<'r, C> {
    pub(crate) fn new(row: &'r C) -> Self {
        Self { row, column: 0 }
    }

    fn next<T>(&mut self, read: impl FnOnce(&C, usize) -> Result<Option<T>, Error>) -> Result<Option<T>, Error> {
        let value = read(self.row, self.column);
        self.column += 1;
        value
    }

    pub(crate) fn skip(&mut self, columns: usize) {
        self.column += columns;
    }

    /// The next field.
    pub(crate) fn field<T: Field>(&mut self) -> Result<T, Error> {
        T::read(self)
    }

    /// A list of columns.
    pub(crate) fn read<T: Columns>(&mut self) -> Result<T, Error> {
        T::read(self)
    }

    /// A list of columns; `None`, and none of them read, if the first is NULL: then there is no such row.
    pub(crate) fn maybe<T: Columns>(&mut self) -> Result<Option<T>, Error> {
        if self.row.is_null(self.column)? {
            self.skip(T::COLUMNS.len());
            return Ok(None);
        }
        T::read(self).map(Some)
    }

    /// A position in a list that was bound.
    pub(crate) fn position(&mut self) -> Result<usize, Error> {
        self.optional_position()?.ok_or_else(|| Error::Decode("a row has no position".into()))
    }

    /// The same where not every row has one.
    pub(crate) fn optional_position(&mut self) -> Result<Option<usize>, Error> {
        let position: Option<i64> = self.field()?;
        position.map(usize::try_from).transpose().map_err(|error| Error::Decode(error.into()))
    }
}

/// A field of a row, read from one column or from several.
pub trait Field: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// A column has another type, or no value where the field needs one.
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error>;
}

/// Fields of one column: how each is read if it may be NULL, and that it may not.
macro_rules! fields {
    ($($field:ty: $read:ident $(as $convert:expr)?),+ $(,)?) => {$(
        impl Field for Option<$field> {
            fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
                let value = row.next(C::$read)?;
                Ok(value$(.map($convert))?)
            }
        }

        impl Field for $field {
            fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
                let column = row.column;
                let value: Option<Self> = row.field()?;
                value.ok_or_else(|| Error::Decode(format!("column {column} has no value").into()))
            }
        }
    )+};
}

fields! {
    i64: int,
    String: text,
    Cow<'static, str>: text as Cow::Owned,
    Vec<u8>: bytes,
    bool: int as |flag| flag != 0,
    Timestamp: int as Timestamp::from_micros,
    Arc<str>: text as Into::into,
    Stored: bytes as |bytes| Stored(bytes.into()),
    // Of another length they become those that nothing has.
    KeyHash: bytes as |bytes| bytes.try_into().map_or(KeyHash::UNKNOWN, KeyHash),
    Fingerprint: bytes as |bytes| bytes.try_into().map_or(Fingerprint::UNKNOWN, Fingerprint),
}

/// Columns that are NULL together; NULL alone, one of them makes the field none.
impl<A, B> Field for Option<(A, B)>
where
    Option<A>: Field,
    Option<B>: Field,
{
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let (one, two): (Option<A>, Option<B>) = (row.field()?, row.field()?);
        Ok(one.zip(two))
    }
}

/// Scope and key, as the caller gave them.
impl Field for Option<Key> {
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let texts: Option<(String, String)> = row.field()?;
        Ok(texts.map(|(scope, key)| Key::joined(scope, &key)))
    }
}

impl<A, B, D> Field for Option<(A, B, D)>
where
    Option<A>: Field,
    Option<B>: Field,
    Option<D>: Field,
{
    fn read<C: Cells>(row: &mut Reader<'_, C>) -> Result<Self, Error> {
        let (one, two, three): (Option<A>, Option<B>, Option<D>) = (row.field()?, row.field()?, row.field()?);
        Ok(one.zip(two).zip(three).map(|((one, two), three)| (one, two, three)))
    }
}

/// For each item of a list that was bound: what the row that begins with its position says of it.
pub(crate) fn placed<'r, C: Cells, T>(
    rows: &'r [C],
    count: usize,
    read: impl Fn(&mut Reader<'r, C>) -> Result<Option<T>, Error>,
) -> Result<Vec<Option<T>>, Error> {
    let mut list = places(count);
    for row in rows {
        let mut row = Reader::new(row);
        let position = row.position()?;
        place(&mut list, position, read(&mut row)?)?;
    }
    Ok(list)
}

/// Puts `value` where the list that was bound had what it belongs to.
pub(crate) fn place<T>(list: &mut [Option<T>], position: usize, value: Option<T>) -> Result<(), Error> {
    let slot = list.get_mut(position).ok_or_else(|| Error::Decode(format!("no item {position} was asked").into()))?;
    *slot = value;
    Ok(())
}

/// As many empty places as were asked for.
pub(crate) fn places<T>(count: usize) -> Vec<Option<T>> {
    std::iter::repeat_with(|| None).take(count).collect()
}
