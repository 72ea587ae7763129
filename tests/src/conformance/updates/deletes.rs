//! Deletes on conditions.

use idem_core::ErrorKind;
use idem_core::error::UpdateProblem;
use idem_core::update::ConditionalDelete;

use super::{documents, edit, prepared, problem, repeated, stale, updated};
use crate::conformance::{Subject, key, refused};

/// A delete of the first document.
fn discard() -> ConditionalDelete {
    ConditionalDelete::table("documents").key("tenant", "a").key("id", 7)
}

/// The row goes if it is as expected, alone and in a transaction; the answer is the version that went.
pub async fn delete_with_met_expectation_removes_row<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (expected, found, differs) = stale(discard().expect_version(2).execute(&stored.idem).await);
    assert_eq!((expected, found, differs.len()), (Some(2), Some(1), 0));
    assert_eq!(stale(discard().expect("body", "final").execute(&stored.idem).await).2, ["body"]);
    assert!(matches!(problem(discard().execute(&stored.idem).await), UpdateProblem::NoExpectation));
    updated(edit().set("body", "final").expect_version(1).execute(&stored.idem).await, 2);
    updated(discard().expect_version(2).expect("body", "final").execute(&stored.idem).await, 2);
    refused(discard().expect_version(2).execute(&stored.idem).await, ErrorKind::Missing);
    let other = || ConditionalDelete::table("documents").key("tenant", "b").key("id", 7).expect_version(1);
    let mut tx = stored.idem.begin().await.expect("begun");
    refused(discard().expect_version(2).execute(&mut tx).await, ErrorKind::Missing);
    updated(other().execute(&mut tx).await, 1);
    tx.rollback().await;
    assert_eq!(documents(&stored, "true").await, 1);
    let mut tx = stored.idem.begin().await.expect("begun");
    let by_column = ConditionalDelete::table("documents").key("tenant", "b").key("id", 7).expect("body", "draft");
    updated(by_column.unversioned().execute(&mut tx).await, 0);
    tx.commit().await.expect("committed");
    assert_eq!((documents(&stored, "true").await, stored.rows().await), (0, 0));
}

/// Under a key a repeat is the first answer, and not that the row is missing; also where another has its place.
pub async fn delete_repeat_returns_first_answer<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let first = || discard().expect_version(1).once(&key("k"));
    updated(first().execute(&stored.idem).await, 1);
    repeated(first().execute(&stored.idem).await, 1);
    stored.execute("INSERT INTO documents (tenant, id, body) VALUES ('a', 7, 'anew')").await;
    repeated(first().execute(&stored.idem).await, 1);
    assert_eq!(documents(&stored, "body = 'anew'").await, 1, "the row that came after is another one");
    refused(discard().expect_version(2).once(&key("k")).execute(&stored.idem).await, ErrorKind::KeyReused);
    refused(
        edit().set("body", "x").expect_version(1).once(&key("k")).execute(&stored.idem).await,
        ErrorKind::KeyReused,
    );
    // A refusal leaves the key free.
    stale(discard().expect_version(5).once(&key("l")).execute(&stored.idem).await);
    let mut tx = stored.idem.begin().await.expect("begun");
    let by_column = || discard().expect("body", "anew").once(&key("l"));
    updated(by_column().execute(&mut tx).await, 1);
    repeated(by_column().execute(&mut tx).await, 1);
    refused(discard().expect_version(1).once(&key("m")).execute(&mut tx).await, ErrorKind::Missing);
    tx.commit().await.expect("committed");
    repeated(by_column().execute(&stored.idem).await, 1);
    assert_eq!((documents(&stored, "true").await, stored.rows().await), (1, 2));
}

/// The last version that the column holds is no hindrance.
pub async fn delete_of_row_at_last_version_removes_it<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute("UPDATE documents SET version = 9223372036854775807").await;
    updated(discard().expect_version(i64::MAX).once(&key("k")).execute(&stored.idem).await, i64::MAX);
    let other = ConditionalDelete::table("documents").key("tenant", "b").key("id", 7);
    updated(other.expect_version(i64::MAX).execute(&stored.idem).await, i64::MAX);
    assert_eq!(documents(&stored, "true").await, 0);
}
