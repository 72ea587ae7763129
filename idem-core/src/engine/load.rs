//! Loads what plans are decided on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::engine::decide::decision::{Decision, decide};
use crate::engine::decide::history::History;
use crate::engine::decide::snapshot::{Asked, ExpiredHolds, Needs, Snapshot, TableFound};
use crate::engine::plan::{Assuming, Plan};
use crate::engine::shared::Shared;
use crate::key::KeyHash;
use crate::map::Map;
use crate::model::row::identifier::TableName;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::ledger::queries::{LedgerQuery, answer, load_accounts, load_ledger, load_tally, lock_tally};
use crate::store::ledger::rows::NamedHold;
use crate::store::machine::queries::{history, last_visit, load, load_transitions, lock_machines};
use crate::store::row::queries::{describe, find};
use crate::store::session::Session;

/// Whether machines and accounts are locked before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    None,
    /// By a statement of their own: one that waits for a lock and reads the keys as well sees the new state, and not the key that
    /// led to it. What is missing and has to be locked is made first, so the transaction is half-written
    /// from then on.
    Rows,
}

/// Loads the plans' machines and keys in one statement, their ledger keys and accounts in another, and what else the decision
/// turns out to need; decides.
///
/// Between two of these statements another process may do what one of the plans asks for: its key did not exist yet, and then its
/// money is gone. A plan that is refused for what was read later than its key is decided again: on reads of one moment, or under
/// the locks that are held by then. An effect needs no such care, because its write compares.
pub(crate) async fn load_and_decide<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    plans: &[&dyn Plan<DB>],
    lock: Lock,
) -> Result<Decision<DB>, StoreError> {
    let decision = load_and_decide_once(shared, session, plans, lock).await?;
    if !decision.refused_late || seeded_bug!("refused-on-torn-reads") {
        return Ok(decision);
    }
    // On the heap: few calls come here.
    Box::pin(decide_again(shared, session, plans, lock)).await
}

async fn decide_again<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    plans: &[&dyn Plan<DB>],
    lock: Lock,
) -> Result<Decision<DB>, StoreError> {
    if lock == Lock::Rows {
        return load_and_decide_once(shared, session, plans, lock).await;
    }
    session.begin(DB::SNAPSHOT).await?;
    let again = load_and_decide_once(shared, session, plans, lock).await;
    session.roll_back().await?;
    again
}

async fn load_and_decide_once<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    plans: &[&dyn Plan<DB>],
    lock: Lock,
) -> Result<Decision<DB>, StoreError> {
    let mut asked = Asked::default();
    for plan in plans {
        plan.ask(&mut asked);
    }
    let snapshot = load_asked(session, asked, lock).await?;
    if let Some(now) = snapshot.now {
        shared.clock.note(now);
    }
    decide_loading(shared, session, plans, snapshot, lock).await
}

/// Decides on what is assumed, and on a load of what is not. `None`: the write would not find out whether all of it is so.
pub(crate) async fn decide_blind<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    plans: &[&dyn Plan<DB>],
    Assumed { mut snapshot, loaded }: Assumed,
) -> Result<Option<Decision<DB>>, StoreError> {
    if !loaded.is_empty() {
        let mut asked = Asked::default();
        for at in &loaded {
            plans[*at].ask(&mut asked);
        }
        snapshot.add(load_asked(session, asked, Lock::None).await?);
    }
    let decision = decide_loading(shared, session, plans, snapshot, Lock::None).await?;
    let assumed = |at| loaded.binary_search(&at).is_err();
    Ok(Some(decision).filter(|decision| decision.rests_on_its_write(assumed)))
}

/// Decides on a snapshot, and loads what that turns out to need.
pub(crate) async fn decide_loading<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    plans: &[&dyn Plan<DB>],
    mut snapshot: Snapshot,
    lock: Lock,
) -> Result<Decision<DB>, StoreError> {
    loop {
        match decide(plans, &snapshot, &shared.settings.limits) {
            Ok(decision) => {
                // Under locks, an account may be one that this transaction has opened, and will roll back.
                if !snapshot.blind && (lock == Lock::None || seeded_bug!("account-of-a-rollback")) {
                    shared.memory.accounts.note(&snapshot.accounts);
                }
                return Ok(decision);
            }
            // Each round loads what was missing, and a plan can miss only what its machine, its rules and the chain of
            // its alternatives name: the rounds end.
            // On the heap: it is larger than all that a call awaits beside it, and most are decided on the first load.
            Err(needs) => Box::pin(fill(shared, session, &mut snapshot, *needs, lock)).await?,
        }
    }
}

