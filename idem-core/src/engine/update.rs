//! One row of a table of the user's: written if it is as expected, else looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::resolve::committed;
use crate::clock::Timestamp;
use crate::error::{Error, Source};
use crate::idem::Inner;
use crate::store::Database;
use crate::store::error::{Class, StoreError, VERSION};
use crate::store::rows::Witness;
use crate::store::update::{RowUpdate, TableShape};
use crate::version::verdict::verdict;
use crate::version::{Problem, Updated, check};

/// What tables of the user's are like, as they were last described.
#[derive(Debug, Default)]
pub(crate) struct Shapes(Mutex<HashMap<String, Arc<TableShape>>>);

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
pub(crate) async fn run_own<DB: Database>(inner: &Inner<DB>, update: &RowUpdate) -> Result<Updated, Error> {
    let _caller = inner.queue.enter()?;
    let began = Instant::now();
    let mut described_anew = false;
    for made in 1.. {
        crate::trace::attempts(made);
        let mut held = inner.writer(inner.settings.wait).await?;
        match attempt(inner, held.conn(), update).await {
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
                    inner.shapes.forget(update);
                    continue;
                }
                Class::Broken if sent => {
                    drop(held);
                    resolve(inner, update, error).await?;
                }
                Class::Broken if !inner.settings.retry.spent(made) => drop(held),
                Class::Other => {
                    held.give_back();
                    return Err(error.not_sent());
                }
                _ => {
                    drop(held);
                    return Err(explain(inner, error).await);
                }
            },
        }
        if !inner.settings.retry.pause(made).await {
            return Err(Error::Contention { attempts: made });
        }
    }
    Err(Error::Contention { attempts: u32::MAX })
}

/// In the caller's transaction, which stays usable whatever is answered.
pub(crate) async fn run_joined<DB: Database>(tx: &mut crate::Tx<DB>, update: &RowUpdate) -> Result<Updated, Error> {
    tx.usable()?;
    let inner = tx.inner.clone();
    let shape = match shape(&inner, tx.engine_conn()?, update).await {
        Ok(Ok(shape)) => shape,
        Ok(Err(problem)) => return Err(unfit(update, problem)),
        Err(error) => return Err(tx.failed(error)),
    };
    for made in 1..=inner.settings.retry.limit() {
        crate::trace::attempts(made);
        let (conn, broken) = tx.parts()?;
        *broken = true;
        fail_point!("update.joined.before");
        let written = inner.reply(DB::update_joined(conn, &inner.sql, update, &shape)).await;
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
                    inner.shapes.forget(update);
                }
                return Err(tx.failed(error));
            }
        }
        let found = match inner.reply(DB::find(tx.engine_conn()?, &inner.sql, update, &shape)).await {
            Ok(found) => found,
            Err(error) => return Err(tx.failed(error)),
        };
        if let Some(answer) = verdict(update, &shape, &found) {
            return answer;
        }
    }
    Err(Error::Contention { attempts: inner.settings.retry.limit() })
}

async fn attempt<DB: Database>(
    inner: &Inner<DB>,
    conn: &mut DB::Connection,
    update: &RowUpdate,
) -> Result<Attempt, Failed> {
    let unsent = |error| Failed { error, sent: false };
    let shape = match shape(inner, conn, update).await.map_err(unsent)? {
        Ok(shape) => shape,
        Err(problem) => return Ok(Attempt::Answered(Err(unfit(update, problem)))),
    };
    fail_point!("update.own.before");
    let written = inner.reply(DB::update_own(conn, &inner.sql, update, &shape, inner.settings.wait)).await;
    fail_point!("update.own.after");
    if let Some(wrote) = written.map_err(|error| Failed { error, sent: true })? {
        return Ok(Attempt::Answered(Ok(Updated::fresh(wrote.version))));
    }
    let found = inner.reply(DB::find(conn, &inner.sql, update, &shape)).await.map_err(unsent)?;
    Ok(verdict(update, &shape, &found).map_or(Attempt::Lost, Attempt::Answered))
}

/// The table's shape that the update fits; described anew before it is said not to fit.
async fn shape<DB: Database>(
    inner: &Inner<DB>,
    conn: &mut DB::Connection,
    update: &RowUpdate,
) -> Result<Result<Arc<TableShape>, Problem>, StoreError> {
    if let Some(known) = inner.shapes.known(update)
        && check(update, &known).is_ok()
    {
        return Ok(Ok(known));
    }
    let Some(shape) = inner.reply(DB::describe(conn, &update.table)).await? else {
        inner.shapes.forget(update);
        return Ok(Err(Problem::NoTable));
    };
    inner.shapes.learn(update, shape.clone());
    Ok(check(update, &shape).map(|()| shape))
}

/// After a lost reply: waits until no write of this update is under way. What it did is what the next attempt finds by the
/// key.
async fn resolve<DB: Database>(inner: &Inner<DB>, update: &RowUpdate, lost: StoreError) -> Result<(), Error> {
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
    committed(inner, Some(&witness), source).await.map(drop)
}

/// An error that is not about the update, but about the database or idem's own tables.
async fn explain<DB: Database>(inner: &Inner<DB>, error: StoreError) -> Error {
    if error.class != Class::Schema {
        return error.not_sent();
    }
    match inner.version().await {
        Ok(found) if found != Some(VERSION) => Error::NotMigrated { found, wanted: VERSION },
        _ => Error::Store { source: Box::new(error.source) },
    }
}

fn unfit(update: &RowUpdate, problem: Problem) -> Error {
    Error::Update { table: update.table.as_str().to_owned(), problem }
}

impl Shapes {
    fn known(&self, update: &RowUpdate) -> Option<Arc<TableShape>> {
        self.lock().get(update.table.as_str()).cloned()
    }

    fn learn(&self, update: &RowUpdate, shape: Arc<TableShape>) {
        self.lock().insert(update.table.as_str().to_owned(), shape);
    }

    fn forget(&self, update: &RowUpdate) {
        self.lock().remove(update.table.as_str());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<TableShape>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
