//! Statements about claims, with what is bound to them: each may have to be sent more than once.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::fingerprint::Fingerprint;
use crate::key::{Hex, KeyHash};
use crate::model::claim::call::{ClaimKey, Claimed, LostRow, Recalled, Renewal};
use crate::model::claim::record::ClaimState;
use crate::model::claim::transition::{ClaimRequest, Resolution};
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::error::StoreError;
use crate::store::reader::{Cells, Reader};
use crate::store::session::Session;
use crate::store::statements::Statements;
use crate::store::tables::Text;

/// A statement with what is bound to it.
#[derive(Debug)]
pub(crate) struct Query<DB: Database> {
    pub(crate) text: Text,
    pub(crate) binder: Binder<DB>,
}

const RENEWALS: [Column<Renewal>; 3] = [
    Column::bytes("hash", |renewal| Some(&renewal.hash.0)),
    Column::int("epoch", |renewal| Some(renewal.epoch.0)),
    Column::int("lease", |renewal| Some(micros(renewal.lease))),
];

/// What a unit ends with.
#[derive(Debug)]
pub(crate) struct Put<'p> {
    pub(crate) key: ClaimKey<'p>,
    pub(crate) fingerprint: &'p Fingerprint,
    /// `None` if it is known later.
    pub(crate) outcome: Option<&'p [u8]>,
    pub(crate) keep: Duration,
    pub(crate) moved: Moved<'p>,
}

/// The last machine that a unit moved, its id and seq.
pub(crate) type Moved<'m> = Option<(&'m str, &'m str, i64)>;

/// What was found when a unit was begun.
#[derive(Debug)]
pub(crate) struct UnitBegun {
    /// Another transaction works under the key.
    pub(crate) busy: bool,
    /// What is recorded of the key, if that was looked for.
    pub(crate) recalled: Option<Recalled>,
}

