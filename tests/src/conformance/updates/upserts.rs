//! Rows that are written whether they are there or not.

use idem_core::ErrorKind;
use idem_core::error::UpdateProblem;
use idem_core::update::Upsert;

use super::{documents, prepared, problem, repeated, stale, updated};
use crate::conformance::{Subject, key, refused};

/// A new row has version 1; absolute values, whatever was there; on the condition that it is absent or has a version.
pub async fn upsert_inserts_or_overwrites_row<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let of = |tenant: &str| Upsert::table("documents").key("tenant", tenant).key("id", 7);
    updated(of("c").set("body", "new").execute(&stored.idem).await, 1);
    updated(of("c").set("body", "newer").set("pages", 3).execute(&stored.idem).await, 2);
    assert_eq!(documents(&stored, "tenant = 'c' AND body = 'newer' AND pages = 3 AND version = 2").await, 1);
    assert_eq!(stale(of("c").set("body", "x").expect_absent().execute(&stored.idem).await), (Some(0), Some(2), vec![]));
    assert_eq!(
        stale(of("c").set("body", "x").expect_version(1).execute(&stored.idem).await),
        (Some(1), Some(2), vec![])
    );
    updated(of("c").set("body", "third").expect_version(2).execute(&stored.idem).await, 3);
    refused(of("d").set("body", "x").expect_version(1).execute(&stored.idem).await, ErrorKind::Missing);
    let absent = || of("d").set("body", "x").expect_absent().once(&key("k"));
    updated(absent().execute(&stored.idem).await, 1);
    repeated(absent().execute(&stored.idem).await, 1);
    let keyed = || of("d").set("body", "y").once(&key("l"));
    updated(keyed().execute(&stored.idem).await, 2);
    updated(of("d").set("body", "z").execute(&stored.idem).await, 3);
    repeated(keyed().execute(&stored.idem).await, 2);
    assert_eq!((documents(&stored, "tenant = 'd' AND body = 'z'").await, stored.rows().await), (1, 2));
}

/// Without it nothing tells whether the row is there.
pub async fn upsert_without_unique_index_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute("CREATE TABLE loose (name text, value text, version bigint)").await;
    let upsert = || Upsert::table("loose").key("name", "theme").set("value", "dark");
    let missing = UpdateProblem::NoUniqueIndex { columns: vec!["name".to_owned()] };
    assert_eq!(problem(upsert().execute(&stored.idem).await), missing);
    stored.execute("CREATE UNIQUE INDEX partly ON loose (name) WHERE value IS NULL").await;
    assert_eq!(problem(upsert().execute(&stored.idem).await), missing);
    stored.execute("CREATE UNIQUE INDEX wholly ON loose (name)").await;
    updated(upsert().execute(&stored.idem).await, 1);
    updated(upsert().execute(&stored.idem).await, 2);
}
