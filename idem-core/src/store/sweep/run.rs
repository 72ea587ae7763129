//! One batch.

use std::time::Duration;

use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::connect::TransactionUse;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// How long the epoch of another store is kept after it has written: an owner that is paused for longer is not fenced off any more.
const FENCES_KEPT: Duration = Duration::from_hours(30 * 24);

/// What a batch deleted, in rows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Batch {
    pub(crate) claims: u64,
    pub(crate) alias_keys: u64,
    pub(crate) fences: u64,
}

/// Deletes about `limit` expired rows of each table.
pub(crate) async fn sweep<DB: Database>(
    session: &mut Session<'_, DB>,
    limit: i64,
    wait: Duration,
) -> Result<Batch, StoreError> {
    let sql = session.sql;
    let claims = if sql.sweep.raise_floor.is_empty() {
        session.fetch(&sql.sweep.claims, Binder::new().bind(limit)).await?.len()
    } else {
        session.begin(DB::begin(wait, TransactionUse::Own)).await?;
        match sweep_claims(session, limit).await {
            Ok(claims) => {
                session.commit().await?;
                claims
            }
            // The first error is what happened; a transaction that does not roll back ends with its connection.
            Err(error) => {
                let _ = session.roll_back().await;
                return Err(error);
            }
        }
    };
    fail_point!("sweep.claims");
    if seeded_bug!("sweep-leaves-alias-keys") {
        return Ok(Batch { claims: claims as u64, ..Batch::default() });
    }
    let alias_keys = session.fetch(&sql.sweep.alias_keys, Binder::new().bind(limit)).await?.len();
    let kept = i64::try_from(FENCES_KEPT.as_micros()).unwrap_or(i64::MAX);
    let fences = session.fetch(&sql.sweep.fences, Binder::new().bind(limit).bind(kept)).await?.len();
    fail_point!("sweep.end");
    Ok(Batch { claims: claims as u64, alias_keys: alias_keys as u64, fences: fences as u64 })
}

async fn sweep_claims<DB: Database>(session: &mut Session<'_, DB>, limit: i64) -> Result<usize, StoreError> {
    let sql = session.sql;
    if !seeded_bug!("sweep-leaves-floor") {
        session.fetch(&sql.sweep.raise_floor, Binder::new().bind(limit)).await?;
    }
    let claims = session.fetch(&sql.sweep.claims, Binder::new().bind(limit)).await?.len();
    fail_point!("sweep.commit");
    Ok(claims)
}
