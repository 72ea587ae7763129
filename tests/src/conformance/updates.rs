//! Conditional updates of the user's own tables, each in a transaction of its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use idem_core::version::{ConditionalUpdate, Problem, Updated, Upsert, Value, retry_stale};
use idem_core::{Database, Effect, Error, ErrorKind, Idem, Retry};

use super::case::{key, refused};
use super::opening::pool;
use super::subject::{Stored, Subject};

/// With two documents of two tenants, at version 1.
pub(super) async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored
        .execute(
            "CREATE TABLE documents (tenant varchar(20) NOT NULL, id bigint NOT NULL, body text, pages integer,
                 version bigint DEFAULT 1, PRIMARY KEY (tenant, id))",
        )
        .await;
    stored.execute("INSERT INTO documents (tenant, id, body) VALUES ('a', 7, 'draft'), ('b', 7, 'draft')").await;
    stored
}

/// An update of the first document.
pub(super) fn edit() -> ConditionalUpdate {
    ConditionalUpdate::table("documents").key("tenant", "a").key("id", 7)
}

/// How many documents are as `condition` says.
pub(super) async fn documents<S: Subject>(stored: &Stored<'_, S>, condition: &str) -> i64 {
    stored.number(&format!("SELECT count(*) FROM documents WHERE {condition}")).await
}

/// The answer of an update that must have had its effect now and led to `version`.
#[track_caller]
pub(super) fn updated(answer: Result<Updated, Error>, version: i64) {
    match answer {
        Ok(updated) if updated.is_fresh() => assert_eq!(*updated, version),
        other => panic!("expected version {version}, found {other:?}"),
    }
}

/// The answer of an update that must have had its effect before.
#[track_caller]
pub(super) fn repeated(answer: Result<Updated, Error>, version: i64) {
    match answer {
        Ok(updated) if updated.is_replay() => assert_eq!(*updated, version),
        other => panic!("expected the earlier version {version}, found {other:?}"),
    }
}

/// The versions of an update that must have been stale, and the columns that differ.
#[track_caller]
pub(super) fn stale(answer: Result<Updated, Error>) -> (Option<i64>, Option<i64>, Vec<String>) {
    match answer {
        Err(error @ Error::Stale { .. }) => {
            assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            let Error::Stale { expected, found, differs, .. } = error else { unreachable!() };
            (expected, found, differs)
        }
        other => panic!("expected a stale row, found {other:?}"),
    }
}

