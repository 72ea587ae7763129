//! Tables that change while the process runs, and tables that do something of their own with an update.

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Effect, Error, ErrorKind};

use super::{documents, edit, prepared, problem, repeated, stale, updated};
use crate::conformance::{Stored, Subject, key, refused};

/// What made the key unique is gone, and a second row has it: none of the two is written.
pub async fn update_matching_two_rows_after_dropped_index_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE pages (id bigint, body text, version bigint)").await;
    stored.execute("CREATE UNIQUE INDEX pages_by_id ON pages (id)").await;
    stored.execute("INSERT INTO pages VALUES (1, 'draft', 1)").await;
    let page = |version| ConditionalUpdate::table("pages").key("id", 1).set("body", "final").expect_version(version);
    updated(page(1).execute(&stored.idem).await, 2);
    updated(page(2).once(&key("first")).execute(&stored.idem).await, 3);
    let mut tx = stored.idem.begin().await.expect("begun");
    updated(page(3).execute(&mut tx).await, 4);
    tx.commit().await.expect("committed");
    stored.execute("DROP INDEX pages_by_id").await;
    stored.execute("INSERT INTO pages VALUES (1, 'draft', 4)").await;
    let many = UpdateProblem::ManyRows { columns: vec!["id".to_owned()] };
    assert_eq!(problem(page(4).execute(&stored.idem).await), many);
    assert_eq!(problem(page(4).once(&key("second")).execute(&stored.idem).await), many);
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(problem(page(4).execute(&mut tx).await), many);
    assert_eq!(problem(page(4).once(&key("third")).execute(&mut tx).await), many);
    tx.commit().await.expect("committed");
    assert_eq!(stored.number("SELECT count(*) FROM pages WHERE version = 4").await, 2);
    // An upsert has nothing left by which it could tell.
    let upsert = Upsert::table("pages").key("id", 1).set("body", "x").execute(&stored.idem).await;
    assert_eq!(problem(upsert), UpdateProblem::NoUniqueIndex { columns: vec!["id".to_owned()] });
}

/// The same name and columns, other types and another key: the update is told so once by the database, and looks again.
pub async fn update_of_recreated_table_uses_new_columns<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let stock = |kind: &str| format!("CREATE TABLE stock (id bigint PRIMARY KEY, pieces {kind}, version bigint)");
    let fill = |pieces: &str| ConditionalUpdate::table("stock").key("id", 1).set("pieces", pieces).expect_version(1);
    let kinds = ["bigint", "text", "integer", "varchar(20)", "double precision"];
    for (round, kind) in kinds.into_iter().enumerate() {
        stored.execute("DROP TABLE IF EXISTS stock").await;
        stored.execute(&stock(kind)).await;
        stored.execute("INSERT INTO stock VALUES (1, NULL, 1)").await;
        let pieces = if matches!(kind, "text" | "varchar(20)") { "high" } else { "7" };
        let first = || fill(pieces).once(&key(&format!("k{round}")));
        updated(first().execute(&stored.idem).await, 2);
        repeated(first().execute(&stored.idem).await, 2);
        let met = ConditionalUpdate::table("stock").key("id", 1).set("version2", 1).expect("pieces", pieces);
        assert_eq!(problem(met.execute(&stored.idem).await), UpdateProblem::NoColumn { column: "version2".to_owned() });
        assert_eq!(stored.number("SELECT count(*) FROM stock WHERE pieces IS NOT NULL AND version = 2").await, 1);
    }
}

/// A column that goes is an error of the table, never one of idem's own tables, and the call after it knows.
pub async fn update_of_dropped_column_in_transaction_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute("ALTER TABLE documents ADD COLUMN note text").await;
    let note = |version| edit().set("note", "x").expect_version(version);
    updated(note(1).execute(&stored.idem).await, 2);
    drop_note(&stored).await;
    let gone = UpdateProblem::NoColumn { column: "note".to_owned() };
    let mut tx = stored.idem.begin().await.expect("begun");
    match note(2).execute(&mut tx).await {
        // Where an error aborts the transaction, it is the answer.
        Err(error @ Error::Store { .. }) => assert_eq!(error.effect(), Effect::NotApplied),
        other => assert_eq!(problem(other), gone),
    }
    tx.rollback().await;
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(problem(note(2).execute(&mut tx).await), gone);
    updated(edit().set("body", "x").expect_version(2).execute(&mut tx).await, 3);
    tx.commit().await.expect("committed");
}

