//! The connection of a transaction, for the caller's own statements.

use std::fmt;
use std::future::ready;

use futures_util::future::BoxFuture;
use futures_util::stream::once;
use futures_util::{FutureExt as _, StreamExt as _};
use sqlx::{Error, Execute, Executor};
use sqlx_core::describe::Describe;
use sqlx_core::sql_str::SqlStr;

use crate::store::Database;
use crate::store::driver::Fetched;
use crate::store::error::Class;

/// The connection of a [`Tx`](crate::Tx), for your own statements: a sqlx executor, which notes whether a statement
/// failed because another writer was faster or the connection broke. [`Idem::transaction`](crate::Idem::transaction) then runs
/// its closure again, whatever error the closure makes of it.
///
/// Generic over the database it needs no bound: `sqlx::raw_sql("…").execute(tx.conn())` compiles for every
/// [`Database`].
pub struct TxConn<'t, DB: Database> {
    /// `None`: the closure of an operation kept the transaction, or ended it.
    conn: Option<&'t mut DB::Connection>,
    again: Again<'t>,
}

/// Whether another run of the transaction may do better: a statement failed by a race or with the connection. One that succeeds
/// later clears it: the failure was tolerated, by a savepoint or by the database.
pub(crate) struct Again<'t>(pub(crate) &'t mut bool);

impl Again<'_> {
    /// Notes the answer of a statement: its error, if it failed.
    pub(crate) fn note<DB: Database>(&mut self, error: Option<&Error>) {
        match error {
            None => *self.0 &= seeded_bug!("tolerated-runs-again"),
            Some(error) => *self.0 |= may_pass(DB::class(error)),
        }
    }
}

/// Whether a statement that failed like this may succeed in another transaction.
pub(crate) fn may_pass(class: Class) -> bool {
    matches!(class, Class::Contention | Class::Busy | Class::Broken)
}

fn ended() -> Error {
    Error::Protocol("the transaction was kept or ended by the closure of an operation in it; roll it back".to_owned())
}

impl<'t, DB: Database> TxConn<'t, DB> {
    pub(crate) fn new(conn: Option<&'t mut DB::Connection>, again: &'t mut bool) -> Self {
        Self { conn, again: Again(again) }
    }

    /// Waits for the answer of one statement, and notes it.
    fn noted<'e, T: Send + 'e>(
        self,
        run: impl FnOnce(&'e mut DB::Connection) -> BoxFuture<'e, Result<T, Error>>,
    ) -> BoxFuture<'e, Result<T, Error>>
    where
        't: 'e,
    {
        let Self { conn, mut again } = self;
        let Some(conn) = conn else { return ready(Err(ended())).boxed() };
        let answer = run(conn);
        answer.inspect(move |answer| again.note::<DB>(answer.as_ref().err())).boxed()
    }
}

impl<'t, DB: Database> Executor<'t> for TxConn<'t, DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Fetched<'e, DB>
    where
        't: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let Self { conn, mut again } = self;
        let Some(conn) = conn else { return once(ready(Err(ended()))).boxed() };
        DB::fetch_many(conn, query).inspect(move |answer| again.note::<DB>(answer.as_ref().err())).boxed()
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
