//! One batch.

use std::time::Duration;

use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::connect::TransactionUse;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// Deletes about `limit` expired rows of each table; gives the numbers of claims and of alias keys.
pub(crate) async fn sweep<DB: Database>(
    session: &mut Session<'_, DB>,
    limit: i64,
    wait: Duration,
) -> Result<(u64, u64), StoreError> {
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
    if seeded_bug!("sweep-leaves-alias-keys") {
        return Ok((claims as u64, 0));
    }
    let alias_keys = session.fetch(&sql.sweep.alias_keys, Binder::new().bind(limit)).await?.len();
    Ok((claims as u64, alias_keys as u64))
}

async fn sweep_claims<DB: Database>(session: &mut Session<'_, DB>, limit: i64) -> Result<usize, StoreError> {
    let sql = session.sql;
    session.fetch(&sql.sweep.raise_floor, Binder::new().bind(limit)).await?;
    Ok(session.fetch(&sql.sweep.claims, Binder::new().bind(limit)).await?.len())
}