/// The row that tells what a missed update missed is looked for by the old description: the load, not the write, fails.
pub async fn update_expecting_dropped_column_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute("ALTER TABLE documents ADD COLUMN note text").await;
    let late = || edit().set("body", "x").expect("note", "y").once(&key("k"));
    assert_eq!(stale(late().execute(&stored.idem).await), (None, Some(1), vec!["note".to_owned()]));
    drop_note(&stored).await;
    let gone = UpdateProblem::NoColumn { column: "note".to_owned() };
    assert_eq!(problem(late().execute(&stored.idem).await), gone);
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(problem(late().execute(&mut tx).await), gone);
    tx.commit().await.expect("committed");
}

/// In a transaction, at whose beginning SQLite sees the columns as they are.
async fn drop_note<S: Subject>(stored: &Stored<'_, S>) {
    let mut tx = stored.idem.begin().await.expect("begun");
    stored.execute_on(tx.bare().await.expect("open"), "ALTER TABLE documents DROP COLUMN note").await;
    tx.commit().await.expect("committed");
}

/// What was described inside a transaction that is rolled back was never so for anyone else.
pub async fn table_description_of_rolled_back_transaction_is_forgotten<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for committed in [false, false, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.bare().await.expect("open"), "ALTER TABLE documents ADD COLUMN note text").await;
        updated(edit().set("note", "x").expect_version(1).execute(&mut tx).await, 2);
        if committed {
            tx.commit().await.expect("committed");
            continue;
        }
        tx.rollback().await;
        let mut tx = stored.idem.begin().await.expect("begun");
        let gone = edit().set("note", "x").expect_version(1).execute(&mut tx).await;
        assert_eq!(problem(gone), UpdateProblem::NoColumn { column: "note".to_owned() });
        tx.commit().await.expect("a refused update harms no transaction");
    }
    updated(edit().set("note", "y").expect_version(2).execute(&stored.idem).await, 3);
}

/// The row is as expected, and a trigger leaves it as it is: said at once, not retryable, and nothing is remembered.
pub async fn update_skipped_by_trigger_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute(on.differences().skipping_trigger).await;
    let skipped = || edit().set("body", "skipped").expect_version(1);
    let by_column = || edit().set("body", "skipped").expect("body", "draft");
    let upsert = |tenant: &str| Upsert::table("documents").key("tenant", tenant).key("id", 7).set("body", "skipped");
    let not_written = |answer| {
        let error = refused::<_, Error>(answer, ErrorKind::Update);
        assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        assert!(error.to_string().contains("trigger"), "{error}");
    };
    not_written(skipped().execute(&stored.idem).await);
    not_written(skipped().once(&key("k")).execute(&stored.idem).await);
    not_written(by_column().once(&key("l")).execute(&stored.idem).await);
    not_written(upsert("a").execute(&stored.idem).await);
    not_written(upsert("new").once(&key("m")).execute(&stored.idem).await);
    not_written(upsert("new").expect_absent().execute(&stored.idem).await);
    let mut tx = stored.idem.begin().await.expect("begun");
    not_written(skipped().execute(&mut tx).await);
    not_written(skipped().once(&key("k")).execute(&mut tx).await);
    not_written(by_column().once(&key("l")).execute(&mut tx).await);
    not_written(upsert("new").once(&key("m")).execute(&mut tx).await);
    updated(edit().set("pages", 3).expect_version(1).execute(&mut tx).await, 2);
    tx.commit().await.expect("committed");
    assert_eq!((documents(&stored, "body = 'draft'").await, stored.rows().await), (2, 0));
    updated(edit().set("body", "final").expect_version(2).once(&key("k")).execute(&stored.idem).await, 3);
}

/// A trigger counts the version on once more after the update: the first answer and its repeat are the same.
pub async fn update_repeat_after_counting_trigger_returns_first_version<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute(on.differences().counting_trigger).await;
    let first = || edit().set("body", "x").expect_version(1).once(&key("k"));
    updated(first().execute(&stored.idem).await, 2);
    repeated(first().execute(&stored.idem).await, 2);
    let by_column = || edit().set("body", "y").expect("body", "x").once(&key("l"));
    let made = by_column().execute(&stored.idem).await;
    let version = made.as_ref().map_or(0, |updated| updated.get());
    updated(made, version);
    repeated(by_column().execute(&stored.idem).await, version);
    let upsert = || Upsert::table("documents").key("tenant", "a").key("id", 7).set("body", "z").once(&key("m"));
    let mut tx = stored.idem.begin().await.expect("begun");
    let made = upsert().execute(&mut tx).await;
    let version = made.as_ref().map_or(0, |updated| updated.get());
    updated(made, version);
    repeated(upsert().execute(&mut tx).await, version);
    tx.commit().await.expect("committed");
    repeated(upsert().execute(&stored.idem).await, version);
}