/// What plans are decided on that are not loaded, or not all.
pub(crate) struct Assumed {
    pub(crate) snapshot: Snapshot,
    /// The places of the plans that are loaded, in their order.
    loaded: Vec<usize>,
}

/// What plans are decided on without a load, for a write that finds out whether it is so. `None` if that is not possible for most
/// of them.
pub(crate) fn assume<DB: Database>(shared: &Shared<DB>, plans: &[&dyn Plan<DB>], own: bool) -> Option<Assumed> {
    // A load tells the time, past which a write that can be asked for must not come.
    let timed = own && DB::WRITES_IN_ONE_STATEMENT && plans.iter().any(|plan| plan.key().is_some());
    let now = shared.clock.after(Duration::ZERO).filter(|_| shared.clock.is_known());
    if timed && now.is_none() {
        return None;
    }
    let mut snapshot = Snapshot { blind: true, ..Snapshot::default() };
    let cx = Assuming { own, memory: &shared.memory, now, sql: &shared.sql };
    let places = plans.iter().enumerate();
    let loaded = places.filter(|(_, plan)| !plan.assume(&cx, &mut snapshot)).map(|(at, _)| at);
    let loaded: Vec<usize> = loaded.collect();
    let most_loaded = if own { plans.len() / 2 } else { 0 };
    (loaded.len() <= most_loaded).then_some(Assumed { snapshot, loaded })
}

