//! The loop: load, decide, settle, write; whatever lost the race is loaded and decided again.

use std::time::{Duration, Instant};

use crate::engine::decide::command::{Decision, decide};
use crate::engine::decide::posting::fill_in;
use crate::engine::decide::snapshot::Snapshot;
use crate::engine::load::{assume, load_and_decide};
use crate::engine::plan::{Answered, Item};
use crate::engine::seeded;
use crate::engine::session::pool::Held;
use crate::engine::session::resolve::{committed, witness};
use crate::engine::session::transaction::{begin_on, commit, roll_back};
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::error::{Class, StoreError};
use crate::store::rows::{After, KeyRow, Locks, Missed, Witness, Write, Written};
use crate::store::{Database, PostedOne};

/// What one attempt came to.
enum Attempt {
    Done(Vec<Answered>),
    /// Another writer was faster, nothing is written.
    Lost,
    /// No connection to write on.
    Refused(Error),
    /// The reply was lost: the row that proves the commit, and the answers that it stands for.
    Broken(Option<Witness>, Vec<Answered>, StoreError),
}

/// Where [`run_own`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With nothing known.
    Fresh,
    /// With a race lost before: what it needs is locked.
    Locked,
}

/// Answers items in transactions of the engine's own.
///
/// Changes of the ledger are first written without a load where that pays. The first attempt with a load takes no lock. If
/// it loses a race, what won is loaded once more without a lock, because most often it was the same request; if there still
/// is something to write, machines and accounts are locked before they are read, so that a busy one is waited for instead of
/// being raced for.
pub(crate) async fn run_own<DB: Database>(
    shared: &Shared<DB>,
    items: &[Item],
    deadline: Option<Duration>,
    start: Start,
) -> Result<Vec<Answered>, Error> {
    let mut written = None;
    match try_own(shared, items, deadline, start, &mut written).await {
        Ok(answers) => match written {
            Some(written) => Ok(answers.into_iter().zip(written).map(|(a, w)| restore_fresh(a, Some(w))).collect()),
            None => Ok(answers),
        },
        // It happened: that its answer could not be read again does not undo it.
        Err(error) if written.is_some() => Err(Error::Indeterminate { source: error.into() }),
        Err(error) => Err(error),
    }
}

async fn try_own<DB: Database>(
    shared: &Shared<DB>,
    items: &[Item],
    deadline: Option<Duration>,
    start: Start,
    written: &mut Option<Vec<Answered>>,
) -> Result<Vec<Answered>, Error> {
    let began = Instant::now();
    let (mut assumed, mut lost) = match start {
        Start::Fresh => (assume(shared, items), 0),
        Start::Locked => (None, 1),
    };
    for made in 1.. {
        let wait = match deadline {
            None => shared.settings.wait,
            Some(deadline) => match deadline.checked_sub(began.elapsed()) {
                Some(left) => left.min(shared.settings.wait),
                None => return Err(Error::InFlight { waited: began.elapsed() }),
            },
        };
        crate::engine::trace::attempts(made);
        // A known key is answered while someone else writes, where readers are apart.
        let acquire = async { if lost > 0 { shared.writer(wait).await } else { shared.readers.acquire().await } };
        let held = match deadline {
            None => acquire.await?,
            Some(_) => match tokio::time::timeout(wait, acquire).await {
                Ok(held) => held?,
                Err(_) => return Err(Error::InFlight { waited: began.elapsed() }),
            },
        };
        let blind = assumed.take();
        let was_blind = blind.is_some();
        let attempt = match blind {
            Some(decision) => as_assumed(shared, held, items, decision, wait).await,
            None if lost > 0 => locked(shared, held, items, wait).await,
            None => optimistic(shared, held, items, wait).await,
        };
        match attempt {
            Ok(Attempt::Done(answers)) => return Ok(answers),
            // Nothing was raced for yet.
            Ok(Attempt::Lost) if was_blind => continue,
            Ok(Attempt::Broken(witness, answers, error)) => {
                lost += 1;
                if committed(shared, witness.as_ref(), Box::new(error.source)).await? {
                    *written = Some(answers);
                }
            }
            Ok(Attempt::Lost) => lost += 1,
            Ok(Attempt::Refused(error)) => return Err(error),
            Err(error) if error.class == Class::Busy => return Err(Error::InFlight { waited: began.elapsed() }),
            Err(error) if error.class == Class::Contention => lost += 1,
            // Only reads, or statements of a transaction that ends with its connection, fail like this: after a restart of
            // the server each connection of the pool does once.
            Err(error) if error.class == Class::Broken && !shared.settings.retry.spent(made) => {}
            Err(error) => return Err(shared.explain(error).await),
        }
        // The first loss is answered at once: the winner has committed, so its row is there.
        if made > 1 && !shared.settings.retry.pause(made).await {
            return Err(Error::Contention { attempts: made });
        }
    }
    Err(Error::Contention { attempts: u32::MAX })
}

