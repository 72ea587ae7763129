//! A row is written if it is as expected: its version, its columns, and being one.

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Effect, ErrorKind};

use super::{documents, edit, prepared, problem, repeated, stale, updated};
use crate::conformance::{Stored, Subject, key, refused};

/// The new values are there, `NULL` included, the version is the next, and no other row is touched.
pub async fn update_with_met_expectation_writes_next_version<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    updated(edit().set("body", "final").set("pages", 3).expect_version(1).execute(&stored.idem).await, 2);
    assert_eq!(documents(&stored, "tenant = 'a' AND body = 'final' AND pages = 3 AND version = 2").await, 1);
    updated(edit().set("body", None::<&str>).expect_version(2).execute(&stored.idem).await, 3);
    assert_eq!(documents(&stored, "tenant = 'a' AND body IS NULL AND pages = 3 AND version = 3").await, 1);
    assert_eq!(documents(&stored, "tenant = 'b' AND body = 'draft' AND version = 1").await, 1);
    stored.execute("UPDATE documents SET version = NULL WHERE tenant = 'b'").await;
    let other = ConditionalUpdate::table("documents").key("tenant", "b").key("id", 7);
    updated(other.set("body", "first").expect_version(0).execute(&stored.idem).await, 1);
    assert_eq!(stored.rows().await, 0);
}

/// Both leave everything as it was, and say which row and which version, never a value.
pub async fn update_of_stale_or_missing_row_writes_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let wrong = edit().set("body", "secret").expect_version(3).execute(&stored.idem).await;
    assert_eq!(stale(wrong), (Some(3), Some(1), vec![]));
    let missing = ConditionalUpdate::table("documents").key("tenant", "secret").key("id", 7);
    let error =
        refused(missing.set("body", "secret").expect_version(1).execute(&stored.idem).await, ErrorKind::Missing);
    assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
    assert!(error.to_string().contains("`id`, `tenant`") && !error.to_string().contains("secret"), "{error}");
    // A number that the column cannot hold names no row.
    let pages = ConditionalUpdate::table("documents").key("pages", i64::MAX).set("body", "x").expect_version(1);
    refused(pages.execute(&stored.idem).await, ErrorKind::Missing);
    assert_eq!(documents(&stored, "body = 'draft' AND version = 1").await, 2);
}

/// Several of them, with a version and without, `NULL` among them.
pub async fn update_with_unmet_column_expectation_is_stale<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let edit = || edit().set("body", "final");
    let differs = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    let wrong = edit().expect("body", "other").expect("pages", None::<i64>).execute(&stored.idem).await;
    assert_eq!(stale(wrong), (None, Some(1), differs(&["body"])));
    let wrong = edit().expect("body", None::<&str>).expect("pages", 3).expect_version(2).execute(&stored.idem).await;
    assert_eq!(stale(wrong), (Some(2), Some(1), differs(&["body", "pages"])));
    updated(edit().expect("body", "draft").expect("pages", None::<i64>).execute(&stored.idem).await, 2);
    updated(edit().expect("body", "final").expect_version(2).execute(&stored.idem).await, 3);
}

/// The version it answers with is 0; another name for the column is as good as the first.
pub async fn update_of_table_without_versions_returns_version_0<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE plain (id bigint PRIMARY KEY, body text, rev integer)").await;
    stored.execute("INSERT INTO plain VALUES (1, 'draft', 4)").await;
    let edit = || ConditionalUpdate::table("plain").key("id", 1);
    let unversioned = || edit().unversioned().set("body", "final").expect("body", "draft");
    updated(unversioned().once(&key("k")).execute(&stored.idem).await, 0);
    repeated(unversioned().once(&key("k")).execute(&stored.idem).await, 0);
    assert_eq!(stale(unversioned().execute(&stored.idem).await), (None, None, vec!["body".to_owned()]));
    updated(edit().version_column("rev").set("body", "later").expect_version(4).execute(&stored.idem).await, 5);
    let none = edit().set("body", "x").expect_version(1).execute(&stored.idem).await;
    assert_eq!(problem(none), UpdateProblem::NoVersionColumn { column: "version".to_owned() });
}

/// More than one row is none that could be meant.
pub async fn update_key_of_several_rows_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let both = || ConditionalUpdate::table("documents").key("id", 7).set("body", "final").expect_version(1);
    let many = UpdateProblem::ManyRows { columns: vec!["id".to_owned()] };
    assert_eq!(problem(both().execute(&stored.idem).await), many);
    assert_eq!(problem(both().once(&key("k")).execute(&stored.idem).await), many);
    assert_eq!(documents(&stored, "body = 'draft' AND version = 1").await, 2);
    assert_eq!(stored.rows().await, 0);
    stored.execute("DELETE FROM documents WHERE tenant = 'b'").await;
    updated(both().execute(&stored.idem).await, 2);
}

/// Beyond it there is no number: nothing is written, and a transaction goes on.
pub async fn update_beyond_last_version_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute(&format!("UPDATE documents SET version = {} WHERE tenant = 'a'", i64::MAX - 1)).await;
    updated(edit().set("body", "last").expect_version(i64::MAX - 1).execute(&stored.idem).await, i64::MAX);
    let exhausted = UpdateProblem::VersionExhausted { column: "version".to_owned() };
    let upsert = || Upsert::table("documents").key("tenant", "a").key("id", 7).set("body", "x");
    let mut tx = stored.idem.begin().await.expect("begun");
    for _ in 0..2 {
        let by_version = || edit().set("body", "x").expect_version(i64::MAX);
        assert_eq!(problem(by_version().execute(&mut tx).await), exhausted);
        assert_eq!(problem(by_version().once(&key("k")).execute(&mut tx).await), exhausted);
        let by_column = edit().set("body", "x").expect("body", "last").once(&key("k")).execute(&mut tx).await;
        assert_eq!(problem(by_column), exhausted);
        assert_eq!(problem(upsert().execute(&mut tx).await), exhausted);
        assert_eq!(problem(upsert().once(&key("k")).execute(&mut tx).await), exhausted);
    }
    tx.commit().await.expect("committed");
    assert_eq!(problem(upsert().once(&key("k")).execute(&stored.idem).await), exhausted);
    assert_eq!((documents(&stored, "body = 'last'").await, stored.rows().await), (1, 0));
}
