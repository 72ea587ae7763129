//! What the table has, lacks, changes and forbids.

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Effect, ErrorKind};

use super::{documents, edit, prepared, problem, updated};
use crate::conformance::{Stored, Subject, key, refused};

/// A table, a column, a name that is none: each by its name, before anything is sent that could fail.
pub async fn update_of_unknown_table_or_column_names_it<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let column = |column: &str| UpdateProblem::NoColumn { column: column.to_owned() };
    let hostile = |name: &str| UpdateProblem::Name { name: name.to_owned() };
    let set = |column: &str| edit().set(column, 1).expect_version(1);
    assert_eq!(problem(set("nothing").execute(&stored.idem).await), column("nothing"));
    assert_eq!(problem(edit().set("body", 1).expect("nothing", 1).execute(&stored.idem).await), column("nothing"));
    assert_eq!(
        problem(edit().key("nothing", 1).set("body", 1).expect_version(1).execute(&stored.idem).await),
        column("nothing")
    );
    for table in ["nothing", "nowhere.documents"] {
        let update = ConditionalUpdate::table(table).key("id", 1).set("body", 1).expect_version(1);
        assert_eq!(problem(update.execute(&stored.idem).await), UpdateProblem::NoTable);
    }
    for name in ["", "a\"b", "body\" = body --", "body; DROP TABLE documents", "b\0dy", "a.b.c", "bödy"] {
        assert_eq!(problem(set(name).execute(&stored.idem).await), hostile(name));
        let update = ConditionalUpdate::table(name).key("id", 1).set("body", 1).expect_version(1);
        assert_eq!(problem(update.execute(&stored.idem).await), hostile(name));
        assert_eq!(problem(set("body").version_column(name).execute(&stored.idem).await), hostile(name));
    }
    assert_eq!(documents(&stored, "version = 1").await, 2);
}

/// A column that the database makes: it can be expected and not set, and a transaction is none the worse for the attempt.
pub async fn update_of_generated_column_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored
        .execute(
            "CREATE TABLE made (id bigint PRIMARY KEY, one bigint, two bigint GENERATED ALWAYS AS (one * 2) STORED)",
        )
        .await;
    stored.execute("INSERT INTO made (id, one) VALUES (1, 1)").await;
    let made = || ConditionalUpdate::table("made").key("id", 1).unversioned();
    let mut tx = stored.idem.begin().await.expect("begun");
    let refused = problem(made().set("two", 4).expect("one", 1).execute(&mut tx).await);
    assert_eq!(refused, UpdateProblem::Generated { column: "two".to_owned() });
    let inserted = Upsert::table("made").key("id", 2).set("two", 4).unversioned().execute(&mut tx).await;
    assert_eq!(problem(inserted), UpdateProblem::Generated { column: "two".to_owned() });
    made().set("one", 3).expect("two", 2).execute(&mut tx).await.expect("updated");
    tx.commit().await.expect("committed");
    assert_eq!(stored.number("SELECT two FROM made").await, 6);
}

/// A column that came, a column that went, an index that came, after the table was first seen.
pub async fn update_after_schema_change_uses_new_schema<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    updated(edit().set("body", "first").expect_version(1).execute(&stored.idem).await, 2);
    stored.execute("ALTER TABLE documents ADD COLUMN note text").await;
    updated(edit().set("note", "new").expect_version(2).execute(&stored.idem).await, 3);
    let mut tx = stored.idem.begin().await.expect("begun");
    stored.execute_on(tx.bare().await.expect("open"), "ALTER TABLE documents DROP COLUMN note").await;
    tx.commit().await.expect("committed");
    let gone = edit().set("note", "gone").expect_version(3).execute(&stored.idem).await;
    assert_eq!(problem(gone), UpdateProblem::NoColumn { column: "note".to_owned() });
    stored.execute("DROP TABLE documents").await;
    let gone = edit().set("body", "gone").expect_version(3).execute(&stored.idem).await;
    assert_eq!(problem(gone), UpdateProblem::NoTable);
}

/// The database's own words, nothing written, and the connection as good as before.
pub async fn update_against_check_constraint_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored
        .execute("CREATE TABLE stock (id bigint PRIMARY KEY, pieces bigint CHECK (pieces < 9), version bigint)")
        .await;
    stored.execute("INSERT INTO stock VALUES (1, 1, 1)").await;
    let fill = |pieces: i64| ConditionalUpdate::table("stock").key("id", 1).set("pieces", pieces).expect_version(1);
    for _ in 0..3 {
        let error = refused(fill(9).execute(&stored.idem).await, ErrorKind::Store);
        assert_eq!(error.effect(), Effect::NotApplied, "{error}");
        refused(fill(9).once(&key("k")).execute(&stored.idem).await, ErrorKind::Store);
    }
    assert_eq!(stored.rows().await, 0);
    updated(fill(8).once(&key("k")).execute(&stored.idem).await, 2);
}