/// What is wrong with an update that must have been refused for it.
#[track_caller]
pub(super) fn problem(answer: Result<Updated, Error>) -> Problem {
    match answer {
        Err(Error::Update { problem, .. }) => problem,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// The new values are there, `NULL` included, the version is the next, and no other row is touched.
pub async fn a_met_expectation_writes_and_counts_on<S: Subject>(on: &S) {
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
pub async fn stale_and_missing_are_told_apart<S: Subject>(on: &S) {
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
pub async fn columns_are_expected_too<S: Subject>(on: &S) {
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
pub async fn a_table_without_versions_is_updated_too<S: Subject>(on: &S) {
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
    assert_eq!(problem(none), Problem::NoVersionColumn { column: "version".to_owned() });
}

/// More than one row is none that could be meant.
pub async fn a_key_of_several_rows_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let both = || ConditionalUpdate::table("documents").key("id", 7).set("body", "final").expect_version(1);
    let many = Problem::ManyRows { columns: vec!["id".to_owned()] };
    assert_eq!(problem(both().execute(&stored.idem).await), many);
    assert_eq!(problem(both().once(&key("k")).execute(&stored.idem).await), many);
    assert_eq!(documents(&stored, "body = 'draft' AND version = 1").await, 2);
    assert_eq!(stored.rows().await, 0);
    stored.execute("DELETE FROM documents WHERE tenant = 'b'").await;
    updated(both().execute(&stored.idem).await, 2);
}

/// Whatever happened to the row since, and whether it is there at all.
pub async fn a_repeat_gets_the_first_answer<S: Subject>(on: &S) {
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
pub async fn another_update_under_the_key_is_refused<S: Subject>(on: &S) {
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
pub async fn a_refusal_leaves_the_key_free<S: Subject>(on: &S) {
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
pub async fn an_expired_key_is_taken_over<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let first =
        || edit().set("body", "first").expect("pages", None::<i64>).once(&key("k")).remember_for(Duration::ZERO);
    updated(first().execute(&stored.idem).await, 2);
    updated(first().execute(&stored.idem).await, 3);
    let mut tx = stored.idem.begin().await.expect("begun");
    updated(first().execute(&mut tx).await, 4);
    tx.commit().await.expect("committed");
    let other = || edit().set("body", "other").expect_version(4).once(&key("k"));
    updated(other().execute(&stored.idem).await, 5);
    repeated(other().execute(&stored.idem).await, 5);
    refused(first().execute(&stored.idem).await, ErrorKind::KeyReused);
    assert_eq!(stored.rows().await, 1);
}

/// One of them has the effect, all get its answer: on a version, on a column that the update does not change, and by an
/// upsert.
pub async fn duplicates_at_once_have_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for round in 0..8 {
        let version = 1 + 3 * round;
        let k = |name: &str| key(&format!("{name}-{round}"));
        let by_version = edit().set("body", format!("{round}")).expect_version(version).once(&k("version"));
        at_once(&stored, version + 1, |idem| executed(by_version.clone(), idem)).await;
        let by_column = edit().set("body", format!("{round}!")).expect("pages", None::<i64>).once(&k("column"));
        at_once(&stored, version + 2, |idem| executed(by_column.clone(), idem)).await;
        let upsert = Upsert::table("documents").key("tenant", "a").key("id", 7).set("body", "x").once(&k("upsert"));
        at_once(&stored, version + 3, |idem| {
            let upsert = upsert.clone();
            async move { upsert.execute(&idem).await }
        })
        .await;
    }
}

async fn executed<DB: Database>(update: ConditionalUpdate, idem: Idem<DB>) -> Result<Updated, Error> {
    update.execute(&idem).await
}

async fn at_once<S: Subject, F>(stored: &Stored<'_, S>, version: i64, call: impl Fn(Idem<S::DB>) -> F)
where
    F: Future<Output = Result<Updated, Error>> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        tasks.spawn(call(stored.idem.clone()));
    }
    let mut fresh = 0;
    while let Some(done) = tasks.join_next().await {
        let answer = done.expect("no panic").expect("one effect, one answer");
        assert_eq!(*answer, version);
        fresh += u32::from(answer.is_fresh());
    }
    assert_eq!(fresh, 1);
}

/// A new row has version 1; absolute values, whatever was there; on the condition that it is absent or has a version.
pub async fn an_upsert_inserts_or_overwrites<S: Subject>(on: &S) {
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
pub async fn an_upsert_needs_its_index<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute("CREATE TABLE loose (name text, value text, version bigint)").await;
    let upsert = || Upsert::table("loose").key("name", "theme").set("value", "dark");
    let missing = Problem::NoUniqueIndex { columns: vec!["name".to_owned()] };
    assert_eq!(problem(upsert().execute(&stored.idem).await), missing);
    stored.execute("CREATE UNIQUE INDEX partly ON loose (name) WHERE value IS NULL").await;
    assert_eq!(problem(upsert().execute(&stored.idem).await), missing);
    stored.execute("CREATE UNIQUE INDEX wholly ON loose (name)").await;
    updated(upsert().execute(&stored.idem).await, 1);
    updated(upsert().execute(&stored.idem).await, 2);
}

/// A table, a column, a name that is none: each by its name, before anything is sent that could fail.
pub async fn what_is_not_there_is_named<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let column = |column: &str| Problem::NoColumn { column: column.to_owned() };
    let hostile = |name: &str| Problem::Name { name: name.to_owned() };
    let set = |column: &str| edit().set(column, 1).expect_version(1);
    assert_eq!(problem(set("nothing").execute(&stored.idem).await), column("nothing"));
    assert_eq!(problem(edit().set("body", 1).expect("nothing", 1).execute(&stored.idem).await), column("nothing"));
    assert_eq!(
        problem(edit().key("nothing", 1).set("body", 1).expect_version(1).execute(&stored.idem).await),
        column("nothing")
    );
    for table in ["nothing", "nowhere.documents"] {
        let update = ConditionalUpdate::table(table).key("id", 1).set("body", 1).expect_version(1);
        assert_eq!(problem(update.execute(&stored.idem).await), Problem::NoTable);
    }
    for name in ["", "a\"b", "body\" = body --", "body; DROP TABLE documents", "b\0dy", "a.b.c", "bödy"] {
        assert_eq!(problem(set(name).execute(&stored.idem).await), hostile(name));
        let update = ConditionalUpdate::table(name).key("id", 1).set("body", 1).expect_version(1);
        assert_eq!(problem(update.execute(&stored.idem).await), hostile(name));
        assert_eq!(problem(set("body").version_column(name).execute(&stored.idem).await), hostile(name));
    }
    assert_eq!(documents(&stored, "version = 1").await, 2);
}

/// A column that came, a column that went, an index that came, after the table was first seen.
pub async fn what_changes_in_the_schema_is_noticed<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    updated(edit().set("body", "first").expect_version(1).execute(&stored.idem).await, 2);
    stored.execute("ALTER TABLE documents ADD COLUMN note text").await;
    updated(edit().set("note", "new").expect_version(2).execute(&stored.idem).await, 3);
    let mut tx = stored.idem.begin().await.expect("begun");
    stored.execute_on(tx.conn(), "ALTER TABLE documents DROP COLUMN note").await;
    tx.commit().await.expect("committed");
    let gone = edit().set("note", "gone").expect_version(3).execute(&stored.idem).await;
    assert_eq!(problem(gone), Problem::NoColumn { column: "note".to_owned() });
    stored.execute("DROP TABLE documents").await;
    let gone = edit().set("body", "gone").expect_version(3).execute(&stored.idem).await;
    assert_eq!(problem(gone), Problem::NoTable);
}

/// Text that looks like SQL, every plane, the ends of numbers, bytes: written and compared as they are.
pub async fn values_are_bound<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored
        .execute("CREATE TABLE samples (id text PRIMARY KEY, t text, i bigint, d double precision, version bigint DEFAULT 1)")
        .await;
    let hostile = ["'; DROP TABLE samples; --", "\u{1f980}\u{301}", "\\", "", "null", "$1", "\u{7f}"];
    for (at, text) in (0_i64..).zip(hostile) {
        let of = || Upsert::table("samples").key("id", text);
        updated(of().set("t", text).set("i", i64::MAX - at).set("d", -0.1).execute(&stored.idem).await, 1);
        let same = ConditionalUpdate::table("samples").key("id", text).set("t", "seen");
        let same = same.expect("t", text).expect("i", i64::MAX - at).expect("d", -0.1).execute(&stored.idem).await;
        updated(same, 2);
    }
    assert_eq!(stored.number("SELECT count(*) FROM samples WHERE t = 'seen' AND d < 0").await, 7);
    // What the empty text was given above.
    let mut last = i64::MAX - 3;
    for (version, number) in (3..).zip([i64::MIN, 0, i64::MAX]) {
        let set = ConditionalUpdate::table("samples").key("id", "").set("i", number).set("t", Value::Null);
        updated(set.expect("i", last).execute(&stored.idem).await, version);
        last = number;
    }
}

/// NaN, NUL where it cannot be stored, a number beyond its column, `NULL` as a key.
pub async fn values_that_do_not_fit_are_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let column = |column: &str| column.to_owned();
    let nan = edit().set("body", f64::NAN).expect_version(1).execute(&stored.idem).await;
    assert_eq!(problem(nan), Problem::NotANumber { column: column("body") });
    let null = ConditionalUpdate::table("documents").key("id", Value::Null).set("body", "x").expect_version(1);
    assert_eq!(problem(null.execute(&stored.idem).await), Problem::NullKey { column: column("id") });
    let nul = edit().set("body", "a\0b").expect_version(1).execute(&stored.idem).await;
    if on.differences().nul_in_text {
        updated(nul, 2);
        let same = edit().set("body", "draft").expect("body", "a\0b").execute(&stored.idem).await;
        updated(same, 3);
    } else {
        assert_eq!(problem(nul), Problem::Nul { column: column("body") });
        assert_eq!(documents(&stored, "version = 1").await, 2);
    }
}

