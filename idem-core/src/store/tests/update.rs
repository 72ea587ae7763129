use std::sync::Arc;

use crate::epoch::Epoch;
use crate::model::claim::fence::{Fence, Holding};
use crate::model::row::identifier::{Identifier, TableName};
use crate::model::row::row_update::{Cell, RowUpdate, RowUpdateKind, UpdateKey};
use crate::store::error::Class;
use crate::store::row::queries::{describe, find};
use crate::store::row::table::{DescribedTable, RowWrite};
use crate::store::tests::ground::{Fresh, Ground};
use crate::store::tests::sample::{With, fingerprint, hash, scope_and, step};
use crate::store::write::part::Write;
use crate::value::Value;

/// A caller's table, beside the library's tables.
fn pages<DB: Ground>(db: &Fresh<DB>) -> TableName {
    let schema = db.tables.schema().map_or_else(String::new, |schema| format!("{schema}."));
    TableName::new(format!("{schema}pages")).expect("a name")
}

fn cell(column: &str, value: impl Into<Value>) -> Cell {
    Cell { column: Identifier::new(column.to_owned()).expect("a name"), value: value.into() }
}

/// A claim that is in no table.
fn no_claim() -> Fence {
    #[derive(Debug)]
    struct Lost;
    impl Holding for Lost {
        fn is_lost(&self) -> bool {
            true
        }
    }
    Fence { store: "".into(), hash: hash("no claim"), epoch: Epoch(1), name: "".into(), known: Arc::new(Lost) }
}

/// An update of one page, under a key if it is named.
fn update(table: &TableName, kind: RowUpdateKind, name: &str, key: Option<&str>) -> RowUpdate {
    let updates = matches!(kind, RowUpdateKind::Update | RowUpdateKind::Delete);
    RowUpdate {
        fence: Some(no_claim()),
        table: table.clone(),
        kind,
        keys: vec![cell("name", name), cell("tenant", 7)],
        sets: if kind == RowUpdateKind::Delete { Vec::new() } else { vec![cell("body", "new")] },
        expects: if updates { vec![cell("body", "old")] } else { Vec::new() },
        version: Some(Identifier::new("version".to_owned()).expect("a name")),
        expected: updates.then_some(1),
        key: key.map(|key| UpdateKey {
            key: scope_and(key),
            hash: hash(key),
            fingerprint: fingerprint(name),
            retention: 1_000_000,
        }),
    }
}

/// A caller's table, described.
pub(super) async fn described<DB: Ground>(db: &mut Fresh<DB>) -> (TableName, Arc<DescribedTable>) {
    let table = pages(db);
    db.execute(&format!(
        "CREATE TABLE {} (tenant bigint, name text, body text, version bigint, PRIMARY KEY (tenant, name))",
        table.as_str()
    ))
    .await;
    let described = describe(&mut db.session(), &table).await.expect("described").expect("there");
    (table, Arc::new(described))
}

/// Runs every kind of update in each way, of a page that does not exist, so that the table knows their statements. What is
/// made is rolled back or taken away.
pub(super) async fn run_all<DB: Ground>(db: &mut Fresh<DB>, name: &TableName, table: &Arc<DescribedTable>) {
    for kind in [RowUpdateKind::Update, RowUpdateKind::Upsert, RowUpdateKind::Insert, RowUpdateKind::Delete] {
        for key in [None, Some("none")] {
            let update = Arc::new(update(name, kind, "none", key));
            let row = |fenced| Some(RowWrite { update: update.clone(), table: table.clone(), seen: None, fenced });
            let fenced = Write { row: row(true), ..Write::default() };
            let without_claim = db.try_write(&fenced).await.or_else(|error| match error.class {
                Class::Contention => Ok(false),
                _ => Err(error),
            });
            assert!(!without_claim.expect("runs"), "{kind:?} without the claim that fences it");
            let write = Write { row: row(false), ..Write::default() };
            let done = db.try_write(&write).await.expect("runs");
            assert_eq!(done, matches!(kind, RowUpdateKind::Upsert | RowUpdateKind::Insert), "{kind:?}");
            find(&mut db.session(), &update, table, false).await.expect("runs");
            db.execute(&format!("DELETE FROM {}; DELETE FROM {{claims}}", name.as_str())).await;
            db.begin().await;
            db.conn.write_joined(&write).await.expect("runs");
            db.execute("ROLLBACK").await;
        }
    }
}

/// Neither the key's row nor the caller's: on empty tables, on such as were small when they were analysed and have grown,
/// and on full ones.
pub(super) async fn update_plans_scan_no_table<DB: Ground>(mut db: Fresh<DB>) {
    let (name, table) = described(&mut db).await;
    run_all(&mut db, &name, &table).await;
    let texts = table.texts();
    let table = name.as_str();
    assert_eq!(texts.len(), 4 * 2 * 4, "each kind with and without a key: alone, fenced, joined, and looked for");
    for rows in [0, 20, 2_000] {
        let first = db.number(&format!("SELECT count(*) FROM {table}")).await;
        for number in first..rows {
            let page = format!("p{number}");
            db.execute(&format!("INSERT INTO {table} VALUES (7, '{page}', 'old', 1)")).await;
            assert!(db.write(&step(&page, 1).with_key(&page)).await);
            db.execute(&format!(
                "INSERT INTO {{claims}} (hash, surface, scope, fingerprint, state, at)
                SELECT hash, '', scope, fingerprint, 2, at FROM {{transitions}} WHERE id = '{page}'"
            ))
            .await;
        }
        let scans = DB::scans(&mut db.conn.conn, &texts).await;
        assert!(scans.is_empty(), "with {rows} rows: {scans:#?}");
        if rows > 0 {
            db.analyze(&[table, "{claims}"]).await;
            // As on the connections of the library's own; a small table is read whole otherwise, and may be.
            DB::steady(&mut db.conn.conn, rows == 20).await;
            let scans = DB::scans(&mut db.conn.conn, &texts).await;
            assert!(scans.is_empty(), "with statistics of {rows} rows: {scans:#?}");
            DB::steady(&mut db.conn.conn, false).await;
        }
    }
}