/// Answers items inside a transaction that the caller began and will end.
pub(crate) async fn run_joined<DB: Database>(
    tx: &mut crate::engine::session::transaction::Tx<DB>,
    items: &[Item],
) -> Result<Vec<Answered>, Error> {
    tx.usable()?;
    let shared = tx.shared.clone();
    for _ in 0..shared.settings.retry.limit() {
        let (conn, broken) = tx.parts()?;
        let load = load_and_decide(&shared, conn, items, Some(broken));
        let mut decision = match shared.reply(load).await {
            Ok(decision) => decision,
            Err(error) => return Err(tx.failed(error)),
        };
        if decision.write.is_empty() {
            tx.broken = false;
            return Ok(decision.answers);
        }
        tx.broken = true;
        fail_point!("joined.write.before");
        let writing = DB::write_joined(tx.engine_conn()?, &shared.sql, &decision.write);
        let won = match shared.reply(writing).await {
            Ok(won) => won,
            Err(error) => return Err(tx.failed(error)),
        };
        fail_point!("joined.write.after");
        tx.broken = false;
        if won {
            tx.wrote(witness(&decision.write));
            fill_in(&mut decision.answers, &decision.write, &decision.after);
            return Ok(decision.answers);
        }
    }
    Err(Error::Contention { attempts: shared.settings.retry.limit() })
}

/// No lock; the write holds only if nothing changed since the load.
async fn optimistic<DB: Database>(
    shared: &Shared<DB>,
    mut held: Held<DB>,
    items: &[Item],
    wait: Duration,
) -> Result<Attempt, StoreError> {
    let load = load_and_decide(shared, held.conn(), items, None);
    let mut decision = shared.reply(load).await?;
    if decision.write.is_empty() {
        held.give_back();
        return Ok(Attempt::Done(decision.answers));
    }
    if shared.readers_apart {
        held.give_back();
        held = match shared.writer(wait).await {
            Ok(writer) => writer,
            Err(error) => return Ok(Attempt::Refused(error)),
        };
    }
    let late = seeded::late_keys(&mut decision.write);
    let locks = Locks { wait, skip: false };
    fail_point!("own.write.before");
    let mut wrote = shared.reply(DB::write_own(held.conn(), &shared.sql, &decision.write, locks)).await;
    fail_point!("own.write.after");
    if let (Some(late), Ok(Written::Done(_))) = (&late, &wrote) {
        wrote = DB::write_own(held.conn(), &shared.sql, late, locks).await;
    }
    concluded(shared, held, decision, wrote).await
}

/// Writes what was decided without a load.
async fn as_assumed<DB: Database>(
    shared: &Shared<DB>,
    mut held: Held<DB>,
    items: &[Item],
    decision: Decision,
    wait: Duration,
) -> Result<Attempt, StoreError> {
    fail_point!("own.write.before");
    let (conn, write) = (held.conn(), &decision.write);
    let done = match write.entries.as_slice() {
        [only] if only.seq.is_none() => match shared.reply(DB::post_one(conn, &shared.sql, write, wait)).await {
            Ok(PostedOne::Done(account)) => Ok(Written::Done(After { now: account.at, accounts: vec![account] })),
            Ok(PostedOne::Undecided) => Ok(Written::Lost(Missed::default())),
            Ok(PostedOne::Known(row)) => {
                held.give_back();
                return Ok(known(shared, items, &row));
            }
            Err(error) => Err(error),
        },
        _ => shared.reply(DB::write_own(conn, &shared.sql, write, Locks { wait, skip: false })).await,
    };
    fail_point!("own.write.after");
    concluded(shared, held, decision, done).await
}

/// Answers the one item whose key is known.
fn known<DB: Database>(shared: &Shared<DB>, items: &[Item], row: &KeyRow) -> Attempt {
    let keys = items.iter().filter_map(Item::key).map(|hash| (*hash, row.clone())).collect();
    let snapshot = Snapshot { keys, ..Snapshot::default() };
    decide(items, &snapshot, &shared.settings.limits).map_or(Attempt::Lost, |decision| Attempt::Done(decision.answers))
}

