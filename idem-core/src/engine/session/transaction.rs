//! Transactions that the user's own statements share with the engine's.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx_core::transaction::TransactionManager as _;

use crate::engine::session::pool::Held;
use crate::engine::session::resolve::committed;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::error::{Class, StoreError};
use crate::store::rows::Witness;

/// A transaction, yours and the engine's: what commands, ledger changes and your own statements do in it commits
/// together or not at all.
///
/// Made by [`Idem::transaction`], [`Idem::begin`] or [`Idem::adopt_tx`]. Dropped without [`commit`](Self::commit) it is
/// rolled back.
///
/// # Cancel safety
/// A call of the engine that is dropped between its first write and its last leaves the transaction *broken*: every later
/// call and `commit` answer [`Error::Interrupted`], nothing of it is applied, and its connection is closed.
pub struct Tx<DB: Database> {
    pub(crate) shared: Arc<Shared<DB>>,
    link: Link<DB>,
    /// Between the first write of a call and its last.
    pub(crate) broken: bool,
    /// The user's statements ran since the engine's last: one of them may have failed and aborted the transaction.
    touched: bool,
    pub(crate) contended: bool,
    witness: Option<Witness>,
}

enum Link<DB: Database> {
    Own(Held<DB>),
    Adopted(sqlx::Transaction<'static, DB>),
    Ended,
}

/// The future of one attempt in [`Idem::transaction`].
pub type TxFuture<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// An error that ends a unit of work in [`Idem::transaction`].
///
/// Implemented for [`Error`] and for boxed errors. Your own enum needs both `From`s: a command fails with
/// `Error<your rejection>`, idem itself with `Error`.
///
/// ```
/// # #[derive(Debug, thiserror::Error)] #[error("refused")] struct Refused;
/// #[derive(Debug, thiserror::Error)]
/// enum MyError {
///     #[error(transparent)]
///     Order(#[from] idem_core::Error<Refused>),
///     #[error(transparent)]
///     Sql(#[from] sqlx::Error),
/// }
///
/// impl From<idem_core::Error> for MyError {
///     fn from(error: idem_core::Error) -> Self {
///         Self::Order(error.widen())
///     }
/// }
///
/// impl idem_core::UnitError for MyError {
///     fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
///         Some(self)
///     }
/// }
/// ```
pub trait UnitError: From<Error> {
    /// Where to look for a database error that is worth another attempt: the error itself, as an error.
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)>;
}

impl<R: std::error::Error + 'static> UnitError for Error<R>
where
    Error<R>: From<Error>,
{
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

impl UnitError for Box<dyn std::error::Error + Send + Sync> {
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.as_ref())
    }
}

impl<DB: Database> Tx<DB> {
    /// A transaction that was begun on a connection of the engine's.
    pub(crate) fn begun(shared: Arc<Shared<DB>>, held: Held<DB>) -> Self {
        Self { shared, link: Link::Own(held), broken: false, touched: false, contended: false, witness: None }
    }

    /// A transaction of the caller's.
    pub(crate) fn adopted(shared: Arc<Shared<DB>>, tx: sqlx::Transaction<'static, DB>) -> Self {
        Self { shared, link: Link::Adopted(tx), broken: false, touched: true, contended: false, witness: None }
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
        self.link.conn().expect("a transaction that has not ended")
    }

