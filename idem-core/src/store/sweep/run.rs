//! One batch.

use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// Deletes about `limit` expired rows of each table; gives the numbers of claims and of alias keys.
pub(crate) async fn sweep<DB: Database>(session: &mut Session<'_, DB>, limit: i64) -> Result<(u64, u64), StoreError> {
    let sql = session.sql;
    let claims = session.fetch(&sql.sweep.claims, Binder::new().bind(limit)).await?.len();
    if seeded_bug!("sweep-leaves-alias-keys") {
        return Ok((claims as u64, 0));
    }
    let alias_keys = session.fetch(&sql.sweep.alias_keys, Binder::new().bind(limit)).await?.len();
    Ok((claims as u64, alias_keys as u64))
}
