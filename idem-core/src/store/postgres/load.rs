//! Loads. Each row has the time, 0 for a row of the first list or 1 for a key, its position in what was asked, and the columns of
//! both.

use sqlx::postgres::PgRow;
use sqlx::{Error, Postgres};

use crate::store::loaded::{KeysOf, Load, Loaded};
use crate::store::reader::{Columns, Reader, place};

impl Load for Postgres {
    fn take<R: Columns>(mut row: Reader<'_, PgRow>, loaded: &mut Loaded<R>, of: KeysOf) -> Result<(), Error> {
        loaded.now = row.field()?;
        let (is_key, position): (bool, _) = (row.field()?, row.position()?);
        if is_key {
            row.skip(R::COLUMNS.len());
            return of.read(&mut row, &mut loaded.keys, position);
        }
        place(&mut loaded.rows, position, row.maybe()?)
    }
}
