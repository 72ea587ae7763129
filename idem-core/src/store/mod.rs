//! Databases: rows and SQL, no decisions.
//!
//! One folder a database, the same file names in each: `mod.rs` is the implementation of [`Store`], `dialect.rs` the SQL
//! text, `bind.rs` what is bound and read, `ledger.rs` the questions about the ledger, `update.rs` the user's own tables, `classify.rs` what an error means. A store knows neither machines nor keys'
//! meaning; it loads rows, writes rows, and says whether a write lost a race.

#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "the shared parts stand without a database that uses them")
)]
#![allow(unreachable_pub, reason = "what the sealed trait names is public, and nobody can reach it")]

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

mod binder;
pub(crate) mod error;
pub(crate) mod ledger;
mod legs;
mod read;
pub(crate) mod rows;
mod statement;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod update;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::key::KeyHash;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Found, RowUpdate};
use error::StoreError;
use rows::{
    AccountRow, AccountSettings, KeyRow, Loaded, LoadedLedger, Locks, RunRow, TransitionRow, Witness, Write, Written,
};
use tables::Tables;
use update::{DescribedTable, Wrote};

/// What came of posting one entry without a load.
#[derive(Debug)]
pub enum PostedOne {
    Done(rows::Funded),
    /// The key is known.
    Known(KeyRow),
    /// Something is in the way; a load tells what.
    Undecided,
}

/// How a connection is made.
pub(crate) type Options<DB> = <<DB as sqlx::Database>::Connection as sqlx::Connection>::Options;

/// A database that idem runs on: `sqlx::Sqlite` or `sqlx::Postgres`, each behind its feature. Sealed.
pub trait Database: ledger::LedgerReads {}

/// What the engine asks of a database. All statements go to one connection and bind every value.
///
/// # Cancel safety
/// No method is: the engine drops the connection when a call is dropped half-way.
pub trait Store: sqlx::Database {
    /// How many connections may write, where the database has a bound: then the others only read.
    const WRITERS: Option<u32>;

    /// How many calls at a time are better off alone than in a group.
    const ALONE: usize;

    /// Whether ledger changes are first written without a load: where a round trip costs more than what it looks up.
    const BLIND: bool;

    /// The statements of one set of tables, filled in once.
    type Sql: Send + Sync + 'static;

    /// Fills in the statements.
    fn sql(tables: &Tables) -> Self::Sql;

    /// Begins a transaction that will write; the text that sqlx's transaction manager is given. Lock waits inside it
    /// end after `wait`.
    fn begin(wait: Duration) -> String;

