//! The schema's steps, all in one transaction.

use sqlx::{AssertSqlSafe, Connection, Error, PgConnection};

use crate::store::postgres::dialect::Statements;

pub(super) async fn version(conn: &mut PgConnection, sql: &Statements) -> Result<Option<i64>, Error> {
    let found = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(&sql.migrate.table);
    let found: bool = found.fetch_one(&mut *conn).await?;
    if !found {
        return Ok(None);
    }
    sqlx::query_scalar(AssertSqlSafe(sql.migrate.version.clone())).fetch_one(conn).await
}

pub(super) async fn migrate(conn: &mut PgConnection, sql: &Statements) -> Result<(), Error> {
    let latest = sql.migrations.last().map(|migration| migration.version);
    if version(conn, sql).await? >= latest {
        return Ok(());
    }
    let mut tx = conn.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'").await?;
    // Another process that migrates these tables has this lock until it is done. Two at once would both find a table
    // missing: IF NOT EXISTS does not wait.
    let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('idem migrates ' || $1, 0))");
    lock.bind(&sql.migrate.table).execute(&mut *tx).await?;
    create(&mut tx, sql).await?;
    let applied = version(&mut tx, sql).await?;
    for migration in sql.migrations.iter().filter(|migration| Some(migration.version) > applied) {
        sqlx::raw_sql(AssertSqlSafe(migration.sql.clone())).execute(&mut *tx).await?;
        sqlx::query(AssertSqlSafe(sql.migrate.put_version.clone()))
            .bind(migration.version)
            .bind(migration.name)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await
}

/// Makes the schema and the table of migrations, if they are missing.
async fn create(conn: &mut PgConnection, sql: &Statements) -> Result<(), Error> {
    if let Some(schema) = &sql.migrate.schema {
        // Asked first: a role without the right to create schemas may not even say IF NOT EXISTS.
        let missing =
            sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)").bind(schema);
        if missing.fetch_one(&mut *conn).await? {
            let create = format!("CREATE SCHEMA \"{schema}\"");
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *conn).await?;
        }
    }
    sqlx::raw_sql(AssertSqlSafe(sql.migrate.create_table.clone())).execute(conn).await.map(drop)
}
