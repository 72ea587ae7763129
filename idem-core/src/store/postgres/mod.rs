//! PostgreSQL. A decision is written by compare-and-set in one statement; where rows are locked instead, the lock is one
//! statement and the read of what they hold the next.

mod bind;
mod classify;
mod connect;
mod dialect;
mod ledger;
mod migrate;
mod parts;
mod reads;
mod update;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Error, PgConnection, Postgres};

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
use crate::store::{Database, PostedOne, Store};
use classify::classify;
pub use dialect::Statements;

impl Database for Postgres {}

impl Store for Postgres {
    const WRITERS: Option<u32> = None;

    const ALONE: usize = 8;

    const BLIND: bool = true;

    type Sql = Statements;

    fn sql(tables: &Tables) -> Statements {
        Statements::new(tables)
    }

    fn begin(wait: Duration) -> String {
        dialect::begin(wait)
    }

    async fn load(
        conn: &mut PgConnection,
        sql: &Statements,
        machines: &[(&str, &str)],
        keys: &[KeyHash],
    ) -> Result<Loaded, StoreError> {
        reads::load(conn, sql, machines, keys).await.map_err(classify)
    }

    async fn lock_machines(
        conn: &mut PgConnection,
        sql: &Statements,
        machines: &[(&str, &str)],
    ) -> Result<(), StoreError> {
        reads::lock_machines(conn, sql, machines).await.map_err(classify)
    }

    async fn load_runs(
        conn: &mut PgConnection,
        sql: &Statements,
        runs: &[(&str, &str, i64)],
    ) -> Result<Vec<Option<RunRow>>, StoreError> {
        reads::load_runs(conn, sql, runs).await.map_err(classify)
    }

    async fn last_visit(
        conn: &mut PgConnection,
        sql: &Statements,
        machine: (&str, &str),
        states: &[&str],
    ) -> Result<Option<i64>, StoreError> {
        reads::last_visit(conn, sql, machine, states).await.map_err(classify)
    }

    async fn load_accounts(
        conn: &mut PgConnection,
        sql: &Statements,
        accounts: &[&str],
        lock: bool,
    ) -> Result<Vec<Option<AccountRow>>, StoreError> {
        reads::accounts(conn, sql, accounts, lock).await.map_err(classify)
    }

    async fn load_ledger(
        conn: &mut PgConnection,
        sql: &Statements,
        keys: &[KeyHash],
        accounts: &[&str],
    ) -> Result<LoadedLedger, StoreError> {
        reads::ledger(conn, sql, keys, accounts).await.map_err(classify)
    }

    async fn post_one(
        conn: &mut PgConnection,
        sql: &Statements,
        write: &Write,
        wait: Duration,
    ) -> Result<PostedOne, StoreError> {
        writes::post_one(conn, sql, write, wait).await.map_err(classify)
    }

    async fn write_own(
        conn: &mut PgConnection,
        sql: &Statements,
        write: &Write,
        locks: Locks,
    ) -> Result<Written, StoreError> {
        writes::own(conn, sql, write, locks).await.map_err(classify)
    }

    async fn write_joined(conn: &mut PgConnection, sql: &Statements, write: &Write) -> Result<bool, StoreError> {
        writes::joined(conn, sql, write).await.map_err(classify)
    }

    async fn put_account(
        conn: &mut PgConnection,
        sql: &Statements,
        settings: &AccountSettings<'_>,
    ) -> Result<(), StoreError> {
        writes::put_account(conn, sql, settings).await.map_err(classify)
    }

    async fn fold_tail(conn: &mut PgConnection, sql: &Statements, account: &str) -> Result<(), StoreError> {
        writes::fold_tail(conn, sql, account).await.map_err(classify)
    }

    async fn ping_tx(conn: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(conn).await.map(drop).map_err(classify)
    }

    async fn probe(
        conn: &mut PgConnection,
        sql: &Statements,
        witness: &Witness,
        wait: Duration,
    ) -> Result<Option<bool>, StoreError> {
        writes::probe(conn, sql, witness, wait).await
    }

    async fn history(
        conn: &mut PgConnection,
        sql: &Statements,
        machine: (&str, &str),
        after: i64,
        limit: i64,
    ) -> Result<Vec<TransitionRow>, StoreError> {
        reads::history(conn, sql, machine, after, limit).await.map_err(classify)
    }

    async fn in_state(
        conn: &mut PgConnection,
        sql: &Statements,
        query: &StateQuery<'_>,
    ) -> Result<Vec<MachineRow>, StoreError> {
        reads::in_state(conn, sql, query).await.map_err(classify)
    }

    async fn count_by_state(
        conn: &mut PgConnection,
        sql: &Statements,
        machine: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        reads::count_by_state(conn, sql, machine).await.map_err(classify)
    }

    async fn register_graph(
        conn: &mut PgConnection,
        sql: &Statements,
        machine: &str,
        graph: &GraphRow,
        replace: Option<&[u8]>,
    ) -> Result<GraphRow, StoreError> {
        writes::register_graph(conn, sql, machine, graph, replace).await.map_err(classify)
    }

    async fn describe(conn: &mut PgConnection, table: &TableName) -> Result<Option<Arc<DescribedTable>>, StoreError> {
        update::describe(conn, &table.to_string()).await.map_err(classify)
    }

    async fn update_own(
        conn: &mut PgConnection,
        sql: &Statements,
        update: &RowUpdate,
        shape: &DescribedTable,
        wait: Duration,
    ) -> Result<Option<Wrote>, StoreError> {
        update::own(conn, sql, update, shape, wait).await.map_err(classify)
    }

    async fn update_joined(
        conn: &mut PgConnection,
        sql: &Statements,
        update: &RowUpdate,
        shape: &DescribedTable,
    ) -> Result<Option<Wrote>, StoreError> {
        update::within(conn, sql, update, shape).await.map_err(classify)
    }

    async fn find(
        conn: &mut PgConnection,
        sql: &Statements,
        update: &RowUpdate,
        shape: &DescribedTable,
    ) -> Result<Found, StoreError> {
        update::find(conn, sql, update, shape).await.map_err(classify)
    }

    fn migrations(tables: &Tables) -> Vec<Migration> {
        dialect::printed(tables)
    }

    async fn version(conn: &mut PgConnection, sql: &Statements) -> Result<Option<i64>, StoreError> {
        migrate::version(conn, sql).await.map_err(classify)
    }

    async fn migrate(conn: &mut PgConnection, sql: &Statements) -> Result<(), StoreError> {
        migrate::migrate(conn, sql).await.map_err(classify)
    }

    fn class(error: &Error) -> Class {
        classify::class(error)
    }

    fn options(url: &str, wait: Duration) -> Result<PgConnectOptions, String> {
        connect::options(url, wait)
    }

    fn for_groups(options: PgConnectOptions) -> PgConnectOptions {
        connect::for_groups(options)
    }
}
