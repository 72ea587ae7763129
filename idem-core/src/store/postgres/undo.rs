//! What a write in a lent transaction added before it was lost, taken back.
//!
//! Row by row, because it is rare, and a plan for a list may read the whole table.

use sqlx::Postgres;

use super::raise::if_gone;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::template::render;

pub(super) const DELETE_KEY: &str = "DELETE FROM {claims} WHERE hash = $1::bytea";

/// Deletes a row of a table where it was added. It raises, and so aborts the transaction, if it does not exist: a trigger has moved
/// it.
pub(super) fn undo_text(table: &str) -> String {
    let gone = if_gone("count(*) = 1");
    format!(
        "WITH rows_deleted AS (DELETE FROM {{{table}}} WHERE ctid = $1::text::tid RETURNING 1)
        SELECT {gone} FROM rows_deleted"
    )
}

/// Takes back the rows of a table that were added at these places.
pub(super) async fn undo(
    session: &mut Session<'_, Postgres>,
    table: &'static str,
    places: &[String],
) -> Result<(), StoreError> {
    for place in places {
        let text = render::<Postgres>(&session.sql.tables, &undo_text(table));
        session.fetch(&text, Binder::new().bind(place)).await?;
    }
    Ok(())
}

/// Takes back the key of an update.
pub(super) async fn delete_key(session: &mut Session<'_, Postgres>, hash: &[u8]) -> Result<(), StoreError> {
    let text = render::<Postgres>(&session.sql.tables, DELETE_KEY);
    session.fetch(&text, Binder::new().bind(hash)).await.map(drop)
}