    /// The machines, the keys with their outcomes, and the database's time: one statement, no lock.
    fn load(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        machines: &[(&str, &str)],
        keys: &[KeyHash],
    ) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Locks the rows of those machines that exist, in the order of their bytes, until the transaction ends. What they
    /// hold is loaded by the next statement. Nothing to do where the transaction itself is the lock.
    fn lock_machines(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        machines: &[(&str, &str)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The transition of each (machine, id, seq).
    fn load_runs(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        runs: &[(&str, &str, i64)],
    ) -> impl Future<Output = Result<Vec<Option<RunRow>>, StoreError>> + Send;

    /// The visit of the newest transition of one machine that led to one of `states`.
    fn last_visit(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        machine: (&str, &str),
        states: &[&str],
    ) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// The accounts, in the order asked. With `lock`, each is locked, in the order of bytes; where only a row that exists
    /// can be locked, a missing one is opened first.
    fn load_accounts(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        accounts: &[&str],
        lock: bool,
    ) -> impl Future<Output = Result<Vec<Option<AccountRow>>, StoreError>> + Send;

    /// Keys of the ledger with the entries they name, accounts, and the database's time: one statement, no lock.
    fn load_ledger(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        keys: &[KeyHash],
        accounts: &[&str],
    ) -> impl Future<Output = Result<LoadedLedger, StoreError>> + Send;

    /// Posts one entry under one key without a load before it, in one round trip where nothing is in the way. Asked only
    /// where [`Store::BLIND`] says that it pays.
    fn post_one(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        write: &Write,
        wait: Duration,
    ) -> impl Future<Output = Result<PostedOne, StoreError>> + Send {
        async move {
            Ok(match Self::write_own(conn, sql, write, Locks { wait, skip: false }).await? {
                Written::Done(after) => {
                    after.accounts.first().map_or(PostedOne::Undecided, |one| PostedOne::Done(*one))
                }
                Written::Lost(_) => PostedOne::Undecided,
            })
        }
    }

    /// Writes everything in a transaction of its own and commits, or nothing.
    fn write_own(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        write: &Write,
        locks: Locks,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Writes everything in the transaction that is open on the connection, or nothing; the transaction stays usable.
    /// The machines and accounts that exist are locked by it. `Ok(false)`: a key was taken meanwhile.
    fn write_joined(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        write: &Write,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Gives an account that is locked its bounds, its unit and its nature.
    fn put_account(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        settings: &AccountSettings<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Folds the tail of a tally into its balance. Nothing to do where a tally has no tail.
    fn fold_tail(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        account: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Fails if the transaction that is open on the connection was aborted by an error. Nothing to ask where a failed
    /// statement does not abort.
    fn ping_tx(conn: &mut Self::Connection) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Finds out, in a transaction that is rolled back, whether what `witness` names was committed: inserts it again.
    /// A conflict proves the commit, an insert proves that there was none and can be none. `None` if the wait for the
    /// first writer did not end within `wait`.
    fn probe(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        witness: &Witness,
        wait: Duration,
    ) -> impl Future<Output = Result<Option<bool>, StoreError>> + Send;

    /// A page of one machine's history with `seq` above `after`, oldest first.
    fn history(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        machine: (&str, &str),
        after: i64,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<TransitionRow>, StoreError>> + Send;

    /// Machines in one of `states` (a name and its earlier names), entered before `before`, in the order of
    /// (entered, id), those after the cursor.
    fn in_state(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        query: &rows::StateQuery<'_>,
    ) -> impl Future<Output = Result<Vec<rows::MachineRow>, StoreError>> + Send;

    /// How many machines are stored under each state's name.
    fn count_by_state(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        machine: &str,
    ) -> impl Future<Output = Result<Vec<(String, i64)>, StoreError>> + Send;

    /// Stores the machine's graph if none is stored; gives what is stored now, with its hash.
    fn register_graph(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        machine: &str,
        graph: &rows::GraphRow,
        replace: Option<&[u8]>,
    ) -> impl Future<Output = Result<rows::GraphRow, StoreError>> + Send;

    /// What a table of the user's is like; `None` if there is none of that name.
    fn describe(
        conn: &mut Self::Connection,
        table: &TableName,
    ) -> impl Future<Output = Result<Option<Arc<DescribedTable>>, StoreError>> + Send;

    /// Writes one row of the user's and records its key, in a transaction of its own. `None`: nothing is written, because
    /// the row is not as expected or the key is known.
    fn update_own(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        update: &RowUpdate,
        shape: &DescribedTable,
        wait: Duration,
    ) -> impl Future<Output = Result<Option<Wrote>, StoreError>> + Send;

    /// The same in the transaction that is open on the connection, which `None` leaves as it was.
    fn update_joined(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        update: &RowUpdate,
        shape: &DescribedTable,
    ) -> impl Future<Output = Result<Option<Wrote>, StoreError>> + Send;

    /// The row and the key that an update missed, in one snapshot.
    fn find(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
        update: &RowUpdate,
        shape: &DescribedTable,
    ) -> impl Future<Output = Result<Found, StoreError>> + Send;

    /// The statements that bring an empty database to each version, in order.
    fn migrations(tables: &Tables) -> Vec<rows::Migration>;

    /// The version the database is at; `None` if idem's tables are not there.
    fn version(
        conn: &mut Self::Connection,
        sql: &Self::Sql,
    ) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// Applies the migrations that are missing, in one transaction under a lock that other migrating processes wait for.
    fn migrate(conn: &mut Self::Connection, sql: &Self::Sql) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What an error of the driver means.
    fn classify(error: sqlx::Error) -> StoreError {
        StoreError { class: Self::class(&error), source: error }
    }

    /// The class of an error of the driver.
    fn class(error: &sqlx::Error) -> error::Class;

    /// How to connect to a URL; the database's own lock, where it has one, is waited for at most for `wait`.
    ///
    /// # Errors
    /// What is wrong with the URL, and how to mend it.
    fn options(url: &str, wait: Duration) -> Result<Options<Self>, String>;

    /// The same for the connection that groups are written on.
    fn for_groups(options: Options<Self>) -> Options<Self> {
        options
    }
}
