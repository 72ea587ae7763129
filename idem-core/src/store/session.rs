//! One connection while it is used.
//!
//! Whoever talks to a database does so through a [`Session`], so three things hold at every call: the reply is waited for no
//! longer than the bound; a connection on which a statement was sent and not answered is not used again; and a transaction
//! that was left between two writes is known to be.

use std::fmt;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use sqlx_core::transaction::TransactionManager as _;
use tokio::time::timeout;

use super::binder::Binder;
use super::connect::Connect;
use super::error::{Class, StoreError};
use super::reader::{Columns, Reader};
use super::statements::Statements;
use super::tables::Text;
use crate::clock::Timestamp;
use crate::watch;

/// What a connection is left with between two statements.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ConnectionState {
    /// Of the statements that were sent.
    pub(crate) replies: Replies,
    /// The engine has a transaction open.
    pub(crate) open: bool,
    /// A call inside a transaction is between its first write and its last.
    pub(crate) half_written: bool,
}

/// Whether all statements that were sent on a connection were answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Replies {
    #[default]
    All,
    /// One was not: the call was dropped.
    Missing,
    /// One never will be: the connection broke, the reply did not come in time, or the disk failed.
    Lost,
}

impl ConnectionState {
    /// A connection on which an answer may still come is not used again.
    pub(crate) fn unanswered(self) -> bool {
        self.replies != Replies::All
    }
}

/// One connection while it is used: its statements, the bound on each reply, and what it is left with.
pub struct Session<'c, DB: Connect> {
    conn: &'c mut DB::Connection,
    pub(crate) sql: &'c Statements,
    reply: Duration,
    state: &'c mut ConnectionState,
}

impl<'c, DB: Connect> Session<'c, DB> {
    pub(crate) fn new(
        conn: &'c mut DB::Connection,
        sql: &'c Statements,
        reply: Duration,
        state: &'c mut ConnectionState,
    ) -> Self {
        Self { conn, sql, reply, state }
    }

    /// Runs a statement and gives its rows; of several in one text, the rows of all.
    pub(crate) async fn fetch(&mut self, text: &Text, binder: Binder<DB>) -> Result<Vec<DB::Row>, StoreError> {
        let arguments = binder.finish()?;
        let work = DB::fetch(self.conn, text.clone(), arguments);
        answered::<DB, _>(work, self.reply, self.state).await
    }

