//! The steps of the schema, all in one transaction.

use super::binder::Binder;
use super::connect::Connect;
use super::dialect::Dialect;
use super::error::StoreError;
use super::reader::Reader;
use super::session::Session;
use super::tables::Tables;
use super::template::{render, texts};

texts! {
    /// The statements of migrations, by name.
    pub struct MigrateTexts {
        /// Creates the table of migrations if it is missing.
        create_table,
        /// Whether there is a table of migrations of the name `$1`.
        find_table,
        /// The version that was reached.
        version,
        /// Records the step `$1` with its name `$2`.
        put_version,
        /// Begins the transaction of all steps.
        begin,
        /// Waits for the lock of the tables of the name `$1`. Empty where the transaction itself is the lock.
        lock,
        /// Whether the schema `$1` is missing. Empty where there are none to create.
        schema_is_missing,
    }
}

/// One step of the schema.
#[derive(Debug)]
pub struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    /// The statements, separated by semicolons.
    pub(crate) sql: &'static str,
}

/// Migrations of one database.
pub trait MigrateStore: Dialect {
    const MIGRATE: MigrateTexts<&'static str>;

    /// The steps that bring an empty database to each version, in order.
    const STEPS: &'static [Migration];
}

/// The version the database is at; `None` if idem's tables are not there.
pub(crate) async fn version<DB: Connect + MigrateStore>(
    session: &mut Session<'_, DB>,
) -> Result<Option<i64>, StoreError> {
    let sql = session.sql;
    if !truth(session, &sql.migrate.find_table, Binder::new()).await? {
        return Ok(None);
    }
    let row = session.fetch_one(&sql.migrate.version, Binder::new()).await?;
    Ok(Reader::new(&row).field()?)
}

/// Applies the migrations that are missing, in one transaction under a lock that other migrating processes wait for.
pub(crate) async fn migrate<DB: Connect + MigrateStore>(session: &mut Session<'_, DB>) -> Result<(), StoreError> {
    let latest = DB::STEPS.last().map(|step| step.version);
    if version(session).await? >= latest {
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
    let reached = version(session).await?;
    for step in DB::STEPS.iter().filter(|step| Some(step.version) > reached) {
        session.run(sql.tables.fill(step.sql)).await?;
        session.fetch(&sql.migrate.put_version, Binder::new().bind(step.version).bind(step.name)).await?;
    }
    Ok(())
}

async fn truth<DB: Connect>(
    session: &mut Session<'_, DB>,
    text: &crate::store::tables::Text,
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
    let print = |step: &Migration| {
        let (version, name) = (step.version.to_string(), format!("'{}'", step.name));
        let record = render::<DB>(tables, &DB::MIGRATE.put_version.replace("$1", &version).replace("$2", &name));
        let steps = tables.fill(step.sql);
        (step.name, format!("{}{}\n{record};\n", std::mem::take(&mut first), steps.trim_end()))
    };
    DB::STEPS.iter().map(print).collect()
}