/// What a write in a transaction of its own came to.
async fn concluded<DB: Database>(
    shared: &Shared<DB>,
    held: Held<DB>,
    mut decision: Decision,
    wrote: Result<Written, StoreError>,
) -> Result<Attempt, StoreError> {
    match wrote {
        Ok(Written::Done(after)) => {
            fold_and_give_back(shared, held, &decision.write).await;
            fill_in(&mut decision.answers, &decision.write, &after);
            Ok(Attempt::Done(decision.answers))
        }
        Ok(Written::Lost(_)) => {
            held.give_back();
            Ok(Attempt::Lost)
        }
        Err(error) if error.class == Class::Broken => {
            Ok(Attempt::Broken(witness(&decision.write), decision.answers, error))
        }
        Err(error) => {
            // A wait that ended, or a deadlock: the statement is undone and the connection as it was.
            if matches!(error.class, Class::Busy | Class::Contention) {
                held.give_back();
            }
            Err(error)
        }
    }
}

/// Gives the connection back; one write in many folds the tails of its tallies first, so that none grows for ever.
pub(super) async fn fold_and_give_back<DB: Database>(shared: &Shared<DB>, mut held: Held<DB>, write: &Write) {
    /// As many entries as a tail has about.
    const EVERY: i64 = 1_024;
    for entry in write.entries.iter().filter(|entry| entry.seq.is_some_and(|seq| seq % EVERY == 0)) {
        // Another will fold what this one does not; its connection may be broken.
        if shared.reply(DB::fold_tail(held.conn(), &shared.sql, &entry.account)).await.is_err() {
            return;
        }
    }
    held.give_back();
}

/// Machines are locked before they are read.
async fn locked<DB: Database>(
    shared: &Shared<DB>,
    mut held: Held<DB>,
    items: &[Item],
    wait: Duration,
) -> Result<Attempt, StoreError> {
    // What won the race most often is the same request, and then there is nothing left to lock.
    let load = load_and_decide(shared, held.conn(), items, None);
    let decision = shared.reply(load).await?;
    if decision.write.is_empty() {
        held.give_back();
        return Ok(Attempt::Done(decision.answers));
    }
    let begin = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(DB::begin(wait)));
    shared.reply(begin_on::<DB>(held.conn(), begin)).await?;
    let mut decision = match shared.reply(write_locked(shared, held.conn(), items, &decision.write)).await {
        Ok(Some(decision)) => decision,
        undone => {
            // A connection that broke is closed; one that only lost is clean again, and worth keeping.
            let broke = undone.as_ref().is_err_and(|error| error.class == Class::Broken);
            if !broke && shared.reply(roll_back::<DB>(held.conn())).await.is_ok() {
                held.give_back();
            }
            return undone.map(|_| Attempt::Lost);
        }
    };
    fail_point!("locked.commit.before");
    let end = shared.reply(commit::<DB>(held.conn())).await;
    fail_point!("locked.commit.after");
    match end {
        Ok(()) => {
            held.give_back();
            fill_in(&mut decision.answers, &decision.write, &decision.after);
            Ok(Attempt::Done(decision.answers))
        }
        Err(error) if error.class == Class::Broken => {
            Ok(Attempt::Broken(witness(&decision.write), decision.answers, error))
        }
        Err(error) => Err(error),
    }
}

/// Decides and writes under locks; `None` if the write lost a race all the same.
async fn write_locked<DB: Database>(
    shared: &Shared<DB>,
    conn: &mut DB::Connection,
    items: &[Item],
    stale: &Write,
) -> Result<Option<Decision>, StoreError> {
    let mut writing = false;
    let locks = Some(&mut writing);
    let mut decision = load_and_decide(shared, conn, items, locks).await?;
    seeded::keep_stale(&mut decision.write, stale);
    fail_point!("locked.write.before");
    let wrote = decision.write.is_empty() || DB::write_joined(conn, &shared.sql, &decision.write).await?;
    fail_point!("locked.write.after");
    Ok(wrote.then_some(decision))
}

/// In the load after a lost reply, what this very call wrote looks like a replay and is fresh. The database's time to the
/// microsecond tells it from another caller's.
pub(super) fn restore_fresh(answer: Answered, written: Option<Answered>) -> Answered {
    match (answer, written) {
        (Ok(mut answer), Some(Ok(written))) => {
            answer.fresh |= written.fresh && (answer.seq, answer.at) == (written.seq, written.at);
            Ok(answer)
        }
        (answer, _) => answer,
    }
}
