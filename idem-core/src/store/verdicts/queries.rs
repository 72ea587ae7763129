//! Writes and reads of verdicts.

use super::rows::{StoredVerdict, VERDICTS, VerdictRow};
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// Adds verdicts, and deletes as many of those that are not the newest `kept`, and a few more.
pub(crate) async fn write<DB: Database>(
    session: &mut Session<'_, DB>,
    rows: &[VerdictRow],
    kept: i64,
) -> Result<(), StoreError> {
    let sql = session.sql;
    let trimmed = i64::try_from(rows.len()).unwrap_or(i64::MAX / 2) * 2;
    session.fetch(&sql.verdicts.add, Binder::new().rows(&VERDICTS, rows)).await?;
    session.fetch(&sql.verdicts.trim, Binder::new().bind(kept).bind(trimmed)).await.map(drop)
}

/// The newest verdicts of a key, at most `limit`, the oldest of them first.
pub(crate) async fn of_key<DB: Database>(
    session: &mut Session<'_, DB>,
    hash: &KeyHash,
    limit: i64,
) -> Result<Vec<StoredVerdict>, StoreError> {
    let text = session.sql.verdicts.of_key.clone();
    session.rows(&text, Binder::new().bind(hash).bind(limit)).await
}
