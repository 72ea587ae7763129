//! Loads. The rows are keys, each with its position in what was asked; one without a position has the time, and all rows of the
//! first list as one value.

use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Sqlite};

use super::items::items;
use crate::store::loaded::{KeysOf, Load, Loaded};
use crate::store::reader::{Columns, Reader, placed};

impl Load for Sqlite {
    fn take<R: Columns>(mut row: Reader<'_, SqliteRow>, loaded: &mut Loaded<R>, of: KeysOf) -> Result<(), Error> {
        if let Some(position) = row.optional_position()? {
            return of.read(&mut row, &mut loaded.keys, position);
        }
        row.skip(of.columns());
        let list: String;
        (loaded.now, list) = (row.field()?, row.field()?);
        loaded.rows = placed(&items(&list)?, loaded.rows.len(), Reader::maybe)?;
        Ok(())
    }
}
