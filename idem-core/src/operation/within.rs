//! An operation inside the caller's transaction.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Timestamp;
use crate::engine::session::loan::Lent;
use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::key::Key;
use crate::lease::leased::check_operation;
use crate::operation::handle::Operation;
use crate::operation::once::encoded;
use crate::operation::place::Place;
use crate::operation::watched::watched;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::store::Database;
use crate::store::claims::queries::{Put, Query, put, put_outcome, recall, recalled};
use crate::store::write::rows::{CommitWitness, KeyTable};
use crate::watch::Stopped;

const SAVEPOINT: &str = "SAVEPOINT idem_operation";
const RELEASE: &str = "RELEASE SAVEPOINT idem_operation";
const UNDO: &str = "ROLLBACK TO SAVEPOINT idem_operation; RELEASE SAVEPOINT idem_operation";

/// An operation inside a transaction that you began: what it does, and its outcome, commit with that.
pub struct OperationInTx<'t, DB: Database> {
    operation: Operation<DB>,
    tx: &'t mut Tx<DB>,
}

impl<DB: Database> Operation<DB> {
    /// The operation inside a transaction that you began.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Key};
    ///
    /// let (create, key) = (idem.operation("create_order"), Key::new("shop-1", "req-17")?);
    /// let mut tx = idem.begin().await?;
    /// let made = create.within(&mut tx).once(&key, "tea", |_tx| async { Ok::<_, Error>(17) }).await?;
    /// let again = create.within(&mut tx).once(&key, "tea", |_tx| async { Ok::<_, Error>(18) }).await?;
    /// assert!(made.is_fresh() && again.is_replay() && *again == 17);
    /// drop(tx);                                                                   // rolled back, and the key is free
    /// let anew = create.once(&key, "tea", |_tx| async { Ok::<_, Error>(19) }).await?;
    /// assert!(anew.is_fresh());
    /// # Ok(()) }) }
    /// ```
    pub fn within<'t>(&self, tx: &'t mut Tx<DB>) -> OperationInTx<'t, DB> {
        OperationInTx { operation: self.clone(), tx }
    }
}

impl<DB: Database> OperationInTx<'_, DB> {
    /// Does the work once. The closure gets the transaction by value and ends by dropping it. `Err` undoes what it did, back to a
    /// savepoint, and leaves the key free; your transaction goes on.
    ///
    /// Another transaction under the same key is waited for, at most for [`Builder::lock_wait`](crate::Builder::lock_wait).
    ///
    /// # Errors
    /// What the closure answers; or, as an [`Error`] that yours is made from, those of [`Operation::once`].
    /// [`Error::Interrupted`] in a broken transaction, and if the closure kept the transaction or ended it.
    ///
    /// # Cancel safety
    /// Dropped half-way, it leaves the transaction broken: see [`Tx`].
    pub async fn once<T, E, Q, F, R>(self, key: &Key, request: &Q, work: F) -> Result<Outcome<T>, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<Error>,
        Q: Serialize + ?Sized,
        F: FnOnce(Tx<DB>) -> R,
        R: Future<Output = Result<T, E>>,
    {
        let (name, shared) = (self.operation.leased.name.clone(), self.tx.shared.clone());
        watched(&shared, (&name, key.hash_in(&name)), self.run_once(key, request, work)).await
    }

    async fn run_once<T, E, Q, F, R>(self, key: &Key, request: &Q, work: F) -> Result<Outcome<T>, Stopped<E>>
    where
        T: Serialize + DeserializeOwned,
        Q: Serialize + ?Sized,
        F: FnOnce(Tx<DB>) -> R,
        R: Future<Output = Result<T, E>>,
    {
        let Self { operation, tx } = self;
        check_operation(&operation.leased.name)?;
        let (fingerprint, hash) = (Request::of(request)?.fingerprint(), key.checked().map_err(Error::from)?);
        let hash = hash.hash_in(&operation.leased.name);
        let place = operation.place(key, (hash, fingerprint), None);
        run(tx, SAVEPOINT).await?;
        let moved = tx.moved.clone();
        let result = in_savepoint(tx, &place, work).await;
        if result.is_err() {
            tx.moved = moved;
            undo(tx).await;
        }
        result
    }
}

