//! Kinds of PostgreSQL's tables: parents, partitions, views and policies. What an update looks at, compares and writes is the
//! same rows.

use std::time::Duration;

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalDelete, ConditionalUpdate, Upsert, Version};
use idem_core::{Error, Idem, Key, Outcome};
use tests::Postgres;

use crate::support::{number, open, script};

fn key(name: &str) -> Key {
    Key::new("tables", name).unwrap()
}

#[track_caller]
fn problem(answer: Result<Outcome<Version>, Error>) -> UpdateProblem {
    match answer {
        Err(Error::Update { problem, .. }) => problem,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// Rows of children are of other tables: an update, its condition, its proof and an upsert do not see them.
#[tokio::test]
async fn update_of_parent_table_leaves_child_rows() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(
        &idem,
        "CREATE TABLE parents (id bigint PRIMARY KEY, body text, version bigint);
         CREATE TABLE children () INHERITS (parents);
         INSERT INTO parents VALUES (1, 'draft', 1);
         INSERT INTO children VALUES (1, 'draft', 1), (2, 'draft', 1)",
    )
    .await;
    let edit = |id: i64, version| {
        ConditionalUpdate::table("parents").key("id", id).set("body", "final").expect_version(version)
    };
    assert_eq!(*edit(1, 1).execute(&idem).await.unwrap(), 2);
    assert_eq!(*edit(1, 2).once(&key("k")).execute(&idem).await.unwrap(), 3);
    let mut tx = idem.begin().await.unwrap();
    assert_eq!(*edit(1, 3).execute(&mut tx).await.unwrap(), 4);
    assert!(matches!(edit(2, 1).execute(&mut tx).await, Err(Error::Missing { .. })));
    let upsert = |id: i64| Upsert::table("parents").key("id", id).set("body", "new");
    assert_eq!(*upsert(2).expect_absent().execute(&mut tx).await.unwrap(), 1);
    assert_eq!(*upsert(2).execute(&mut tx).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(number(&idem, "SELECT count(*) FROM children WHERE body = 'draft' AND version = 1").await, 2);
    assert_eq!(number(&idem, "SELECT count(*) FROM ONLY parents WHERE id = 1 AND version = 4").await, 1);
}

/// A partitioned table is the rows of its partitions; one that takes the place of an ordinary table is seen to be one.
#[tokio::test]
async fn update_of_partitioned_table_reaches_its_partitions() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    let plain = "CREATE TABLE parts (id bigint PRIMARY KEY, body text, version bigint)";
    let partitioned = "CREATE TABLE parts (id bigint PRIMARY KEY, body text, version bigint) PARTITION BY RANGE (id);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
         CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)";
    for (round, table) in [plain, partitioned, plain, partitioned].into_iter().enumerate() {
        script(&idem, &format!("DROP TABLE IF EXISTS parts; {table}; INSERT INTO parts VALUES (11, 'draft', 1)")).await;
        let edit =
            |version| ConditionalUpdate::table("parts").key("id", 11).set("body", "final").expect_version(version);
        assert!(matches!(edit(3).execute(&idem).await, Err(Error::Stale { found: Some(1), .. })), "{round}");
        assert_eq!(*edit(1).execute(&idem).await.unwrap(), 2, "{round}");
        assert_eq!(*edit(2).once(&key(&format!("k{round}"))).execute(&idem).await.unwrap(), 3);
        let mut tx = idem.begin().await.unwrap();
        assert_eq!(*edit(3).execute(&mut tx).await.unwrap(), 4);
        let upsert = Upsert::table("parts").key("id", 11).set("body", "new");
        assert_eq!(*upsert.execute(&mut tx).await.unwrap(), 5);
        tx.commit().await.unwrap();
    }
}

