//! Loads what items are decided on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::engine::decide::command::{Decision, decide};
use crate::engine::decide::snapshot::{Expired, MachineId, Needs, Snapshot};
use crate::engine::plan::Item;
use crate::engine::shared::Shared;
use crate::key::KeyHash;
use crate::model::ledger::change::{LedgerChange, accounts_and_hold};
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::ledger::{NamedHold, Question};
use crate::store::rows::AccountRow;

/// Loads the items' machines and keys in one statement, their ledger keys and accounts in another, and what else the
/// decision turns out to need; decides.
///
/// With `lock`, machines and accounts are locked before they are read: by a statement of their own, because one that waits
/// for a lock and reads the keys in the same breath sees the new state and not the key that led to it. The flag in `lock` is
/// set before the first statement that may write: what is missing and has to be locked is made first.
pub(crate) async fn load_and_decide<DB: Database>(
    shared: &Shared<DB>,
    conn: &mut DB::Connection,
    items: &[Item],
    mut lock: Option<&mut bool>,
) -> Result<Decision, StoreError> {
    let mut asked = Asked::of(items);
    let mut snapshot = Snapshot::default();
    if !asked.holds.is_empty() {
        let of_holds = load_holds::<DB>(conn, &shared.sql, &mut snapshot, &asked.holds).await?;
        asked.accounts.extend(of_holds);
    }
    let machines: Vec<(&str, &str)> = asked.machines.iter().map(|(machine, id)| (*machine, &**id)).collect();
    let mut accounts: Vec<&str> = asked.accounts.iter().map(|account| &**account).collect();
    if let Some(writing) = lock.as_deref_mut() {
        if !machines.is_empty() {
            DB::lock_machines(conn, &shared.sql, &machines).await?;
        }
        if !accounts.is_empty() {
            *writing = true;
            let rows = DB::load_accounts(conn, &shared.sql, &accounts, true).await?;
            snapshot.accounts.extend(asked.accounts.iter().cloned().zip(rows));
            accounts.clear();
            if !asked.holds.is_empty() {
                load_holds::<DB>(conn, &shared.sql, &mut snapshot, &asked.holds).await?;
            }
        }
    }
    if !machines.is_empty() {
        let loaded = DB::load(conn, &shared.sql, &machines, &asked.keys).await?;
        snapshot.now = Some(loaded.now);
        snapshot.machines = asked.machines.iter().cloned().zip(loaded.machines).collect();
        snapshot.keys = known(&asked.keys, loaded.keys);
    }
    if !asked.ledger_keys.is_empty() {
        let loaded = DB::load_ledger(conn, &shared.sql, &asked.ledger_keys, &accounts).await?;
        snapshot.now = Some(loaded.now);
        snapshot.keys.extend(known(&asked.ledger_keys, loaded.keys));
        if !accounts.is_empty() {
            snapshot.accounts.extend(asked.accounts.iter().cloned().zip(loaded.accounts));
        }
    }
    loop {
        match decide(items, &snapshot, &shared.settings.limits) {
            Ok(decision) => {
                shared.accounts.note(&snapshot.accounts);
                return Ok(decision);
            }
            // Each round loads what was missing, and an item can miss only what its machine, its rules and the chain of
            // its alternatives name: the rounds end.
            Err(needs) => fill::<DB>(conn, &shared.sql, &mut snapshot, needs, lock.as_deref_mut()).await?,
        }
    }
}

/// What is known of the items before anything is loaded.
struct Asked {
    machines: BTreeSet<MachineId>,
    keys: Vec<KeyHash>,
    ledger_keys: Vec<KeyHash>,
    accounts: BTreeSet<Arc<str>>,
    holds: BTreeSet<Arc<str>>,
}

impl Asked {
    fn of(items: &[Item]) -> Self {
        let (mut machines, mut accounts, mut holds) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut keys, mut ledger_keys) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            match item {
                Item::Command(command) => {
                    machines.insert((command.machine(), command.id.clone()));
                    keys.extend(command.key.as_ref().map(|(_, hash)| *hash));
                }
                Item::Posting(posting) => {
                    ledger_keys.insert(posting.hash);
                    let (named, hold) = accounts_and_hold(&posting.change);
                    accounts.extend(named.into_iter().cloned());
                    holds.extend(hold.cloned());
                }
            }
        }
        let listed = |keys: BTreeSet<KeyHash>| keys.into_iter().collect();
        Self { machines, keys: listed(keys), ledger_keys: listed(ledger_keys), accounts, holds }
    }
}