/// Beyond it there is no number: nothing is written, and a transaction goes on.
pub async fn the_last_version_is_the_last<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute(&format!("UPDATE documents SET version = {} WHERE tenant = 'a'", i64::MAX - 1)).await;
    updated(edit().set("body", "last").expect_version(i64::MAX - 1).execute(&stored.idem).await, i64::MAX);
    let exhausted = Problem::VersionExhausted { column: "version".to_owned() };
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

/// The database's own words, nothing written, and the connection as good as before.
pub async fn a_constraint_of_the_table_is_told<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE tanks (id bigint PRIMARY KEY, level bigint CHECK (level < 9), version bigint)").await;
    stored.execute("INSERT INTO tanks VALUES (1, 1, 1)").await;
    let fill = |level: i64| ConditionalUpdate::table("tanks").key("id", 1).set("level", level).expect_version(1);
    for _ in 0..3 {
        let error = refused(fill(9).execute(&stored.idem).await, ErrorKind::Store);
        assert_eq!(error.effect(), Effect::NotApplied, "{error}");
        refused(fill(9).once(&key("k")).execute(&stored.idem).await, ErrorKind::Store);
    }
    assert_eq!(stored.rows().await, 0);
    updated(fill(8).once(&key("k")).execute(&stored.idem).await, 2);
}