    /// Commits.
    ///
    /// If the reply is lost, the database is asked whether the commit happened.
    ///
    /// # Errors
    /// - [`Error::Interrupted`]: a call was dropped half-way; nothing is applied.
    /// - [`Error::NotApplied`], [`Error::Contention`]: the database refused the commit; nothing is applied.
    /// - [`Error::Indeterminate`]: the reply was lost and nothing in the transaction, or no answer in time, tells whether
    ///   it is applied.
    ///
    /// # Cancel safety
    /// Dropped half-way the transaction may be committed or not; the connection is closed.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.usable()?;
        let (shared, witness, touched) = (self.shared.clone(), self.witness.take(), self.touched);
        fail_point!("tx.commit.before");
        let end = match std::mem::replace(&mut self.link, Link::Ended) {
            Link::Own(mut held) => {
                let end = end::<DB>(&shared, held.conn(), touched).await;
                if end.is_ok() {
                    held.give_back();
                }
                end
            }
            Link::Adopted(mut tx) => end::<DB>(&shared, &mut tx, touched).await,
            Link::Ended => return Err(Error::Interrupted),
        };
        fail_point!("tx.commit.after");
        match end {
            Ok(()) => Ok(()),
            Err((error, true)) if error.class == Class::Broken => {
                match committed(&shared, witness.as_ref(), Box::new(error.source)).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Error::NotApplied { source: "the connection broke before the commit".into() }),
                    Err(error) => Err(error),
                }
            }
            Err((error, _)) => match error.class {
                Class::Contention => Err(Error::Contention { attempts: 1 }),
                _ => Err(Error::NotApplied { source: Box::new(error.source) }),
            },
        }
    }

    /// Rolls back. The same as dropping, but done when it returns.
    pub async fn rollback(mut self) {
        match std::mem::replace(&mut self.link, Link::Ended) {
            Link::Own(mut held) => {
                if !self.broken && self.shared.reply(roll_back::<DB>(held.conn())).await.is_ok() {
                    held.give_back();
                }
            }
            // What a failed rollback leaves, the drop of the connection ends.
            Link::Adopted(tx) => drop(tx.rollback().await),
            Link::Ended => {}
        }
    }

    /// Refuses a transaction that a dropped call has left half-way.
    pub(crate) fn usable(&self) -> Result<(), Error> {
        if self.broken && !seeded_bug!("broken-tx-usable") { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// The connection for the engine's own statements.
    pub(crate) fn engine_conn(&mut self) -> Result<&mut DB::Connection, Error> {
        self.link.conn().ok_or(Error::Interrupted)
    }

    /// The same, with the flag that says that the transaction is left half-way.
    pub(crate) fn parts(&mut self) -> Result<(&mut DB::Connection, &mut bool), Error> {
        Ok((self.link.conn().ok_or(Error::Interrupted)?, &mut self.broken))
    }

    /// The engine has written: the transaction is alive, and this row proves its commit.
    pub(crate) fn wrote(&mut self, witness: Option<Witness>) {
        self.touched = false;
        self.witness = self.witness.take().or(witness);
    }

    /// The engine's statement failed.
    pub(crate) fn failed(&mut self, error: StoreError) -> Error {
        self.contended |= matches!(error.class, Class::Contention | Class::Busy);
        // The database may have aborted the transaction; the next commit asks.
        self.touched = true;
        error.not_sent()
    }
}

/// Ends a transaction; an error tells whether the COMMIT was sent.
async fn end<DB: Database>(
    shared: &Shared<DB>,
    conn: &mut DB::Connection,
    touched: bool,
) -> Result<(), (StoreError, bool)> {
    // An aborted transaction answers COMMIT with a silent ROLLBACK; a statement tells.
    if touched {
        shared.reply(DB::ping_tx(conn)).await.map_err(|error| (error, false))?;
    }
    shared.reply(commit::<DB>(conn)).await.map_err(|error| (error, true))
}

pub(crate) async fn begin_on<DB: Database>(conn: &mut DB::Connection, begin: sqlx::SqlStr) -> Result<(), StoreError> {
    DB::TransactionManager::begin(conn, Some(begin)).await.map_err(DB::classify)
}

pub(crate) async fn commit<DB: Database>(conn: &mut DB::Connection) -> Result<(), StoreError> {
    DB::TransactionManager::commit(conn).await.map_err(DB::classify)
}

pub(crate) async fn roll_back<DB: Database>(conn: &mut DB::Connection) -> Result<(), StoreError> {
    DB::TransactionManager::rollback(conn).await.map_err(DB::classify)
}

impl<DB: Database> Link<DB> {
    fn conn(&mut self) -> Option<&mut DB::Connection> {
        match self {
            Self::Own(held) => Some(held.conn()),
            Self::Adopted(tx) => Some(tx),
            Self::Ended => None,
        }
    }
}

impl<DB: Database> Drop for Tx<DB> {
    fn drop(&mut self) {
        if !self.broken
            && let Link::Own(mut held) = std::mem::replace(&mut self.link, Link::Ended)
        {
            // Queued alone it would wait for the connection's next use, and the locks with it.
            DB::TransactionManager::start_rollback(held.conn());
            if seeded_bug!("rollback-only-queued") {
                return held.give_back();
            }
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(finish_rollback(held));
            }
        }
    }
}

/// Sends the rollback that is queued, and gives the connection back; one that does not answer soon is closed, which ends
/// the transaction as well.
async fn finish_rollback<DB: Database>(mut held: Held<DB>) {
    const PATIENCE: Duration = Duration::from_secs(1);
    if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, held.conn().ping()).await {
        held.give_back();
    }
}

impl<DB: Database> fmt::Debug for Tx<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("database", &DB::NAME).field("broken", &self.broken).finish_non_exhaustive()
    }
}
