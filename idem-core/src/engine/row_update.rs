//! One row of a table of the user's: written if it is as expected, else looked at.

use std::sync::Arc;
use std::time::Instant;

use crate::clock::Timestamp;
use crate::engine::session::resolve::committed;
use crate::engine::shared::Shared;
use crate::error::UpdateProblem as Problem;
use crate::error::{Error, Source};
use crate::model::row::check::check;
use crate::model::row::row_update::RowUpdate;
use crate::model::row::updated::Updated;
use crate::model::row::verdict::verdict;
use crate::store::Database;
use crate::store::error::{Class, StoreError, VERSION};
use crate::store::rows::Witness;
use crate::store::update::DescribedTable;

/// What one attempt came to.
enum Attempt {
    Answered(Result<Updated, Error>),
    /// Missed, and by now it would not be.
    Lost,
}

/// Where an attempt failed.
struct Failed {
    error: StoreError,
    /// The write may have been sent.
    sent: bool,
}

/// In a transaction of its own.
pub(crate) async fn run_own<DB: Database>(shared: &Shared<DB>, update: &RowUpdate) -> Result<Updated, Error> {
    let _caller = shared.queue.enter()?;
    let began = Instant::now();
    let mut described_anew = false;
    for made in 1.. {
        crate::engine::trace::attempts(made);
        let mut held = shared.writer(shared.settings.wait).await?;
        match attempt(shared, held.conn(), update).await {
            Ok(Attempt::Answered(answer)) => {
                held.give_back();
                return answer;
            }
            Ok(Attempt::Lost) => held.give_back(),
            Err(Failed { error, sent }) => match error.class {
                // It was answered, and the statement is undone: the connection is as it was.
                Class::Busy => {
                    held.give_back();
                    return Err(Error::InFlight { waited: began.elapsed() });
                }
                Class::Contention => held.give_back(),
                Class::Schema if !described_anew => {
                    held.give_back();
                    described_anew = true;
                    shared.table_cache.forget(update);
                    continue;
                }
                Class::Broken if sent => {
                    drop(held);
                    resolve(shared, update, error).await?;
                }
                Class::Broken if !shared.settings.retry.spent(made) => drop(held),
                Class::Other => {
                    held.give_back();
                    return Err(error.not_sent());
                }
                _ => {
                    drop(held);
                    return Err(explain(shared, error).await);
                }
            },
        }
        if !shared.settings.retry.pause(made).await {
            return Err(Error::Contention { attempts: made });
        }
    }
    Err(Error::Contention { attempts: u32::MAX })
}

/// In the caller's transaction, which stays usable whatever is answered.
pub(crate) async fn run_joined<DB: Database>(
    tx: &mut crate::engine::session::transaction::Tx<DB>,
    update: &RowUpdate,
) -> Result<Updated, Error> {
    tx.usable()?;
    let shared = tx.shared.clone();
    let shape = match shape(&shared, tx.engine_conn()?, update).await {
        Ok(Ok(shape)) => shape,
        Ok(Err(problem)) => return Err(unfit(update, problem)),
        Err(error) => return Err(tx.failed(error)),
    };
    for made in 1..=shared.settings.retry.limit() {
        crate::engine::trace::attempts(made);
        let (conn, broken) = tx.parts()?;
        *broken = true;
        fail_point!("update.joined.before");
        let written = shared.reply(DB::update_joined(conn, &shared.sql, update, &shape)).await;
        fail_point!("update.joined.after");
        match written {
            Ok(wrote) => {
                *broken = false;
                if let Some(wrote) = wrote {
                    let witness = update.claim.as_ref().zip(wrote.at);
                    tx.wrote(witness.map(|(claim, at)| Witness::Key { hash: claim.hash, at: Some(at) }));
                    return Ok(Updated::fresh(wrote.version));
                }
            }
            Err(error) => {
                // Whatever else is wrong, nothing is half-written: a transaction that the error aborted says so itself.
                *broken = error.class == Class::Broken;
                if error.class == Class::Schema {
                    shared.table_cache.forget(update);
                }
                return Err(tx.failed(error));
            }
        }
        let found = match shared.reply(DB::find(tx.engine_conn()?, &shared.sql, update, &shape)).await {
            Ok(found) => found,
            Err(error) => return Err(tx.failed(error)),
        };
        if let Some(answer) = verdict(update, &shape.schema, &found) {
            return answer;
        }
    }
    Err(Error::Contention { attempts: shared.settings.retry.limit() })
}

async fn attempt<DB: Database>(
    shared: &Shared<DB>,
    conn: &mut DB::Connection,
    update: &RowUpdate,
) -> Result<Attempt, Failed> {
    let unsent = |error| Failed { error, sent: false };
    let shape = match shape(shared, conn, update).await.map_err(unsent)? {
        Ok(shape) => shape,
        Err(problem) => return Ok(Attempt::Answered(Err(unfit(update, problem)))),
    };
    fail_point!("update.own.before");
    let written = shared.reply(DB::update_own(conn, &shared.sql, update, &shape, shared.settings.wait)).await;
    fail_point!("update.own.after");
    if let Some(wrote) = written.map_err(|error| Failed { error, sent: true })? {
        return Ok(Attempt::Answered(Ok(Updated::fresh(wrote.version))));
    }
    let found = shared.reply(DB::find(conn, &shared.sql, update, &shape)).await.map_err(unsent)?;
    Ok(verdict(update, &shape.schema, &found).map_or(Attempt::Lost, Attempt::Answered))
}

/// The table's shape that the update fits; described anew before it is said not to fit.
async fn shape<DB: Database>(
    shared: &Shared<DB>,
    conn: &mut DB::Connection,
    update: &RowUpdate,
) -> Result<Result<Arc<DescribedTable>, Problem>, StoreError> {
    if let Some(known) = shared.table_cache.known(update)
        && check(update, &known.schema).is_ok()
    {
        return Ok(Ok(known));
    }
    let Some(shape) = shared.reply(DB::describe(conn, &update.table)).await? else {
        shared.table_cache.forget(update);
        return Ok(Err(Problem::NoTable));
    };
    shared.table_cache.learn(update, shape.clone());
    Ok(check(update, &shape.schema).map(|()| shape))
}

/// After a lost reply: waits until no write of this update is under way. What it did is what the next attempt finds by the
/// key.
async fn resolve<DB: Database>(shared: &Shared<DB>, update: &RowUpdate, lost: StoreError) -> Result<(), Error> {
    if seeded_bug!("guess-not-applied") {
        return Err(Error::NotApplied { source: Box::new(lost.source) });
    }
    let Some(claim) = &update.claim else {
        let source = format!("{}; this update has no key (`once`), so read the row before it is repeated", lost.source);
        return Err(Error::Indeterminate { source: source.into() });
    };
    let source: Source = Box::new(lost.source);
    // The time that the key got went with the reply, so no row can be recognised; the wait for it is what is asked for.
    let witness = Witness::Key { hash: claim.hash, at: Some(Timestamp::from_micros(0)) };
    committed(shared, Some(&witness), source).await.map(drop)
}

/// An error that is not about the update, but about the database or idem's own tables.
async fn explain<DB: Database>(shared: &Shared<DB>, error: StoreError) -> Error {
    if error.class != Class::Schema {
        return error.not_sent();
    }
    match shared.version().await {
        Ok(found) if found != Some(VERSION) => Error::NotMigrated { found, wanted: VERSION },
        _ => Error::Store { source: Box::new(error.source) },
    }
}

fn unfit(update: &RowUpdate, problem: Problem) -> Error {
    Error::Update { table: update.table.as_str().to_owned(), problem }
}
