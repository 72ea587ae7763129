//! `docs/SCHEMA.md`: each of its statements runs, and each table and column of a database stands in it.
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use idem_core::Idem;
use sqlx::AssertSqlSafe;
use tests::{Postgres, Sqlite};

const PAGE: &str = include_str!("../../docs/SCHEMA.md");

/// The statements for a database: those under its name, and those for both.
fn statements(database: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for block in PAGE.split("```sql\n").skip(1) {
        let block = block.split("```").next().expect("an end");
        for part in block.split("-- ").skip(1) {
            let (name, statements) = part.split_once('\n').expect("a name");
            assert!(["both", "PostgreSQL", "SQLite"].contains(&name), "{name}");
            if name == "both" || name == database {
                found.extend(statements.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()));
            }
        }
    }
    assert!(found.len() > 10, "the page has statements");
    found
}

/// The part of the page that describes a table.
fn part(table: &str) -> &'static str {
    let at = PAGE.find(&format!("### {table}")).or_else(|| PAGE.find(&format!("| `{table}` |")));
    let part = &PAGE[at.unwrap_or_else(|| panic!("{table} is missing"))..];
    // To the next table, or the end of the section.
    let end = part[1..].find("\n#").map_or(part.len(), |end| end + 1);
    &part[..end]
}

/// Rows of table and column, of all tables of idem.
fn check(columns: &[(String, String)]) {
    assert!(columns.len() > 50, "the database has tables");
    let missing: Vec<_> = columns.iter().filter(|(table, column)| !has(part(table), column)).collect();
    assert!(missing.is_empty(), "columns that the page does not name: {missing:?}");
}

fn has(part: &str, column: &str) -> bool {
    part.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').any(|word| word == column)
}

#[tokio::test]
async fn page_is_true_on_sqlite() {
    let database = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&format!("sqlite://{}", database.path().display())).await.expect("it opens");
    for statement in statements("SQLite") {
        sqlx::query(statement).fetch_all(idem.pool()).await.expect(statement);
    }
    let columns = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name LIKE 'idem\\_%' ESCAPE '\\'";
    check(&sqlx::query_as(columns).fetch_all(idem.pool()).await.expect("readable"));
}

#[tokio::test]
async fn page_is_true_on_postgres() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = Idem::<sqlx::Postgres>::open(&database.url().to_string()).await.expect("it opens");
    for statement in statements("PostgreSQL") {
        sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(idem.pool()).await.expect(statement);
    }
    let columns = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE t.table_type = 'BASE TABLE' AND c.table_name LIKE 'idem\\_%'";
    check(&sqlx::query_as(columns).fetch_all(idem.pool()).await.expect("readable"));
}
