//! Transactions that callers' statements share with the engine's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx_core::transaction::TransactionManager as _;

use crate::engine::session::pool::Lease;
use crate::engine::session::resolve::resolve_lost_commit;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::error::{Class, StoreError};
use crate::store::session::{ConnectionState, Session};
use crate::store::write::rows::CommitWitness;

/// A transaction, yours and the engine's: what commands, ledger changes and your own statements do in it commits
/// together or not at all.
///
/// Made by [`Idem::transaction`](crate::Idem::transaction), [`Idem::begin`](crate::Idem::begin) or
/// [`Idem::adopt_tx`](crate::Idem::adopt_tx). Dropped without [`commit`](Self::commit) it is rolled back.
///
/// A statement of the engine that the database refuses leaves nothing of its call in the transaction, and the call answers
/// with the error. On PostgreSQL the transaction is then aborted: later calls and `commit` fail, and nothing of it is
/// applied, unless you roll back to a savepoint of yours. On SQLite it stays usable, without the refused call.
///
/// # Cancel safety
/// A call of the engine that is dropped between its first write and its last, or whose reply is lost, leaves the transaction
/// *broken*: every later call and `commit` answer [`Error::Interrupted`], nothing of it is applied, and its connection is
/// closed.
pub struct Tx<DB: Database> {
    pub(crate) shared: Arc<Shared<DB>>,
    connection: TxConnection<DB>,
    /// A statement ran since the engine's last write: it may have failed and aborted the transaction.
    touched: bool,
    /// A statement of the engine lost to another writer: the unit is worth another attempt.
    pub(crate) contended: bool,
    witness: Option<CommitWitness>,
    /// The graphs that were stored in this transaction: other transactions do not see them yet.
    pub(crate) graphs: Vec<StoredGraph>,
}

/// A graph that a transaction stored.
#[derive(Debug)]
pub(crate) struct StoredGraph {
    pub(crate) machine: &'static str,
    pub(crate) hash: [u8; 32],
    /// The connection was lent since: the caller may have rolled back to a savepoint before it.
    pub(crate) doubtful: bool,
}

enum TxConnection<DB: Database> {
    Own(Lease<DB>),
    Adopted(sqlx::Transaction<'static, DB>, ConnectionState),
    Ended,
}

/// One call of the engine inside a transaction. From its first write on, [`Session::half_written`], until it ends, the
/// transaction is half-written; a call that is dropped in between leaves it so.
pub(crate) struct TxCall<'t, DB: Database> {
    tx: &'t mut Tx<DB>,
}

impl<DB: Database> Tx<DB> {
    /// A transaction that was begun on a connection of the engine's.
    pub(crate) fn begun(shared: Arc<Shared<DB>>, lease: Lease<DB>) -> Self {
        Self::new(shared, TxConnection::Own(lease), false)
    }

    /// A transaction that the caller began with sqlx.
    pub(crate) fn adopted(shared: Arc<Shared<DB>>, tx: sqlx::Transaction<'static, DB>) -> Self {
        Self::new(shared, TxConnection::Adopted(tx, ConnectionState::default()), true)
    }

    fn new(shared: Arc<Shared<DB>>, connection: TxConnection<DB>, touched: bool) -> Self {
        Self { shared, connection, touched, contended: false, witness: None, graphs: Vec::new() }
    }

