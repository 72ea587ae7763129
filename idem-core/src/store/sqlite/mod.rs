//! SQLite. The write lock is the transaction: every one that will write begins `IMMEDIATE`.
//!
//! A wait for that lock ends after the connection's `busy_timeout`, which a pool sets when it connects; the waits that
//! the engine passes are for databases with row locks.

mod bind;
mod classify;
mod connect;
mod dialect;
mod ledger;
mod list;
mod migrate;
mod reads;
mod update;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Error, Sqlite, SqliteConnection};

use crate::key::KeyHash;
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Found, RowUpdate};
use crate::store::error::{Class, StoreError};
use crate::store::rows::{
    AccountRow, AccountSettings, GraphRow, Loaded, LoadedLedger, Locks, MachineRow, Migration, RunRow, StateQuery,
    TransitionRow, Witness, Write, Written,
};
use crate::store::tables::Tables;
use crate::store::update::{DescribedTable, Wrote};
use crate::store::{Database, Store};
use classify::classify;
pub use dialect::Statements;

impl Database for Sqlite {}

impl Store for Sqlite {
    const WRITERS: Option<u32> = Some(1);

    const ALONE: usize = 1;

    const BLIND: bool = false;

    type Sql = Statements;

    fn sql(tables: &Tables) -> Statements {
        Statements::new(tables)
    }

    fn begin(_wait: Duration) -> String {
        "BEGIN IMMEDIATE".to_owned()
    }

    async fn load(
        conn: &mut SqliteConnection,
        sql: &Statements,
        machines: &[(&str, &str)],
        keys: &[KeyHash],
    ) -> Result<Loaded, StoreError> {
        reads::load(conn, sql, machines, keys).await.map_err(classify)
    }

    async fn lock_machines(
        _conn: &mut SqliteConnection,
        _sql: &Statements,
        _machines: &[(&str, &str)],
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load_runs(
        conn: &mut SqliteConnection,
        sql: &Statements,
        runs: &[(&str, &str, i64)],
    ) -> Result<Vec<Option<RunRow>>, StoreError> {
        reads::load_runs(conn, sql, runs).await.map_err(classify)
    }

    async fn last_visit(
        conn: &mut SqliteConnection,
        sql: &Statements,
        machine: (&str, &str),
        states: &[&str],
    ) -> Result<Option<i64>, StoreError> {
        reads::last_visit(conn, sql, machine, states).await.map_err(classify)
    }

    async fn load_accounts(
        conn: &mut SqliteConnection,
        sql: &Statements,
        accounts: &[&str],
        _lock: bool,
    ) -> Result<Vec<Option<AccountRow>>, StoreError> {
        reads::accounts(conn, sql, accounts).await.map_err(classify)
    }

    async fn load_ledger(
        conn: &mut SqliteConnection,
        sql: &Statements,
        keys: &[KeyHash],
        accounts: &[&str],
    ) -> Result<LoadedLedger, StoreError> {
        reads::ledger(conn, sql, keys, accounts).await.map_err(classify)
    }

    async fn write_own(
        conn: &mut SqliteConnection,
        sql: &Statements,
        write: &Write,
        _locks: Locks,
    ) -> Result<Written, StoreError> {
        writes::own(conn, sql, write).await.map_err(classify)
    }

    async fn write_joined(conn: &mut SqliteConnection, sql: &Statements, write: &Write) -> Result<bool, StoreError> {
        writes::joined(conn, sql, write).await.map_err(classify)
    }

    async fn put_account(
        conn: &mut SqliteConnection,
        sql: &Statements,
        settings: &AccountSettings<'_>,
    ) -> Result<(), StoreError> {
        writes::put_account(conn, sql, settings).await.map_err(classify)
    }

    /// A tally's balance is kept as any other's: the one writer needs no tail.
    async fn fold_tail(_conn: &mut SqliteConnection, _sql: &Statements, _account: &str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn ping_tx(_conn: &mut SqliteConnection) -> Result<(), StoreError> {
        Ok(())
    }

    async fn probe(
        conn: &mut SqliteConnection,
        sql: &Statements,
        witness: &Witness,
        _wait: Duration,
    ) -> Result<Option<bool>, StoreError> {
        writes::probe(conn, sql, witness).await
    }

    async fn history(
        conn: &mut SqliteConnection,
        sql: &Statements,
        machine: (&str, &str),
        after: i64,
        limit: i64,
    ) -> Result<Vec<TransitionRow>, StoreError> {
        reads::history(conn, sql, machine, after, limit).await.map_err(classify)
    }

    async fn in_state(
        conn: &mut SqliteConnection,
        sql: &Statements,
        query: &StateQuery<'_>,
    ) -> Result<Vec<MachineRow>, StoreError> {
        reads::in_state(conn, sql, query).await.map_err(classify)
    }

    async fn count_by_state(
        conn: &mut SqliteConnection,
        sql: &Statements,
        machine: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        reads::count_by_state(conn, sql, machine).await.map_err(classify)
    }

    async fn register_graph(
        conn: &mut SqliteConnection,
        sql: &Statements,
        machine: &str,
        graph: &GraphRow,
        replace: Option<&[u8]>,
    ) -> Result<GraphRow, StoreError> {
        writes::register_graph(conn, sql, machine, graph, replace).await.map_err(classify)
    }

    async fn describe(
        conn: &mut SqliteConnection,
        table: &TableName,
    ) -> Result<Option<Arc<DescribedTable>>, StoreError> {
        update::describe(conn, table).await.map_err(classify)
    }

    async fn update_own(
        conn: &mut SqliteConnection,
        sql: &Statements,
        update: &RowUpdate,
        shape: &DescribedTable,
        _wait: Duration,
    ) -> Result<Option<Wrote>, StoreError> {
        update::own(conn, sql, update, shape).await.map_err(classify)
    }

    async fn update_joined(
        conn: &mut SqliteConnection,
        sql: &Statements,
        update: &RowUpdate,
        shape: &DescribedTable,
    ) -> Result<Option<Wrote>, StoreError> {
        update::within(conn, sql, update, shape).await.map_err(classify)
    }

    async fn find(
        conn: &mut SqliteConnection,
        sql: &Statements,
        update: &RowUpdate,
        shape: &DescribedTable,
    ) -> Result<Found, StoreError> {
        update::find(conn, sql, update, shape).await.map_err(classify)
    }

    fn migrations(tables: &Tables) -> Vec<Migration> {
        dialect::printed(tables)
    }

    async fn version(conn: &mut SqliteConnection, sql: &Statements) -> Result<Option<i64>, StoreError> {
        migrate::version(conn, sql).await.map_err(classify)
    }

    async fn migrate(conn: &mut SqliteConnection, sql: &Statements) -> Result<(), StoreError> {
        migrate::migrate(conn, sql).await.map_err(classify)
    }

    fn class(error: &Error) -> Class {
        classify::class(error)
    }

    fn options(url: &str, wait: Duration) -> Result<SqliteConnectOptions, String> {
        connect::options(url, wait)
    }
}
