//! Updates that have a key: a repeat is answered as the first was.

use std::time::Duration;

use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{ErrorKind, Idem};

use super::{documents, edit, prepared, repeated, stale, updated};
use crate::conformance::opening::pool;
use crate::conformance::{Subject, key, refused};

/// Whatever happened to the row since, and whether it is there at all.
pub async fn update_repeat_returns_first_answer<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let first = || edit().set("body", "first").expect_version(1).once(&key("k"));
    let second = || edit().set("pages", 3).expect("body", "first").once(&key("l"));
    let made = first().execute(&stored.idem).await;
    updated(made, 2);
    repeated(first().execute(&stored.idem).await, 2);
    updated(second().execute(&stored.idem).await, 3);
    repeated(first().execute(&stored.idem).await, 2);
    // Its expectation is met again, or still: a repeat is a repeat.
    repeated(second().execute(&stored.idem).await, 3);
    stored.execute("UPDATE documents SET version = 1, body = 'draft' WHERE tenant = 'a'").await;
    repeated(first().execute(&stored.idem).await, 2);
    assert_eq!(documents(&stored, "body = 'draft' AND version = 1").await, 2);
    stored.execute("DELETE FROM documents").await;
    repeated(second().execute(&stored.idem).await, 3);
    assert_eq!(stored.rows().await, 2);
}

/// Whatever it differs in.
pub async fn other_update_under_used_key_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored
        .execute("CREATE TABLE letters (tenant text, id bigint, body text, version bigint, PRIMARY KEY (tenant, id))")
        .await;
    let of = |table: &str, tenant: &str, body: &str, version: i64| {
        let update = ConditionalUpdate::table(table).key("tenant", tenant).key("id", 7).set("body", body);
        update.expect_version(version).once(&key("k"))
    };
    let first = || of("documents", "a", "final", 1);
    updated(first().execute(&stored.idem).await, 2);
    let others = [
        of("letters", "a", "final", 1),
        of("documents", "b", "final", 1),
        of("documents", "a", "other", 1),
        of("documents", "a", "final", 2),
        first().set("pages", 1),
        first().expect("pages", None::<i64>),
    ];
    for other in others {
        let error = refused(other.execute(&stored.idem).await, ErrorKind::KeyReused);
        assert!(error.to_string().contains("`documents`"), "{error}");
    }
    let upsert = Upsert::table("documents").key("tenant", "a").key("id", 7).set("body", "final").once(&key("k"));
    refused(upsert.execute(&stored.idem).await, ErrorKind::KeyReused);
    repeated(first().execute(&stored.idem).await, 2);
    assert_eq!((documents(&stored, "version = 1").await, stored.rows().await), (1, 1));
}

/// A stale or missing row is not remembered: once it is as expected, the same key has its effect.
pub async fn refused_update_leaves_key_free<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let late = || edit().set("body", "late").expect_version(2).once(&key("k"));
    stale(late().execute(&stored.idem).await);
    let nobody = || {
        let nobody = ConditionalUpdate::table("documents").key("tenant", "c").key("id", 7);
        nobody.set("body", "late").expect_version(1).once(&key("l"))
    };
    refused(nobody().execute(&stored.idem).await, ErrorKind::Missing);
    assert_eq!(stored.rows().await, 0);
    updated(edit().set("body", "first").expect_version(1).execute(&stored.idem).await, 2);
    stored.execute("INSERT INTO documents (tenant, id) VALUES ('c', 7)").await;
    updated(late().execute(&stored.idem).await, 3);
    updated(nobody().execute(&stored.idem).await, 2);
}

/// Expired but unswept it counts as expired.
pub async fn expired_update_key_is_taken_over<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let first =
        || edit().set("body", "first").expect("pages", None::<i64>).once(&key("k")).remember_for(Duration::ZERO);
    // However short it was to be remembered, it is as long as the call itself may ask for it.
    let expire = async || stored.execute("UPDATE idem_claims SET expires_at = at").await;
    updated(first().execute(&stored.idem).await, 2);
    repeated(first().execute(&stored.idem).await, 2);
    expire().await;
    updated(first().execute(&stored.idem).await, 3);
    expire().await;
    let mut tx = stored.idem.begin().await.expect("begun");
    updated(first().execute(&mut tx).await, 4);
    tx.commit().await.expect("committed");
    expire().await;
    let other = || edit().set("body", "other").expect_version(4).once(&key("k"));
    updated(other().execute(&stored.idem).await, 5);
    repeated(other().execute(&stored.idem).await, 5);
    refused(first().execute(&stored.idem).await, ErrorKind::KeyReused);
    assert_eq!(stored.rows().await, 1);
}

/// Only a key needs idem's tables, and says that they are missing.
pub async fn update_with_key_before_migration_is_refused<S: Subject>(on: &S) {
    let idem = Idem::from_pool(pool(on, 2).await).expect("a pool of two");
    let mut conn = idem.pool().acquire().await.expect("a connection");
    on.execute(&mut conn, "CREATE TABLE lists (id bigint PRIMARY KEY, note text, version bigint)").await.expect("made");
    drop(conn);
    let upsert = || Upsert::table("lists").key("id", 1).set("note", "x");
    for _ in 0..2 {
        refused(upsert().once(&key("k")).execute(&idem).await, ErrorKind::NotMigrated);
    }
    updated(upsert().execute(&idem).await, 1);
    idem.migrate().await.expect("migrated");
    updated(upsert().once(&key("k")).execute(&idem).await, 2);
}

/// The answer is a number, which is nobody's; the scope's name goes.
pub async fn update_of_forgotten_scope_still_replays<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let update = || edit().set("body", "first").expect_version(1).once(&key("k"));
    updated(update().execute(&stored.idem).await, 2);
    let scope = "SELECT count(*) FROM idem_claims WHERE scope = 'conformance'";
    assert_eq!(stored.number(scope).await, 1);
    let told = stored.idem.forget("conformance").await.expect("erased");
    assert_eq!((told.claims, stored.number(scope).await), (1, 0));
    repeated(update().execute(&stored.idem).await, 2);
    refused(
        edit().set("body", "other").expect_version(1).once(&key("k")).execute(&stored.idem).await,
        ErrorKind::KeyReused,
    );
}
