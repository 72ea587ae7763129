//! Reads of machines, and their locks: a statement each.

use super::rows::{GraphRow, MachineRow, NamedMachine, StateQuery, StoredAlias, TransitionRow, TransitionSummary};
use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::error::StoreError;
use crate::store::key::KnownKey;
use crate::store::loaded::{KeysOf, Loaded, loaded};
use crate::store::reader::{Reader, placed};
use crate::store::session::Session;

type MachineId<'a> = (&'a str, &'a str);
pub(crate) type TransitionId<'a> = (&'a str, &'a str, i64);

const fn machine_ids<'a>() -> [Column<MachineId<'a>>; 2] {
    [Column::text("machine", |id| Some(id.0)), Column::text("id", |id| Some(id.1))]
}

pub(crate) const fn transition_ids<'a>() -> [Column<TransitionId<'a>>; 3] {
    [Column::text("machine", |id| Some(id.0)), Column::text("id", |id| Some(id.1)), Column::int("seq", |id| Some(id.2))]
}

pub(crate) const HASHES: [Column<KeyHash>; 1] = [Column::bytes("hash", |hash| Some(&hash.0))];

pub(crate) const fn names<'a>() -> [Column<&'a str>; 1] {
    [Column::text("name", |name| Some(name))]
}

/// The machines, the keys with their transitions, and the database's time: one statement, no lock.
pub(crate) async fn load<DB: Database>(
    session: &mut Session<'_, DB>,
    machines: &[MachineId<'_>],
    keys: &[KeyHash],
) -> Result<Loaded<MachineRow>, StoreError> {
    let sql = session.sql;
    if machines.len() > 1 || keys.len() > 1 {
        let binder = Binder::new().rows(&machine_ids(), machines).rows(&HASHES, keys);
        let rows = session.fetch(&sql.machines.load_many, binder).await?;
        return Ok(loaded::<DB, _>(&rows, KeysOf::Machines, (machines.len(), keys.len()))?);
    }
    let ((name, id), key) = (machines.first().copied().unzip(), keys.first());
    let binder = Binder::new().bind(name).bind(id).bind(key.map(|hash| &hash.0[..]));
    let row = session.fetch_one(&sql.machines.load_one, binder).await?;
    let mut row = Reader::new(&row);
    let now = row.field()?;
    let stored: Option<MachineRow> = row.maybe()?;
    let known = KnownKey::of_machine(&mut row)?;
    let rows = name.map(|_| stored).into_iter().collect();
    Ok(Loaded { now, rows, keys: key.map(|_| known).into_iter().collect() })
}

/// The database's time.
pub(crate) async fn now<DB: Database>(session: &mut Session<'_, DB>) -> Result<Timestamp, StoreError> {
    load(session, &[], &[]).await.map(|loaded| loaded.now)
}

/// Locks the rows of those machines that exist, in the order of their bytes, until the transaction ends. What they hold is
/// loaded by the next statement. Nothing to do where the transaction itself is the lock.
pub(crate) async fn lock_machines<DB: Database>(
    session: &mut Session<'_, DB>,
    machines: &[MachineId<'_>],
) -> Result<(), StoreError> {
    let sql = session.sql;
    if sql.machines.lock.is_empty() {
        return Ok(());
    }
    session.fetch(&sql.machines.lock, Binder::new().rows(&machine_ids(), machines)).await.map(drop)
}

/// The transition of each (machine, id, seq).
pub(crate) async fn load_transitions<DB: Database>(
    session: &mut Session<'_, DB>,
    ids: &[TransitionId<'_>],
) -> Result<Vec<Option<TransitionSummary>>, StoreError> {
    let sql = session.sql;
    let rows = session.fetch(&sql.machines.transitions, Binder::new().rows(&transition_ids(), ids)).await?;
    Ok(placed(&rows, ids.len(), Reader::maybe)?)
}

/// The visit of the newest transition of one machine that led to one of `states`.
pub(crate) async fn last_visit<DB: Database>(
    session: &mut Session<'_, DB>,
    (machine, id): MachineId<'_>,
    states: &[&str],
) -> Result<Option<i64>, StoreError> {
    let sql = session.sql;
    let binder = Binder::new().bind(machine).bind(id).rows(&names(), states);
    let rows = session.fetch(&sql.machines.last_visit, binder).await?;
    Ok(rows.first().map(|row| Reader::new(row).field()).transpose()?)
}

/// A page of one machine's history with `seq` above `after`, oldest first.
pub(crate) async fn history<DB: Database>(
    session: &mut Session<'_, DB>,
    (machine, id): MachineId<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<TransitionRow>, StoreError> {
    let sql = session.sql;
    let binder = Binder::new().bind(machine).bind(id).bind(after).bind(limit);
    session.rows(&sql.machines.history, binder).await
}

/// Deletes aliases that have expired by this time. Each stands for nothing from then on, whatever becomes of the write that is to
/// have its key.
pub(crate) async fn free_keys<DB: Database>(
    session: &mut Session<'_, DB>,
    hashes: &[KeyHash],
    now: Option<Timestamp>,
) -> Result<(), StoreError> {
    let sql = session.sql;
    for hash in hashes {
        session.fetch(&sql.machines.free_key, Binder::new().bind(hash).bind(now)).await?;
    }
    Ok(())
}

/// A page of one machine's aliases with a hash above `after`.
pub(crate) async fn aliases<DB: Database>(
    session: &mut Session<'_, DB>,
    (machine, id): MachineId<'_>,
    after: &[u8],
    limit: i64,
) -> Result<Vec<StoredAlias>, StoreError> {
    let sql = session.sql;
    let binder = Binder::new().bind(machine).bind(id).bind(after).bind(limit);
    session.rows(&sql.machines.aliases, binder).await
}

/// Machines in one of `states` (a name and its earlier names), entered before `before`, in the order of (entered, id),
/// those after the cursor.
pub(crate) async fn in_state<DB: Database>(
    session: &mut Session<'_, DB>,
    query: &StateQuery<'_>,
) -> Result<Vec<NamedMachine>, StoreError> {
    let sql = session.sql;
    let (at, id) = query.after.map_or((i64::MIN, ""), |(at, id)| (at.as_micros(), id));
    let before = query.before.map_or(i64::MAX, Timestamp::as_micros);
    let binder = Binder::new().bind(query.machine).rows(&names(), query.states);
    let binder = binder.bind(at).bind(id).bind(before).bind(query.limit);
    let rows = session.fetch(&sql.machines.in_state, binder).await?;
    let machine = |row| {
        let mut row = Reader::new(row);
        Ok(NamedMachine { id: row.field()?, row: row.read()? })
    };
    rows.iter().map(machine).collect()
}

/// How many machines are stored under each state's name.
pub(crate) async fn count_by_state<DB: Database>(
    session: &mut Session<'_, DB>,
    machine: &str,
) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = session.sql;
    let rows = session.fetch(&sql.machines.count_by_state, Binder::new().bind(machine)).await?;
    let count = |row| {
        let mut row = Reader::new(row);
        Ok((row.field()?, row.field()?))
    };
    rows.iter().map(count).collect()
}

/// The machine's graph as it is stored.
pub(crate) async fn stored_graph<DB: Database>(
    session: &mut Session<'_, DB>,
    machine: &str,
) -> Result<Option<GraphRow>, StoreError> {
    let sql = session.sql;
    let rows = session.rows(&sql.machines.graph, Binder::new().bind(machine)).await?;
    Ok(rows.into_iter().next())
}

/// Stores the machine's graph if none is stored, or in place of the one with the hash `replace`.
pub(crate) async fn put_graph<DB: Database>(
    session: &mut Session<'_, DB>,
    machine: &str,
    graph: &GraphRow,
    replace: Option<&[u8]>,
) -> Result<(), StoreError> {
    let sql = session.sql;
    let binder = Binder::new().bind(machine).bind(&graph.hash[..]).bind(&graph.names).bind(replace);
    session.fetch(&sql.machines.put_graph, binder).await.map(drop)
}