    /// The connection, for your own statements in this transaction.
    ///
    /// # Panics
    /// Never: the transaction is consumed by what ends it.
    #[allow(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "`Ended` is only set by methods that consume the value"
    )]
    pub fn conn(&mut self) -> &mut DB::Connection {
        self.touched = true;
        let lent = !seeded_bug!("graph-before-savepoint");
        self.graphs.iter_mut().for_each(|graph| graph.doubtful = lent);
        let conn = match &mut self.connection {
            TxConnection::Own(lease) => Some(lease.conn()),
            TxConnection::Adopted(tx, _) => Some(&mut **tx),
            TxConnection::Ended => None,
        };
        conn.expect("a transaction that has not ended")
    }

    /// Commits.
    ///
    /// If the reply is lost, the database is asked whether the commit happened.
    ///
    /// # Errors
    /// - [`Error::Interrupted`]: a call was dropped half-way; nothing is applied.
    /// - [`Error::Store`]: the database refused the commit, for example by a constraint that is checked there, or an earlier
    ///   statement has aborted the transaction; nothing is applied, and the same unit would be refused again.
    /// - [`Error::Contention`], [`Error::NotApplied`]: it lost to another writer, or its connection broke before; nothing is
    ///   applied, and the unit can run again.
    /// - [`Error::Indeterminate`]: the reply was lost and nothing in the transaction, or no answer in time, tells whether
    ///   it is applied.
    ///
    /// # Cancel safety
    /// Dropped half-way the transaction may be committed or not; the connection is closed.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.usable()?;
        let (witness, touched) = (self.witness.take(), self.touched);
        fail_point!("tx.commit.before");
        let end = {
            let mut session = self.session()?;
            end(&mut session, touched).await
        };
        fail_point!("tx.commit.after");
        // A commit that failed leaves nothing to roll back to the connection: it is closed.
        self.connection = TxConnection::Ended;
        match end {
            Ok(()) => Ok(()),
            Err(CommitError { error, sent: true }) if error.class == Class::Broken => {
                match resolve_lost_commit(&self.shared, witness.as_ref(), Box::new(error.source)).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Error::NotApplied { source: "the connection broke before the commit".into() }),
                    Err(error) => Err(error),
                }
            }
            Err(CommitError { .. }) if self.contended => Err(Error::Contention { attempts: 1 }),
            Err(CommitError { error, .. }) if error.class == Class::Broken => {
                Err(Error::NotApplied { source: Box::new(error.source) })
            }
            Err(CommitError { error, .. }) => Err(error.not_sent()),
        }
    }

    /// Rolls back. The same as dropping, but done when it returns.
    ///
    /// # Cancel safety
    /// Cancel safe: what was not rolled back ends with its connection.
    pub async fn rollback(mut self) {
        let usable = self.usable().is_ok();
        match std::mem::replace(&mut self.connection, TxConnection::Ended) {
            TxConnection::Own(mut lease) if usable => {
                // A rollback that fails leaves the connection to be closed.
                let _ = lease.session().roll_back().await;
            }
            TxConnection::Own(_) | TxConnection::Ended => {}
            // What a failed rollback leaves, the drop of the connection ends.
            TxConnection::Adopted(tx, _) => {
                let _ = tokio::time::timeout(self.shared.settings.reply, tx.rollback()).await;
            }
        }
    }

    /// Begins a call of the engine.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a dropped call has left the transaction half-written, or its connection is lost.
    pub(crate) fn call(&mut self) -> Result<TxCall<'_, DB>, Error> {
        self.usable()?;
        Ok(TxCall { tx: self })
    }

    fn usable(&self) -> Result<(), Error> {
        let state = match &self.connection {
            TxConnection::Own(lease) => lease.state(),
            TxConnection::Adopted(_, state) => *state,
            TxConnection::Ended => ConnectionState { unanswered: true, ..ConnectionState::default() },
        };
        let broken = state.half_written || state.unanswered;
        if broken && !seeded_bug!("broken-tx-usable") { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn session(&mut self) -> Result<Session<'_, DB>, Error> {
        match &mut self.connection {
            TxConnection::Own(lease) => Ok(lease.session()),
            TxConnection::Adopted(tx, state) => {
                Ok(Session::new(&mut **tx, &self.shared.sql, self.shared.settings.reply, state))
            }
            TxConnection::Ended => Err(Error::Internal { what: "a transaction was used after its end" }),
        }
    }
}

impl<DB: Database> TxCall<'_, DB> {
    /// The connection, for the engine's own statements.
    ///
    /// # Errors
    /// [`Error::Internal`] if the transaction has ended.
    pub(crate) fn session(&mut self) -> Result<Session<'_, DB>, Error> {
        self.tx.session()
    }

    /// Ends the call: it was answered, or the database refused a statement of it and nothing of it is there. If the reply was
    /// lost, or the connection, the transaction stays broken.
    ///
    /// # Errors
    /// What the database answered.
    pub(crate) fn end<T>(mut self, answer: Result<T, StoreError>) -> Result<T, Error> {
        self.session()?.half_written(false);
        let error = match answer {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        self.tx.contended |= matches!(error.class, Class::Contention | Class::Busy);
        // The database may have aborted the transaction; the next commit asks.
        self.tx.touched = true;
        Err(error.not_sent())
    }

    /// Ends a call that wrote: the transaction is alive, and this row proves its commit.
    pub(crate) fn wrote(mut self, witness: Option<CommitWitness>) -> Result<(), Error> {
        self.session()?.half_written(false);
        self.tx.touched = false;
        self.tx.witness = self.tx.witness.take().or(witness);
        Ok(())
    }
}

struct CommitError {
    error: StoreError,
    /// The COMMIT was sent.
    sent: bool,
}

async fn end<DB: Database>(session: &mut Session<'_, DB>, touched: bool) -> Result<(), CommitError> {
    // An aborted transaction answers COMMIT with a silent ROLLBACK; a statement tells.
    if touched && !seeded_bug!("commit-unasked") {
        session.ping().await.map_err(|error| CommitError { error, sent: false })?;
    }
    session.commit().await.map_err(|error| CommitError { error, sent: true })
}

impl<DB: Database> Drop for Tx<DB> {
    fn drop(&mut self) {
        let usable = self.usable().is_ok();
        let TxConnection::Own(mut lease) = std::mem::replace(&mut self.connection, TxConnection::Ended) else {
            return;
        };
        if !usable || !lease.state().open {
            return;
        }
        // Queued alone it would wait for the connection's next use, and the locks with it.
        DB::TransactionManager::start_rollback(lease.conn());
        if seeded_bug!("rollback-only-queued") {
            return lease.rolled_back();
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(finish_rollback(lease));
        }
    }
}

/// Sends the rollback that is queued; a connection that does not answer soon is closed, which ends the transaction as well.
async fn finish_rollback<DB: Database>(mut lease: Lease<DB>) {
    const PATIENCE: Duration = Duration::from_secs(1);
    if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, lease.conn().ping()).await {
        lease.rolled_back();
    }
}

impl<DB: Database> fmt::Debug for Tx<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken = self.usable().is_err();
        f.debug_struct("Tx").field("database", &DB::NAME).field("broken", &broken).finish_non_exhaustive()
    }
}