    /// The first row.
    pub(crate) async fn fetch_one(&mut self, text: &Text, binder: Binder<DB>) -> Result<DB::Row, StoreError> {
        let rows = self.fetch(text, binder).await?;
        Ok(rows.into_iter().next().ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Rows that are one list of columns each.
    pub(crate) async fn rows<T: Columns>(&mut self, text: &Text, binder: Binder<DB>) -> Result<Vec<T>, StoreError> {
        let rows = self.fetch(text, binder).await?;
        Ok(rows.iter().map(|row| T::read(&mut Reader::new(row))).collect::<Result<_, _>>()?)
    }

    /// Runs statements without parameters.
    pub(crate) async fn run(&mut self, text: impl Into<Text>) -> Result<(), StoreError> {
        answered::<DB, _>(DB::run(self.conn, text.into()), self.reply, self.state).await
    }

    /// Begins a transaction by this text, and gives the rows of its statements. Not by the driver, which would drop the rows.
    pub(crate) async fn begin(&mut self, text: impl Into<Text>) -> Result<Vec<DB::Row>, StoreError> {
        self.state.open = true;
        let begun = answered::<DB, _>(DB::fetch_unbound(self.conn, text.into()), self.reply, self.state).await;
        // Where an error aborts a transaction, that of a later statement of the text leaves one that has begun.
        self.state.open = begun.is_ok() || self.state.unanswered() || DB::ERRORS_ABORT;
        begun
    }

    /// Announces the transaction to the driver, so that one that is begun inside is a savepoint for it.
    pub(crate) async fn announce(&mut self) -> Result<(), StoreError> {
        if depth::<DB>(self.conn) > 0 {
            return Ok(());
        }
        let text = AssertSqlSafe("SELECT 1".to_owned()).into_sql_str();
        answered::<DB, _>(DB::TransactionManager::begin(self.conn, Some(text)), self.reply, self.state).await
    }

    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        match depth::<DB>(self.conn) {
            0 => self.run("COMMIT").await?,
            1 => answered::<DB, _>(DB::TransactionManager::commit(self.conn), self.reply, self.state).await?,
            // The driver would only release the savepoint of one that was begun inside.
            _ => {
                let inside = "a transaction that was begun inside this one has not been ended";
                return Err(StoreError { class: Class::Other, source: sqlx::Error::Protocol(inside.to_owned()) });
            }
        }
        self.state.open = false;
        Ok(())
    }

    pub(crate) async fn roll_back(&mut self) -> Result<(), StoreError> {
        match depth::<DB>(self.conn) {
            0 => self.run("ROLLBACK").await?,
            _ => answered::<DB, _>(DB::TransactionManager::rollback(self.conn), self.reply, self.state).await?,
        }
        self.state.open = depth::<DB>(self.conn) > 0 && !seeded_bug!("rollback-taken-for-made");
        Ok(())
    }

    /// Whether the transaction that was begun still is open.
    ///
    /// # Errors
    /// It was aborted by an error: COMMIT would roll it back and say nothing. Or it could not be asked.
    pub(crate) async fn is_open(&mut self) -> Result<bool, StoreError> {
        DB::is_open(self.run(DB::look()).await)
    }

    /// Marks a transaction that a caller began, at this time if it is known; the time, or `None` if it has ended. Where the caller
    /// has set no bound, lock waits in it end after `wait`.
    pub(crate) async fn mark(
        &mut self,
        began: Option<Timestamp>,
        wait: Duration,
    ) -> Result<Option<Timestamp>, StoreError> {
        let wait = wait.as_millis().max(1).to_string();
        let rows = self.fetch(&DB::MARK_ADOPTED.into(), Binder::new().bind(began).bind(&wait)).await?;
        Ok(rows.first().map(|row| Reader::new(row).field()).transpose()?)
    }

    /// Marks the open transaction as half-written, until it is whole again.
    pub(crate) fn half_written(&mut self, half_written: bool) {
        self.state.half_written = half_written;
    }
}

/// How many transactions the driver has begun, one inside the other. After a rollback it has one where one that was begun inside was
/// not ended, and where a statement of the caller had ended it: such a connection is nobody's any more.
fn depth<DB: sqlx::Database>(conn: &DB::Connection) -> usize {
    DB::TransactionManager::get_transaction_depth(conn)
}

/// Waits for an answer, but not for ever: a network that swallows packets closes no connection.
async fn answered<DB: Connect, T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
    reply: Duration,
    state: &mut ConnectionState,
) -> Result<T, StoreError> {
    let before = state.replies;
    state.replies = before.max(Replies::Missing);
    let reply = if seeded_bug!("unbounded-reply") { Duration::MAX } else { reply };
    let began = Instant::now();
    let answer = match timeout(reply, work).await {
        Ok(answer) => answer.map_err(DB::classify),
        Err(_) => {
            Err(StoreError { class: Class::Broken, source: sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()) })
        }
    };
    watch::meter::store(DB::NAME, began);
    // An error is an answer too, unless the connection, or the disk under a commit, is what failed.
    let lost = |error: &StoreError| match error.class {
        Class::Broken | Class::Disk => true,
        Class::Unavailable => error.source.as_database_error().is_none(),
        Class::Storage => seeded_bug!("answered-is-lost"),
        _ => false,
    };
    state.replies = if answer.as_ref().is_err_and(lost) { Replies::Lost } else { before };
    answer
}

impl<DB: Connect> fmt::Debug for Session<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("state", &self.state).finish_non_exhaustive()
    }
}
