//! Databases of a test's own, and what happens where there is no server.

use std::env;
use std::process::{Command, Output};

use sqlx::Connection;
use tests::{Postgres, postgres};

#[tokio::test]
async fn fresh_database_is_dropped_with_its_value() {
    let Some(database) = Postgres::fresh().await else { return };
    let mut connection = database.url().connect().await;
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    drop(database);
    assert!(connection.ping().await.is_err(), "the database was dropped below a connection");

    let mut connection = postgres().unwrap().connect().await;
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(found, 0);
}

#[test]
fn missing_server_is_printed_and_fails_where_required() {
    let skipped = run_without_server("");
    assert!(skipped.status.success());
    assert!(String::from_utf8_lossy(&skipped.stderr).contains("SKIPPED: databases::fresh_database"));

    let required = run_without_server("mysql, postgres");
    assert!(!required.status.success());
    assert!(String::from_utf8_lossy(&required.stdout).contains("there is no postgres: set IDEM_POSTGRES_URL"));
}

/// Runs the test above in a process of its own, as on a machine without PostgreSQL.
fn run_without_server(required: &str) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "databases::fresh_database_is_dropped_with_its_value"])
        .env_remove("IDEM_POSTGRES_URL")
        .env("IDEM_REQUIRE", required)
        .output()
        .unwrap()
}