/// Claims a key, not after `until`; locks are waited for at most for `wait`.
pub(crate) fn claim<DB: Database>(
    sql: &Statements,
    (key, request): (ClaimKey<'_>, &ClaimRequest),
    until: Option<Timestamp>,
    wait: Duration,
) -> Query<DB> {
    let binder = Binder::new().bind(key.hash).bind(key.surface).bind(key.scope).bind(&request.fingerprint);
    let binder = binder.bind(request.owner).bind(micros(request.lease)).bind(i64::from(request.takes_over));
    bounded(&sql.claims.claim, binder.bind(until), wait)
}

/// Completes a claim.
pub(crate) fn complete<DB: Database>(
    sql: &Statements,
    (hash, epoch): (&KeyHash, Epoch),
    (outcome, keep): (&[u8], Duration),
    wait: Duration,
) -> Query<DB> {
    bounded(&sql.claims.complete, owned(hash, epoch).bind(outcome).bind(micros(keep)), wait)
}

/// Frees a claim.
pub(crate) fn release<DB: Database>(sql: &Statements, (hash, epoch): (&KeyHash, Epoch), wait: Duration) -> Query<DB> {
    bounded(&sql.claims.release, owned(hash, epoch), wait)
}

/// Ends the lease of a claim.
pub(crate) fn abandon<DB: Database>(sql: &Statements, (hash, epoch): (&KeyHash, Epoch), wait: Duration) -> Query<DB> {
    bounded(&sql.claims.abandon, owned(hash, epoch), wait)
}

/// Gives up the claim of an owner that has not begun to work.
pub(crate) fn disown<DB: Database>(sql: &Statements, hash: &KeyHash, owner: i64, wait: Duration) -> Query<DB> {
    bounded(&sql.claims.disown, Binder::new().bind(hash).bind(owner), wait)
}

/// Saves a checkpoint.
pub(crate) fn save<DB: Database>(
    sql: &Statements,
    (hash, epoch): (&KeyHash, Epoch),
    checkpoint: &[u8],
    wait: Duration,
) -> Query<DB> {
    bounded(&sql.claims.save, owned(hash, epoch).bind(checkpoint), wait)
}

/// Resolves a claim whose owner lost its lease.
pub(crate) fn resolve<DB: Database>(
    sql: &Statements,
    (hash, epoch): (&KeyHash, Epoch),
    (how, reason): (&Resolution, &str),
    wait: Duration,
) -> Query<DB> {
    let (state, outcome, keep) = match how {
        Resolution::Completed { outcome, keep } => (ClaimState::Completed, Some(&**outcome), *keep),
        Resolution::NotDone => (ClaimState::Released, None, Duration::ZERO),
    };
    let binder = owned(hash, epoch).bind(state.code()).bind(outcome).bind(micros(keep)).bind(reason);
    bounded(&sql.claims.resolve, binder, wait)
}

/// Renews claims.
pub(crate) fn renew<DB: Database>(sql: &Statements, renewals: &[Renewal]) -> Query<DB> {
    Query { text: sql.claims.renew.clone(), binder: Binder::new().rows(&RENEWALS, renewals) }
}

/// Lists claims of a surface whose owners lost their leases.
pub(crate) fn lost<DB: Database>(sql: &Statements, surface: &str, limit: i64) -> Query<DB> {
    Query { text: sql.claims.lost.clone(), binder: Binder::new().bind(surface).bind(limit) }
}

/// What is recorded of a key.
pub(crate) fn recall<DB: Database>(sql: &Statements, hash: &KeyHash) -> Query<DB> {
    Query { text: sql.claims.recall.clone(), binder: Binder::new().bind(hash) }
}

/// The claim that was made, if it was.
pub(crate) fn claimed<C: Cells>(rows: &[C]) -> Result<Option<Claimed>, StoreError> {
    Ok(rows.first().map(Claimed::read).transpose()?)
}

/// What is recorded.
pub(crate) fn recalled<C: Cells>(rows: &[C]) -> Result<Recalled, StoreError> {
    Ok(Recalled::read(rows.first().ok_or(sqlx::Error::RowNotFound)?)?)
}

/// The hashes of the claims that were renewed.
pub(crate) fn renewed<C: Cells>(rows: &[C]) -> Result<Vec<KeyHash>, StoreError> {
    Ok(rows.iter().map(|row| Reader::new(row).field()).collect::<Result<_, _>>()?)
}

/// When a claim was completed, if it was.
pub(crate) fn completed<C: Cells>(rows: &[C]) -> Result<Option<Timestamp>, StoreError> {
    Ok(rows.first().map(|row| Reader::new(row).field()).transpose()?)
}

/// The lost claims.
pub(crate) fn lost_rows<C: Cells>(rows: &[C]) -> Result<Vec<LostRow>, StoreError> {
    Ok(rows.iter().map(LostRow::read).collect::<Result<_, _>>()?)
}

/// Begins the transaction of a unit by `begin`, and tries for the key's lock. If `looks` says so, what is recorded of the key is looked
/// for once more, by a statement of its own: one that takes the lock as well would not see what was committed before it had it. Where
/// there is no such lock the begin itself waits for other writers: then `looks` is asked after it.
pub(crate) async fn begin_unit<DB: Database>(
    session: &mut Session<'_, DB>,
    begin: &str,
    hash: &KeyHash,
    looks: impl Fn() -> bool + Send,
) -> Result<UnitBegun, StoreError> {
    let mut text = begin.to_owned();
    let lock = DB::try_lock(lock_of(hash));
    let at_once = lock.is_some() && looks();
    let recalls = at_once.then(|| session.sql.claims.recall.replace("$1", &DB::bytes_literal(&hash.0)));
    for statement in lock.iter().chain(&recalls) {
        text.push_str("; ");
        text.push_str(statement);
    }
    // Statements of `begin` may give rows as well, before these.
    let rows = session.begin(text).await?;
    let mut last_first = rows.iter().rev();
    let mut found = if at_once { last_first.next().map(Recalled::read).transpose()? } else { None };
    let got =
        lock.is_none() || last_first.next().map(|row| Reader::new(row).field::<bool>()).transpose()? == Some(true);
    if lock.is_none() && looks() {
        let Query { text, binder } = recall(session.sql, hash);
        found = Some(recalled(&session.fetch(&text, binder).await?)?);
    }
    Ok(UnitBegun { busy: !got && !seeded_bug!("unlocked-unit"), recalled: found })
}

/// Records the outcome of a unit in its transaction: when. `None`: the key is known.
pub(crate) async fn put<DB: Database>(
    session: &mut Session<'_, DB>,
    put: &Put<'_>,
) -> Result<Option<Timestamp>, StoreError> {
    let text = session.sql.claims.put.clone();
    let binder = Binder::new().bind(put.key.hash).bind(put.key.surface).bind(put.key.scope).bind(put.fingerprint);
    let binder = binder.bind(put.outcome).bind(micros(put.keep));
    completed(&session.fetch(&text, moved(binder, put.moved)).await?)
}

/// Gives the outcome of what was put in the same transaction.
pub(crate) async fn put_outcome<DB: Database>(
    session: &mut Session<'_, DB>,
    hash: &KeyHash,
    outcome: &[u8],
    of: Moved<'_>,
) -> Result<Option<Timestamp>, StoreError> {
    let text = session.sql.claims.put_outcome.clone();
    completed(&session.fetch(&text, moved(Binder::new().bind(hash).bind(outcome), of)).await?)
}

fn moved<DB: Database>(binder: Binder<DB>, moved: Moved<'_>) -> Binder<DB> {
    let (machine, id, seq) =
        moved.map_or((None, None, None), |(machine, id, seq)| (Some(machine), Some(id), Some(seq)));
    binder.bind(machine).bind(id).bind(seq)
}

/// Locks a claim against other owners until the transaction ends; false if the owner of this epoch is one no more.
pub(crate) async fn fence<DB: Database>(
    session: &mut Session<'_, DB>,
    (hash, epoch): (&KeyHash, Epoch),
) -> Result<bool, StoreError> {
    let text = session.sql.claims.fence.clone();
    Ok(!session.fetch(&text, owned(hash, epoch)).await?.is_empty())
}

/// Notes that this epoch writes here under a lease of another store; false if a higher one has.
pub(crate) async fn mark<DB: Database>(
    session: &mut Session<'_, DB>,
    (name, epoch): (&str, Epoch),
) -> Result<bool, StoreError> {
    let text = session.sql.claims.mark.clone();
    Ok(!session.fetch(&text, Binder::new().bind(name).bind(epoch.0)).await?.is_empty())
}

/// The epoch of the newest claim of a key, or of the newest writer of a name.
pub(crate) async fn newest_epoch<DB: Database>(
    session: &mut Session<'_, DB>,
    of: Result<&KeyHash, &str>,
) -> Result<Option<Epoch>, StoreError> {
    let sql = session.sql;
    let rows = match of {
        Ok(hash) => session.fetch(&sql.claims.epoch, Binder::new().bind(hash)).await?,
        Err(name) => session.fetch(&sql.claims.marked, Binder::new().bind(name)).await?,
    };
    Ok(rows.first().map(|row| Reader::new(row).field()).transpose()?.map(Epoch))
}

/// Which database this is.
pub(crate) async fn installation<DB: Database>(session: &mut Session<'_, DB>) -> Result<Arc<str>, StoreError> {
    let row = session.fetch_one(&session.sql.claims.installation, Binder::new()).await?;
    Ok(Reader::new(&row).field::<Option<Arc<str>>>()?.unwrap_or_default())
}

/// Makes the database another one, of this name.
pub(crate) async fn renew_installation<DB: Database>(
    session: &mut Session<'_, DB>,
    id: &str,
) -> Result<(), StoreError> {
    session.fetch(&session.sql.claims.renew_installation, Binder::new().bind(id)).await.map(drop)
}

fn owned<DB: Database>(hash: &KeyHash, epoch: Epoch) -> Binder<DB> {
    Binder::new().bind(hash).bind(epoch.0)
}

/// With the bound on the wait for a lock as its last parameter.
fn bounded<DB: Database>(text: &Text, mut binder: Binder<DB>, wait: Duration) -> Query<DB> {
    if let Some(wait) = DB::bound(wait) {
        binder.add(&wait);
    }
    Query { text: text.clone(), binder }
}

/// The lock of a key, out of that part of its hash that never is a time.
fn lock_of(hash: &KeyHash) -> i64 {
    hash.0.last_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// Bytes as hexadecimal digits.
pub(in crate::store) fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

fn micros(span: Duration) -> i64 {
    // Such a span and the time together are in range for longer than the numbers are.
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).min(i64::MAX / 4)
}
