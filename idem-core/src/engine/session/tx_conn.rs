//! The connection of a transaction, for the caller's own statements.

use std::fmt;
use std::future::ready;

use futures_util::future::BoxFuture;
use futures_util::stream::once;
use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _};
use sqlx::{Error, Execute, Executor};
use sqlx_core::describe::Describe;
use sqlx_core::sql_str::SqlStr;

use crate::store::Database;
use crate::store::driver::Fetched;
use crate::store::error::Class;

/// The connection of a [`Tx`](crate::Tx), for your own statements: a sqlx executor, which notes whether a statement
/// failed because another writer was faster or the connection broke. [`Idem::transaction`](crate::Idem::transaction) then runs
/// its closure again, whatever error the closure makes of it. A statement after a failed one runs if the transaction is still open: SQLite may
/// have rolled all of it back (`OR ROLLBACK`), and would commit the next one at once.
///
/// Generic over the database it needs no bound: `sqlx::raw_sql("…").execute(tx.conn())` compiles for every
/// [`Database`].
pub struct TxConn<'t, DB: Database> {
    /// `None`: the closure of an operation kept the transaction, or ended it.
    conn: Option<&'t mut DB::Connection>,
    notes: &'t mut Notes,
}

/// Notes on a transaction, from the answers to statements in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Notes {
    /// Another run of it may do better: a statement failed by a race or with the connection. One that succeeds later clears it: the
    /// failure was tolerated, by a savepoint or by the database.
    pub(crate) again: bool,
    /// Something else than `commit` has ended it.
    pub(crate) ended: bool,
    /// A statement failed, and the database may have rolled all of it back.
    failed: bool,
}

impl Notes {
    /// Notes the answer of a statement: its error, if it failed.
    pub(crate) fn note<DB: Database>(&mut self, error: Option<&Error>) {
        match error {
            None => self.again &= seeded_bug!("tolerated-runs-again"),
            Some(error) => {
                self.again |= may_pass(DB::class(error));
                self.failed = !DB::ERRORS_ABORT && !seeded_bug!("rolled-back-unseen");
            }
        }
    }

    /// Looks whether a transaction in which a statement has failed is still open.
    pub(crate) async fn look_after_failure<DB: Database>(&mut self, conn: &mut DB::Connection) -> Result<(), Error> {
        if !self.failed {
            return Ok(());
        }
        // Dropped here, or without an answer, it is not known whether the look has begun another transaction.
        self.ended = true;
        let looked = DB::run(conn, DB::look().into()).await.map_err(DB::classify);
        self.ended = !DB::is_open(looked).map_err(|error| error.source)?;
        self.failed = false;
        if self.ended { Err(ended()) } else { Ok(()) }
    }
}

/// Whether a statement that failed like this may succeed in another transaction.
pub(crate) fn may_pass(class: Class) -> bool {
    matches!(class, Class::Contention | Class::Busy | Class::Broken)
}

fn ended() -> Error {
    const ENDED: &str = "the transaction has ended: an earlier statement ended it, or the closure of an operation in it kept it; roll it back";
    Error::Protocol(ENDED.to_owned())
}

impl<'t, DB: Database> TxConn<'t, DB> {
    pub(crate) fn new(conn: Option<&'t mut DB::Connection>, notes: &'t mut Notes) -> Self {
        Self { conn: conn.filter(|_| !notes.ended), notes }
    }

    /// Waits for the answer of one statement, and notes it.
    fn noted<'e, T: Send + 'e>(
        self,
        run: impl FnOnce(&'e mut DB::Connection) -> BoxFuture<'e, Result<T, Error>> + Send + 'e,
    ) -> BoxFuture<'e, Result<T, Error>>
    where
        't: 'e,
    {
        let Self { conn, notes } = self;
        let Some(conn) = conn else { return ready(Err(ended())).boxed() };
        async move {
            notes.look_after_failure::<DB>(conn).await?;
            run(conn).await.inspect(|_| notes.note::<DB>(None)).inspect_err(|error| notes.note::<DB>(Some(error)))
        }
        .boxed()
    }
}

impl<'t, DB: Database> Executor<'t> for TxConn<'t, DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Fetched<'e, DB>
    where
        't: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let Self { conn, notes } = self;
        let Some(conn) = conn else { return once(ready(Err(ended()))).boxed() };
        if !notes.failed {
            return DB::fetch_many(conn, query).inspect(move |answer| notes.note::<DB>(answer.as_ref().err())).boxed();
        }
        let looked = async move {
            notes.look_after_failure::<DB>(conn).await?;
            Ok(DB::fetch_many(conn, query).inspect(move |answer| notes.note::<DB>(answer.as_ref().err())))
        };
        looked.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        't: 'e,
        E: 'q + Execute<'q, DB>,
    {
        self.noted(|conn| DB::fetch_optional(conn, query))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        't: 'e,
    {
        self.noted(|conn| DB::prepare_with(conn, sql, parameters))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        't: 'e,
    {
        self.noted(|conn| DB::describe(conn, sql))
    }
}

impl<DB: Database> fmt::Debug for TxConn<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TxConn").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