/// A type that changes from a narrow one to a wide one: what is written is what was given, not what fitted before.
#[tokio::test]
async fn update_after_widened_column_type_writes_full_value() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    for (round, (narrow, wide, given, shown)) in [
        ("date", "timestamp", "2026-11-22 10:30:00", "2026-11-22 10:30:00"),
        ("real", "double precision", "0.1", "0.1"),
        ("timestamp", "timestamptz", "2026-11-22 10:30:00+05", "2026-11-22 05:30:00+00"),
    ]
    .into_iter()
    .enumerate()
    {
        let table = format!("wide_{round}");
        script(&idem, &format!("CREATE TABLE {table} (id bigint PRIMARY KEY, c {narrow}, version bigint)")).await;
        let upsert = |id: i64| Upsert::table(&table).key("id", id).set("c", given);
        let edit = |version| ConditionalUpdate::table(&table).key("id", 1).set("c", given).expect_version(version);
        upsert(1).execute(&idem).await.unwrap();
        edit(1).execute(&idem).await.unwrap();
        script(&idem, &format!("ALTER TABLE {table} ALTER COLUMN c TYPE {wide}")).await;
        let text = format!("SELECT count(*) FROM {table} WHERE c = '{shown}'::{wide}");
        let mut tx = idem.begin().await.unwrap();
        assert_eq!(*edit(2).execute(&mut tx).await.unwrap(), 3);
        tx.commit().await.unwrap();
        assert_eq!(number(&idem, &text).await, 1, "{wide}: updated");
        script(&idem, &format!("ALTER TABLE {table} ALTER COLUMN c TYPE {narrow}")).await;
        upsert(1).execute(&idem).await.unwrap();
        script(&idem, &format!("ALTER TABLE {table} ALTER COLUMN c TYPE {wide}")).await;
        upsert(2).once(&key(&table)).execute(&idem).await.unwrap();
        assert_eq!(number(&idem, &format!("{text} AND id = 2")).await, 1, "{wide}: inserted");
    }
}

