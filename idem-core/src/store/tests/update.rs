use crate::model::row::identifier::{Identifier, TableName};
use crate::model::row::row_update::{Cell, Claim, RowUpdate, RowWrite};
use crate::store::tests::ground::{Fresh, Ground, WAIT};
use crate::store::tests::sample::{With, fingerprint, hash, step};
use crate::store::update::DescribedTable;
use crate::value::Value;

/// A table of a caller's, beside the library's own.
fn pages<S: Ground>(db: &Fresh<S>) -> TableName {
    let schema = db.tables.schema().map_or_else(String::new, |schema| format!("{schema}."));
    TableName::new(format!("{schema}pages")).expect("a name")
}

fn cell(column: &str, value: impl Into<Value>) -> Cell {
    Cell { column: Identifier::new(column.to_owned()).expect("a name"), value: value.into() }
}

/// An update of one page, under a key if it is named.
fn update(table: &TableName, write: RowWrite, name: &str, key: Option<&str>) -> RowUpdate {
    let updates = write == RowWrite::Update;
    RowUpdate {
        table: table.clone(),
        write,
        keys: vec![cell("name", name), cell("tenant", 7)],
        sets: vec![cell("body", "new")],
        expects: if updates { vec![cell("body", "old")] } else { Vec::new() },
        version: Some(Identifier::new("version".to_owned()).expect("a name")),
        expected: updates.then_some(1),
        claim: key.map(|key| Claim { hash: hash(key), fingerprint: fingerprint(name), retention: 1_000_000 }),
    }
}

/// Runs every kind of update in each way, of a page that is not there, so that the shape knows their statements. What is
/// made is rolled back or taken away.
async fn run_all<S: Ground>(db: &mut Fresh<S>, table: &TableName, shape: &DescribedTable) {
    for write in [RowWrite::Update, RowWrite::Upsert, RowWrite::Insert] {
        for key in [None, Some("none")] {
            let update = update(table, write, "none", key);
            let wrote = S::update_own(&mut db.conn, &db.sql, &update, shape, WAIT).await.expect("runs");
            assert_eq!(wrote.is_some(), write != RowWrite::Update, "{write:?}");
            S::find(&mut db.conn, &db.sql, &update, shape).await.expect("runs");
            db.execute(&format!("DELETE FROM {table}; DELETE FROM {{keys}}")).await;
            db.begin().await;
            S::update_joined(&mut db.conn, &db.sql, &update, shape).await.expect("runs");
            db.execute("ROLLBACK").await;
        }
    }
}

/// Neither the key's row nor the caller's: on empty tables, on such as were small when they were analysed and have grown,
/// and on full ones.
pub(super) async fn no_update_scans_a_table<S: Ground>(mut db: Fresh<S>) {
    let table = pages(&db);
    db.execute(&format!(
        "CREATE TABLE {table} (tenant bigint, name text, body text, version bigint, PRIMARY KEY (tenant, name))"
    ))
    .await;
    let shape = S::describe(&mut db.conn, &table).await.expect("described").expect("there");
    run_all(&mut db, &table, &shape).await;
    let texts = shape.templates.texts();
    assert_eq!(texts.len(), 3 * 2 * 3, "each kind with and without a key: alone, joined, and looked for");
    for rows in [0, 20, 2_000] {
        let first = db.number(&format!("SELECT count(*) FROM {table}")).await;
        for number in first..rows {
            let name = format!("p{number}");
            db.execute(&format!("INSERT INTO {table} VALUES (7, '{name}', 'old', 1)")).await;
            assert!(db.write(&step(&name, 1).with_key(&name)).await);
        }
        let scans = S::scans(&mut db.conn, &texts).await;
        assert!(scans.is_empty(), "with {rows} rows: {scans:#?}");
        if rows > 0 {
            db.analyze(&[&table.to_string(), "{keys}"]).await;
            // As on the connections of the library's own; a small table is read whole otherwise, and may be.
            S::steady(&mut db.conn, rows == 20).await;
            let scans = S::scans(&mut db.conn, &texts).await;
            assert!(scans.is_empty(), "with statistics of {rows} rows: {scans:#?}");
            S::steady(&mut db.conn, false).await;
        }
    }
}
