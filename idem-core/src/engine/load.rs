//! Loads what items are decided on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::decide::{Decision, Limits, decide};
use super::item::Item;
use super::snapshot::{Needs, Snapshot};
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::error::StoreError;

/// Loads the items' machines and keys in one statement, and what else the decision turns out to need; decides.
///
/// With `lock`, the machines are locked before they are read: by a statement of their own, because one that waits for a
/// lock and reads the keys in the same breath sees the new state and not the key that led to it. The flag in `lock` is set before
/// the first statement that may write: what is missing and has to be locked is made first.
pub(crate) async fn load_and_decide<DB: Database>(
    conn: &mut DB::Connection,
    sql: &DB::Sql,
    items: &[Item],
    limits: &Limits,
    mut lock: Option<&mut bool>,
) -> Result<Decision, StoreError> {
    let machines: BTreeSet<(&'static str, Arc<str>)> =
        items.iter().map(|item| (item.machine(), item.id.clone())).collect();
    let keys: Vec<KeyHash> = items
        .iter()
        .filter_map(|item| item.key.as_ref().map(|(_, hash)| *hash))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let ids: Vec<(&str, &str)> = machines.iter().map(|(machine, id)| (*machine, &**id)).collect();
    if lock.is_some() {
        DB::lock_machines(conn, sql, &ids).await?;
    }
    let loaded = DB::load(conn, sql, &ids, &keys).await?;
    let mut snapshot = Snapshot {
        now: loaded.now,
        machines: machines.iter().cloned().zip(loaded.machines).collect(),
        keys: keys.into_iter().zip(loaded.keys).filter_map(|(hash, row)| Some((hash, row?))).collect::<HashMap<_, _>>(),
        runs: BTreeMap::new(),
        visits: BTreeMap::new(),
        accounts: BTreeMap::new(),
    };
    loop {
        match decide(items, &snapshot, limits) {
            Ok(decision) => return Ok(decision),
            // Each round loads what was missing, and an item can miss only what its machine, its rules and the chain of
            // its alternatives name: the rounds end.
            Err(needs) => fill::<DB>(conn, sql, &mut snapshot, needs, lock.as_deref_mut()).await?,
        }
    }
}

async fn fill<DB: Database>(
    conn: &mut DB::Connection,
    sql: &DB::Sql,
    snapshot: &mut Snapshot,
    needs: Needs,
    lock: Option<&mut bool>,
) -> Result<(), StoreError> {
    if !needs.runs.is_empty() {
        let runs: Vec<_> = needs.runs.iter().map(|(machine, id, command)| (*machine, &**id, *command)).collect();
        let rows = DB::last_runs(conn, sql, &runs).await?;
        snapshot.runs.extend(needs.runs.iter().cloned().zip(rows));
    }
    for (visit, names) in needs.visits {
        let (machine, id, _) = &visit;
        let found = DB::last_visit(conn, sql, (machine, id), &names).await?;
        snapshot.visits.insert(visit, found);
    }
    if !needs.accounts.is_empty() {
        let accounts: Vec<_> = needs.accounts.iter().map(String::as_str).collect();
        let locked = lock.is_some();
        if let Some(writing) = lock {
            *writing = true;
        }
        let rows = DB::load_accounts(conn, sql, &accounts, locked).await?;
        snapshot.accounts.extend(needs.accounts.iter().cloned().zip(rows));
    }
    Ok(())
}