/// A policy that shows a row and does not let it be updated; a view whose trigger does nothing: said, and not retryable.
#[tokio::test]
async fn update_blocked_by_policy_or_view_trigger_is_refused() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    let role = format!("idem_test_{}", std::process::id());
    script(
        &idem,
        &format!(
            "CREATE TABLE guarded (id bigint PRIMARY KEY, body text, version bigint);
             INSERT INTO guarded VALUES (1, 'draft', 1);
             CREATE ROLE {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
             ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
             CREATE POLICY sees ON guarded FOR SELECT USING (true);
             CREATE POLICY writes ON guarded FOR UPDATE USING (false);
             CREATE VIEW shown AS SELECT * FROM guarded;
             CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER instead INSTEAD OF UPDATE ON shown FOR EACH ROW EXECUTE FUNCTION nothing()"
        ),
    )
    .await;
    let edit = |table: &str| ConditionalUpdate::table(table).key("id", 1).set("body", "x").expect_version(1);
    let told = |answer| {
        let problem = problem(answer);
        assert!(problem.to_string().contains("policy"), "{problem}");
    };
    told(edit("shown").execute(&idem).await);
    told(edit("shown").once(&key("k")).execute(&idem).await);
    let mut tx = idem.begin().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SET LOCAL ROLE {role}"))).execute(tx.conn()).await.unwrap();
    told(edit("guarded").execute(&mut tx).await);
    told(edit("guarded").once(&key("k")).execute(&mut tx).await);
    sqlx::raw_sql("RESET ROLE").execute(tx.conn()).await.unwrap();
    assert_eq!(*edit("guarded").execute(&mut tx).await.unwrap(), 2);
    tx.commit().await.unwrap();
    script(&idem, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    assert_eq!(number(&idem, "SELECT count(*) FROM idem_claims").await, 0);
}

/// A role that may write a column need not be allowed to read it; nor does a table suffer from the name of a type.
#[tokio::test]
async fn update_needs_only_permissions_on_its_columns() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    let role = format!("idem_test_writer_{}", std::process::id());
    script(
        &idem,
        &format!(
            "CREATE TABLE date (id bigint PRIMARY KEY, secret text, version bigint);
             CREATE TABLE users (id bigint PRIMARY KEY, secret text, version bigint);
             INSERT INTO date VALUES (1, 'a', 1); INSERT INTO users VALUES (1, 'a', 1);
             CREATE ROLE {role}; GRANT SELECT (id, version), UPDATE (secret, version) ON users, date TO {role};
             GRANT SELECT ON idem_claims TO {role}"
        ),
    )
    .await;
    let mut tx = idem.begin().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SET LOCAL ROLE {role}"))).execute(tx.conn()).await.unwrap();
    for table in ["users", "date"] {
        let edit = |version| ConditionalUpdate::table(table).key("id", 1).set("secret", "b").expect_version(version);
        assert_eq!(*edit(1).execute(&mut tx).await.unwrap(), 2);
        assert!(matches!(edit(1).execute(&mut tx).await, Err(Error::Stale { found: Some(2), .. })));
    }
    tx.commit().await.unwrap();
    script(&idem, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// A view over one table is updated as the table is.
#[tokio::test]
async fn update_of_view_changes_its_table() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem: Idem<sqlx::Postgres> = open(&database).await;
    script(
        &idem,
        "CREATE TABLE base (id bigint PRIMARY KEY, body text, version bigint);
         INSERT INTO base VALUES (1, 'draft', 1), (2, 'draft', 1);
         CREATE VIEW visible AS SELECT id, body, version FROM base",
    )
    .await;
    let edit = |version| ConditionalUpdate::table("visible").key("id", 1).set("body", "x").expect_version(version);
    assert_eq!(*edit(1).execute(&idem).await.unwrap(), 2);
    assert_eq!(*edit(2).once(&key("k")).execute(&idem).await.unwrap(), 3);
    assert!(matches!(edit(2).execute(&idem).await, Err(Error::Stale { found: Some(3), .. })));
    let both = ConditionalUpdate::table("visible").key("body", "draft").set("id", 3).expect_version(1);
    assert_eq!(*both.execute(&idem).await.unwrap(), 2);
}

/// A trigger takes the version away: none is 0, wherever it is read.
#[tokio::test]
async fn update_version_removed_by_trigger_is_0() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(
        &idem,
        "CREATE TABLE worn (id bigint PRIMARY KEY, body text, version bigint);
         CREATE FUNCTION wear() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := NULL; RETURN NEW; END';
         CREATE TRIGGER wear BEFORE UPDATE ON worn FOR EACH ROW EXECUTE FUNCTION wear();
         INSERT INTO worn VALUES (1, 'draft', 0)",
    )
    .await;
    let edit = |body: &str| ConditionalUpdate::table("worn").key("id", 1).set("body", body).expect_version(0);
    assert_eq!(*edit("alone").execute(&idem).await.unwrap(), 0);
    assert_eq!(*edit("keyed").once(&key("worn")).execute(&idem).await.unwrap(), 0);
    let mut tx = idem.begin().await.unwrap();
    assert_eq!(*edit("within").execute(&mut tx).await.unwrap(), 0);
    assert_eq!(*edit("keyed within").once(&key("worn within")).execute(&mut tx).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(number(&idem, "SELECT count(*) FROM worn WHERE body = 'keyed within'").await, 1);
}

/// A trigger of the whole statement runs where no row is written: what it writes is undone with an update that is fenced off.
#[tokio::test]
async fn fenced_off_update_undoes_statement_triggers() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem: Idem<sqlx::Postgres> = open(&database).await;
    script(
        &idem,
        "CREATE TABLE audited (id bigint PRIMARY KEY, body text, version bigint); CREATE TABLE audits (op text);
         CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO audits VALUES (TG_OP); RETURN NULL; END';
         CREATE TRIGGER audit BEFORE INSERT OR UPDATE OR DELETE ON audited FOR EACH STATEMENT EXECUTE FUNCTION audit();
         INSERT INTO audited VALUES (1, 'draft', 1)",
    )
    .await;
    let lock = idem.lock("job");
    let old = lock.acquire(Duration::ZERO).await.unwrap();
    let edit = || ConditionalUpdate::table("audited").key("id", 1).set("body", "x").expect_version(1);
    let upsert = || Upsert::table("audited").key("id", 2).set("body", "x");
    let delete = || ConditionalDelete::table("audited").key("id", 1).expect_version(2);
    edit().fenced_by(&old).execute(&idem).await.unwrap();
    script(&idem, "UPDATE idem_claims SET until = 0 WHERE state = 1").await;
    let new = lock.acquire(Duration::ZERO).await.unwrap();
    let audits = number(&idem, "SELECT count(*) FROM audits").await;
    assert!(audits > 0, "the owner's update is noted");
    let answers = [
        edit().fenced_by(&old).execute(&idem).await.map(drop),
        edit().once(&key("k")).fenced_by(&old).execute(&idem).await.map(drop),
        upsert().fenced_by(&old).execute(&idem).await.map(drop),
        upsert().once(&key("l")).fenced_by(&old).execute(&idem).await.map(drop),
        delete().fenced_by(&old).execute(&idem).await.map(drop),
    ];
    assert!(answers.iter().all(|answer| matches!(answer, Err(Error::Fenced { .. }))), "{answers:?}");
    assert_eq!(number(&idem, "SELECT count(*) FROM audits").await, audits);
    delete().fenced_by(&new).execute(&idem).await.unwrap();
}

/// Nothing is expected of a column whose type has no equality.
#[tokio::test]
async fn null_expectation_works_for_type_without_equality() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(&idem, "CREATE TABLE maps (id bigint PRIMARY KEY, place point, body text, version bigint)").await;
    script(&idem, "INSERT INTO maps VALUES (1, NULL, '', 1), (2, '(1,2)', '', 1)").await;
    let edit = |id: i64| {
        ConditionalUpdate::table("maps").key("id", id).set("body", "x").expect("place", None::<i64>).expect_version(1)
    };
    let mut tx = idem.begin().await.unwrap();
    assert!(matches!(edit(2).execute(&mut tx).await, Err(Error::Stale { .. })));
    assert_eq!(*edit(1).execute(&mut tx).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert!(matches!(edit(2).execute(&idem).await, Err(Error::Stale { .. })));
}