/// Only a key needs idem's tables, and says that they are missing.
pub async fn without_tables_a_key_says_so<S: Subject>(on: &S) {
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

/// Past the bound the answer is `InFlight`, and nothing is written.
pub async fn a_held_row_is_waited_for_within_the_bound<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let brief = on.builder().lock_wait(Duration::from_millis(50)).open(&on.url()).await.expect("opened");
    let mut tx = stored.idem.begin().await.expect("begun");
    let first = || edit().set("body", "held").expect_version(1).once(&key("k"));
    updated(first().execute(&mut tx).await, 2);
    let late = || edit().set("body", "late").expect_version(1);
    for _ in 0..2 {
        for update in [late(), late().once(&key("l")), first()] {
            let error = refused(update.execute(&brief).await, ErrorKind::InFlight);
            assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        }
    }
    tx.commit().await.expect("committed");
    repeated(first().execute(&brief).await, 2);
    assert_eq!(stale(late().execute(&brief).await), (Some(1), Some(2), vec![]));
}

/// Each of them reads, decides and writes, and all have their effect.
pub async fn stale_reads_are_tried_again<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let idem = stored.idem.clone();
        tasks.spawn(async move {
            let seen = AtomicI64::new(1);
            for _ in 0..5 {
                retry_stale(Retry::default().attempts(200), || async {
                    let version = seen.load(Ordering::Relaxed);
                    let answer = edit().set("pages", version).expect_version(version).execute(&idem).await;
                    if let Err(Error::Stale { found: Some(found), .. }) = answer {
                        seen.store(found, Ordering::Relaxed);
                    }
                    answer
                })
                .await
                .expect("others are faster only for a while");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    assert_eq!(documents(&stored, "tenant = 'a' AND pages = 20 AND version = 21").await, 1);
    let mut runs = 0;
    let error = retry_stale(Retry::default().attempts(3), || {
        runs += 1;
        edit().set("pages", 0).expect_version(1).execute(&stored.idem)
    });
    assert_eq!(stale(error.await), (Some(1), Some(21), vec![]));
    assert_eq!(runs, 3);
}
