//! The steps of the schema, all in one transaction.

use super::texts::{MigrateStore, steps};
use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::session::Session;
use crate::store::tables::{Tables, Text};
use crate::store::template::render;

/// The version the database is at, and its time; nothing if idem's tables do not exist.
pub(crate) async fn version<DB: Connect + MigrateStore>(
    session: &mut Session<'_, DB>,
) -> Result<(Option<i64>, Option<Timestamp>), StoreError> {
    let sql = session.sql;
    if !truth(session, &sql.migrate.find_table, Binder::new()).await? {
        return Ok((None, None));
    }
    let row = session.fetch_one(&sql.migrate.version, Binder::new()).await?;
    let mut row = Reader::new(&row);
    Ok((row.field()?, row.field()?))
}

/// The database's time.
pub(crate) async fn now<DB: Connect + MigrateStore>(session: &mut Session<'_, DB>) -> Result<Timestamp, StoreError> {
    let row = session.fetch_one(&session.sql.migrate.now, Binder::new()).await?;
    Ok(Reader::new(&row).field()?)
}

/// Applies the migrations that are missing, in one transaction under a lock that other migrating processes wait for.
pub(crate) async fn migrate<DB: Connect + MigrateStore>(session: &mut Session<'_, DB>) -> Result<(), StoreError> {
    let latest = steps::<DB>().last().map(|(version, ..)| version);
    if version(session).await?.0 >= latest {
        return Ok(());
    }
    let sql = session.sql;
    session.begin(sql.migrate.begin.to_string()).await?;
    let applied = apply(session).await;
    if applied.is_ok() {
        return session.commit().await;
    }
    // The first error is what happened; a transaction that does not roll back ends with its connection.
    let _ = session.roll_back().await;
    applied
}

async fn apply<DB: Connect + MigrateStore>(session: &mut Session<'_, DB>) -> Result<(), StoreError> {
    let sql = session.sql;
    // Two at once would both find a table missing: IF NOT EXISTS does not wait.
    if !sql.migrate.lock.is_empty() {
        session.run(sql.migrate.lock.clone()).await?;
    }
    if let Some(schema) = sql.tables.schema().filter(|_| !sql.migrate.schema_is_missing.is_empty()) {
        // Asked first: a role without the right to create schemas may not even say IF NOT EXISTS.
        if truth(session, &sql.migrate.schema_is_missing, Binder::new().bind(schema)).await? {
            session.run(format!("CREATE SCHEMA {}", DB::quote(schema))).await?;
        }
    }
    session.run(sql.migrate.create_table.clone()).await?;
    let (reached, _) = version(session).await?;
    for (version, name, statements) in steps::<DB>().filter(|(version, ..)| Some(*version) > reached) {
        session.run(sql.tables.fill(statements)).await?;
        session.fetch(&sql.migrate.put_version, Binder::new().bind(version).bind(name)).await?;
    }
    Ok(())
}

async fn truth<DB: Connect>(
    session: &mut Session<'_, DB>,
    text: &Text,
    binder: Binder<DB>,
) -> Result<bool, StoreError> {
    let row = session.fetch_one(text, binder).await?;
    Ok(Reader::new(&row).field()?)
}

/// The steps for another role to apply by hand: with what `migrate` makes first, and what records each step.
pub(crate) fn printed<DB: MigrateStore>(tables: &Tables) -> Vec<(&'static str, String)> {
    let schema = tables.schema().filter(|_| !DB::MIGRATE.schema_is_missing.is_empty());
    let mut first =
        schema.map_or_else(String::new, |schema| format!("CREATE SCHEMA IF NOT EXISTS {};\n", DB::quote(schema)));
    first.push_str(tables.fill(DB::MIGRATE.create_table).trim());
    first.push_str(";\n");
    let print = |(version, name, statements): (i64, &'static str, &'static str)| {
        let record = DB::MIGRATE.put_version.replace("$1", &version.to_string()).replace("$2", &format!("'{name}'"));
        let (record, statements) = (render::<DB>(tables, &record), tables.fill(statements));
        (name, format!("{}{}\n{record};\n", std::mem::take(&mut first), statements.trim_end()))
    };
    steps::<DB>().map(print).collect()
}
