//! The schema's steps, all in one transaction.

use sqlx::{AssertSqlSafe, Connection, Error, SqliteConnection};

use crate::store::sqlite::dialect::Statements;

pub(super) async fn version(conn: &mut SqliteConnection, sql: &Statements) -> Result<Option<i64>, Error> {
    let find = AssertSqlSafe(sql.find_migrations_table.clone());
    let tables: i64 = sqlx::query_scalar(find).fetch_one(&mut *conn).await?;
    if tables == 0 {
        return Ok(None);
    }
    sqlx::query_scalar(AssertSqlSafe(sql.version.clone())).fetch_one(conn).await
}

pub(super) async fn migrate(conn: &mut SqliteConnection, sql: &Statements) -> Result<(), Error> {
    let latest = sql.migrations.last().map(|migration| migration.version);
    if version(conn, sql).await? >= latest {
        return Ok(());
    }
    // Another process that migrates has the write lock until it is done.
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(AssertSqlSafe(sql.migrations_table.clone())).execute(&mut *tx).await?;
    let applied = version(&mut tx, sql).await?;
    for migration in sql.migrations.iter().filter(|migration| Some(migration.version) > applied) {
        sqlx::raw_sql(AssertSqlSafe(migration.sql.clone())).execute(&mut *tx).await?;
        sqlx::query(AssertSqlSafe(sql.put_version.clone()))
            .bind(migration.version)
            .bind(migration.name)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await
}