async fn load_asked<DB: Database>(
    session: &mut Session<'_, DB>,
    asked: Asked<'_>,
    lock: Lock,
) -> Result<Snapshot, StoreError> {
    let Asked { machines, keys, ledger_keys, mut accounts, holds } = asked;
    let mut snapshot = Snapshot::default();
    if !holds.is_empty() {
        accounts.extend(load_holds(session, &mut snapshot, &holds).await?);
    }
    let machines: Vec<(&'static str, &Arc<str>)> = machines.into_iter().collect();
    let ids: Vec<(&str, &str)> = machines.iter().map(|(machine, id)| (*machine, &***id)).collect();
    let mut names: Vec<&str> = accounts.iter().map(|account| &**account).collect();
    if lock == Lock::Rows {
        if !ids.is_empty() {
            lock_machines(session, &ids).await?;
        }
        if !names.is_empty() {
            session.half_written(true);
            let rows = load_accounts(session, &names, true).await?;
            snapshot.accounts.extend(accounts.iter().cloned().zip(rows));
            names.clear();
            if !holds.is_empty() {
                load_holds(session, &mut snapshot, &holds).await?;
            }
        }
    }
    if !ids.is_empty() {
        let keys: Vec<KeyHash> = keys.into_iter().collect();
        let loaded = load(session, &ids, &keys).await?;
        snapshot.now = Some(loaded.now);
        let found = machines.iter().map(|(machine, id)| (*machine, (*id).clone()));
        snapshot.machines = found.zip(loaded.rows).collect();
        snapshot.keys = known(&keys, loaded.keys);
    }
    if !ledger_keys.is_empty() {
        let keys: Vec<KeyHash> = ledger_keys.into_iter().collect();
        let loaded = load_ledger(session, &keys, &names).await?;
        snapshot.now = Some(loaded.now);
        snapshot.keys.extend(known(&keys, loaded.keys));
        if !names.is_empty() {
            snapshot.accounts.extend(accounts.iter().cloned().zip(loaded.rows));
        }
    }
    Ok(snapshot)
}

fn known<R>(keys: &[KeyHash], rows: Vec<Option<R>>) -> Map<KeyHash, R> {
    keys.iter().copied().zip(rows).filter_map(|(hash, row)| Some((hash, row?))).collect()
}

async fn fill<DB: Database>(
    shared: &Shared<DB>,
    session: &mut Session<'_, DB>,
    snapshot: &mut Snapshot,
    needs: Needs,
    lock: Lock,
) -> Result<(), StoreError> {
    if !needs.transitions.is_empty() {
        let ids: Vec<_> = needs.transitions.iter().map(|(machine, id, seq)| (*machine, &**id, *seq)).collect();
        let rows = load_transitions(session, &ids).await?;
        snapshot.transitions.extend(needs.transitions.iter().cloned().zip(rows));
    }
    for (visit, names) in needs.visits {
        let (machine, id, _) = &visit;
        let found = last_visit(session, (machine, id), &names).await?;
        snapshot.visits.insert(visit, found);
    }
    for (machine, id) in needs.histories {
        let history = folded(session, (machine, &id)).await?;
        snapshot.histories.insert((machine, id), history);
    }
    let mut missing = needs.accounts;
    if snapshot.blind {
        for account in std::mem::take(&mut missing) {
            let row = shared.memory.accounts.assumed(&account);
            snapshot.accounts.insert(account, Some(row));
        }
    }
    if !needs.holds.is_empty() {
        let of_holds = load_holds(session, snapshot, &needs.holds).await?;
        missing.extend(of_holds.into_iter().filter(|account| !snapshot.accounts.contains_key(account)));
    }
    if !missing.is_empty() {
        let accounts: Vec<_> = missing.iter().map(|account| &**account).collect();
        let locked = lock == Lock::Rows;
        if locked {
            session.half_written(true);
        }
        let rows = load_accounts(session, &accounts, locked).await?;
        snapshot.accounts.extend(missing.iter().cloned().zip(rows));
        if locked && !needs.holds.is_empty() {
            load_holds(session, snapshot, &needs.holds).await?;
        }
    }
    for account in needs.tails {
        if lock == Lock::Rows {
            session.half_written(true);
            lock_tally(session, &account).await?;
        }
        let (row, tail) = load_tally(session, &account).await?.unzip();
        snapshot.tails.insert(account.clone(), tail.unwrap_or(0));
        snapshot.accounts.insert(account, row);
    }
    for (account, asked) in needs.expired {
        let now = snapshot.now.unwrap_or(Timestamp::from_micros(0));
        let query = LedgerQuery::ExpiredHolds { account: &account, now, limit: asked };
        let holds: Vec<NamedHold> = answer(session, &query).await?;
        snapshot.expired.insert(account, ExpiredHolds { holds: holds.into_iter().collect(), asked });
    }
    if let Some((table, anew)) = needs.table {
        snapshot.table = Some(table_found(session, &table, anew).await?);
        // It was read by the description before.
        snapshot.row = None;
    }
    if let Some((update, table)) = needs.row {
        let found = find(session, &update, &table, lock == Lock::Rows).await?;
        shared.clock.note(found.now);
        snapshot.row = Some(found);
    }
    Ok(())
}

/// A machine's history, folded page by page.
async fn folded<DB: Database>(
    session: &mut Session<'_, DB>,
    machine: (&str, &str),
) -> Result<Option<History>, StoreError> {
    let mut folded: Option<History> = None;
    loop {
        let after = folded.as_ref().map_or(0, |history| history.newest.seq);
        let rows = history(session, machine, after, History::PAGE).await?;
        let ended = i64::try_from(rows.len()).is_ok_and(|count| count < History::PAGE);
        folded = rows.into_iter().fold(folded, |folded, row| Some(History::then(folded, row)));
        if ended {
            return Ok(folded);
        }
    }
}

/// A caller's table, as it was last described or as it is now.
async fn table_found<DB: Database>(
    session: &mut Session<'_, DB>,
    table: &TableName,
    anew: bool,
) -> Result<TableFound, StoreError> {
    let sql = session.sql;
    if let Some(known) = TableFound::known(sql, table).filter(|_| !anew) {
        return Ok(known);
    }
    let described = describe(session, table).await?.map(Arc::new);
    match &described {
        Some(described) => sql.note_described(table.as_str(), described.clone()),
        None => sql.forget_described(table.as_str()),
    }
    Ok(TableFound { table: described, anew: true })
}

/// Brings holds into the snapshot; gives the accounts they are of.
///
/// A hold has no lock of its own: its account's is the lock, so where accounts are locked, holds are read again after it.
async fn load_holds<DB: Database>(
    session: &mut Session<'_, DB>,
    snapshot: &mut Snapshot,
    holds: &BTreeSet<Arc<str>>,
) -> Result<Vec<Arc<str>>, StoreError> {
    let names: Vec<&str> = holds.iter().map(|hold| &**hold).collect();
    let found: Vec<NamedHold> = answer(session, &LedgerQuery::Holds(&names)).await?;
    let accounts = found.iter().map(|(_, row)| row.account.clone()).collect();
    snapshot.holds.extend(holds.iter().map(|hold| (hold.clone(), None)));
    snapshot.holds.extend(found.into_iter().map(|(hold, row)| (hold, Some(row))));
    Ok(accounts)
}