/// Claims the key and does the work, or finds its outcome; releases the savepoint.
async fn in_savepoint<DB, T, E, F, R>(tx: &mut Tx<DB>, place: &Place<DB>, work: F) -> Result<Outcome<T>, Stopped<E>>
where
    DB: Database,
    T: Serialize + DeserializeOwned,
    F: FnOnce(Tx<DB>) -> R,
    R: Future<Output = Result<T, E>>,
{
    if !claim(tx, place).await? {
        let remembered = remembered(tx, place).await?;
        run(tx, RELEASE).await?;
        return Ok(remembered);
    }
    let (loan, lent) = tx.take().lend_to_operation();
    let answer = work(lent).await;
    // What the closure kept or ended is not there to go on with.
    let Lent::Back(back) = loan.end() else {
        return Err(answer.err().map_or(Error::Interrupted.into(), Stopped::Failed));
    };
    tx.put_back(back);
    let value = answer.map_err(Stopped::Failed)?;
    let outcome = encoded(&value)?;
    place.fits(&outcome.0)?;
    let at = complete(tx, place, &outcome.0).await?;
    Ok(Outcome::new(value, 0, at, true, false))
}

async fn run<DB: Database>(tx: &mut Tx<DB>, text: &'static str) -> Result<(), Error> {
    let mut call = tx.asking_call().await?;
    let ran = call.session()?.run(text).await;
    call.end(ran)
}

/// Undoes what was done since the savepoint. A statement that failed may have aborted the transaction, which this mends: so it is not asked
/// before whether the transaction goes on.
///
/// Where it cannot be undone, by a statement of the closure that took the savepoint away, the transaction cannot go on.
async fn undo<DB: Database>(tx: &mut Tx<DB>) {
    tx.undone_to_savepoint();
    let Ok(mut call) = tx.call() else { return };
    let undone = match call.session() {
        Ok(mut session) => session.run(UNDO).await,
        Err(_) => return,
    };
    if call.end(undone).is_err() {
        tx.break_off();
    }
}

/// Records the key without an outcome; another transaction that does so is waited for. False: the key is known.
async fn claim<DB: Database>(tx: &mut Tx<DB>, place: &Place<DB>) -> Result<bool, Error> {
    let record =
        Put { key: place.claim_key(), fingerprint: &place.fingerprint, outcome: None, keep: place.keep, moved: None };
    let mut call = tx.writing_call().await?;
    let mut session = call.session()?;
    session.half_written(true);
    let kept = put(&mut session, &record).await;
    call.end(kept.map(|kept| kept.is_some()))
}

async fn remembered<DB: Database, T: DeserializeOwned>(
    tx: &mut Tx<DB>,
    place: &Place<DB>,
) -> Result<Outcome<T>, Error> {
    let shared = tx.shared.clone();
    let mut call = tx.call()?;
    let Query { text, binder } = recall::<DB>(&shared.sql, &place.hash);
    let rows = call.session()?.fetch(&text, binder).await;
    let found = call.end(rows.and_then(|rows| recalled(&rows)))?;
    let remembered = place.remembered(found, Instant::now())?;
    // It expired between the two statements.
    let remembered = remembered.ok_or(Error::Contention { attempts: 1 })?;
    if remembered.outcome.is_empty() {
        // A closure further out in this transaction works under the key.
        return Err(Error::in_flight(Duration::ZERO));
    }
    remembered.replay(&place.name)
}

async fn complete<DB: Database>(tx: &mut Tx<DB>, place: &Place<DB>, outcome: &[u8]) -> Result<Timestamp, Error> {
    let moved = tx.moved.clone();
    let moved = moved.as_ref().map(|(machine, id, seq)| (*machine, &**id, *seq));
    let mut call = tx.asking_call().await?;
    let mut session = call.session()?;
    session.half_written(true);
    let put = put_outcome(&mut session, &place.hash, outcome, moved).await;
    let released = match put {
        Ok(Some(at)) => session.run(RELEASE).await.map(|()| Some(at)),
        none => none,
    };
    match released {
        Ok(Some(at)) => {
            call.wrote(Some(CommitWitness::Key { of: KeyTable::Claims, hash: place.hash, at: Some(at) }))?;
            Ok(at)
        }
        // A statement of the closure has taken the record away.
        Ok(None) => call.end(Ok(())).and(Err(Error::Interrupted)),
        Err(error) => call.end(Err(error)),
    }
}

impl<DB: Database> fmt::Debug for OperationInTx<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationInTx").field("operation", &self.operation).field("tx", &self.tx).finish()
    }
}
