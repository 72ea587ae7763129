//! What a write in a lent transaction did before it was lost, taken back.
//!
//! Row by row, because it is rare, and a plan for a list may read the whole table.

use sqlx::Postgres;

use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::template::render;

pub(super) const DELETE_KEY: &str = "DELETE FROM {keys} WHERE hash = $1::bytea";

pub(super) const DELETE_MACHINE: &str = "DELETE FROM {machines} WHERE machine = $1::text AND id = $2::text";

/// Takes back the keys that were claimed and the machines that were started.
pub(super) async fn undo(
    session: &mut Session<'_, Postgres>,
    claimed: &[Vec<u8>],
    started: impl Iterator<Item = (String, String)>,
) -> Result<(), StoreError> {
    for hash in claimed {
        delete_key(session, hash).await?;
    }
    for (machine, id) in started {
        let text = render::<Postgres>(&session.sql.tables, DELETE_MACHINE);
        session.fetch(&text, Binder::new().bind(&machine).bind(&id)).await?;
    }
    Ok(())
}

pub(super) async fn delete_key(session: &mut Session<'_, Postgres>, hash: &[u8]) -> Result<(), StoreError> {
    let text = render::<Postgres>(&session.sql.tables, DELETE_KEY);
    session.fetch(&text, Binder::new().bind(hash)).await.map(drop)
}