fn known<R>(keys: &[KeyHash], rows: Vec<Option<R>>) -> HashMap<KeyHash, R> {
    keys.iter().copied().zip(rows).filter_map(|(hash, row)| Some((hash, row?))).collect()
}

async fn fill<DB: Database>(
    conn: &mut DB::Connection,
    sql: &DB::Sql,
    snapshot: &mut Snapshot,
    needs: Needs,
    lock: Option<&mut bool>,
) -> Result<(), StoreError> {
    if !needs.runs.is_empty() {
        let runs: Vec<_> = needs.runs.iter().map(|(machine, id, seq)| (*machine, &**id, *seq)).collect();
        let rows = DB::load_runs(conn, sql, &runs).await?;
        snapshot.runs.extend(needs.runs.iter().cloned().zip(rows));
    }
    for (visit, names) in needs.visits {
        let (machine, id, _) = &visit;
        let found = DB::last_visit(conn, sql, (machine, id), &names).await?;
        snapshot.visits.insert(visit, found);
    }
    let mut missing = needs.accounts;
    if !needs.holds.is_empty() {
        let of_holds = load_holds::<DB>(conn, sql, snapshot, &needs.holds).await?;
        missing.extend(of_holds.into_iter().filter(|account| !snapshot.accounts.contains_key(account)));
    }
    if !missing.is_empty() {
        let accounts: Vec<_> = missing.iter().map(|account| &**account).collect();
        let locked = lock.is_some();
        if let Some(writing) = lock {
            *writing = true;
        }
        let rows = DB::load_accounts(conn, sql, &accounts, locked).await?;
        snapshot.accounts.extend(missing.iter().cloned().zip(rows));
        if locked && !needs.holds.is_empty() {
            load_holds::<DB>(conn, sql, snapshot, &needs.holds).await?;
        }
    }
    for (account, asked) in needs.expired {
        let now = snapshot.now.unwrap_or(crate::clock::Timestamp::from_micros(0));
        let question = Question::ExpiredHolds { account: &account, now, limit: asked };
        let holds: Vec<NamedHold> = DB::answer(conn, sql, &question).await?;
        snapshot.expired.insert(account, Expired { holds: holds.into_iter().collect(), asked });
    }
    Ok(())
}

/// Brings holds into the snapshot; gives the accounts they are of.
///
/// A hold has no lock of its own: its account's is the lock, so where accounts are locked, holds are read again after it.
async fn load_holds<DB: Database>(
    conn: &mut DB::Connection,
    sql: &DB::Sql,
    snapshot: &mut Snapshot,
    holds: &BTreeSet<Arc<str>>,
) -> Result<Vec<Arc<str>>, StoreError> {
    let names: Vec<&str> = holds.iter().map(|hold| &**hold).collect();
    let found: Vec<NamedHold> = DB::answer(conn, sql, &Question::Holds(&names)).await?;
    let accounts = found.iter().map(|(_, row)| row.account.clone()).collect();
    snapshot.holds.extend(holds.iter().map(|hold| (hold.clone(), None)));
    snapshot.holds.extend(found.into_iter().map(|(hold, row)| (hold, Some(row))));
    Ok(accounts)
}

/// Decides changes of the ledger without a load, as if their keys were new and nothing stood in their way. The write finds
/// out: it is relative to whatever the accounts hold. `None` if that cannot be told beforehand.
pub(crate) fn assume<DB: Database>(shared: &Shared<DB>, items: &[Item]) -> Option<Decision> {
    if !DB::BLIND {
        return None;
    }
    let mut accounts: BTreeMap<Arc<str>, Option<AccountRow>> = BTreeMap::new();
    for item in items {
        let Item::Posting(posting) = item else { return None };
        let relative = matches!(
            posting.change,
            LedgerChange::Delta { .. } | LedgerChange::Transfer { .. } | LedgerChange::Post { .. }
        );
        if !relative || posting.expected.is_some() {
            return None;
        }
        for name in accounts_and_hold(&posting.change).0 {
            accounts.entry(name.clone()).or_insert_with(|| Some(shared.accounts.assumed(name)));
        }
    }
    let snapshot = Snapshot { accounts, ..Snapshot::default() };
    let decision = decide(items, &snapshot, &shared.settings.limits).ok()?;
    decision.answers.iter().all(Result::is_ok).then_some(decision)
}
