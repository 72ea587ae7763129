//! What a value becomes in a column: on PostgreSQL, where it is bound as text and cast to the column's type, and on SQLite,
//! where the column's affinity decides.

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalUpdate, Upsert, Value};
use idem_core::{Error, ErrorKind, Idem, Key, Timestamp};
use tests::{Postgres, Sqlite};

use crate::support::{number, open, script};

/// Columns with a value, as it is given and as PostgreSQL shows it, and another value.
fn samples() -> Vec<(&'static str, Value, &'static str, Value)> {
    let uuid = "0190f5d7-6f6e-7000-8000-00000000000a";
    vec![
        ("uuid", uuid.into(), uuid, "0190f5d7-6f6e-7000-8000-00000000000b".into()),
        ("smallint", (-5).into(), "-5", 6.into()),
        ("integer", 70_000.into(), "70000", 5.into()),
        ("bigint", i64::MIN.into(), "-9223372036854775808", i64::MAX.into()),
        ("boolean", true.into(), "t", false.into()),
        ("boolean", "yes".into(), "t", "no".into()),
        ("text", "'; DROP TABLE samples".into(), "'; DROP TABLE samples", "".into()),
        ("text", 5.into(), "5", true.into()),
        ("varchar(10)", "ünï".into(), "ünï", "x".into()),
        ("char(5)", "ab".into(), "ab   ", "cd".into()),
        ("numeric", "12345678901234567890.0500".into(), "12345678901234567890.0500", 1.into()),
        ("numeric(12, 2)", 1.5.into(), "1.50", "-7".into()),
        ("double precision", 0.1.into(), "0.1", f64::NEG_INFINITY.into()),
        ("real", 0.1.into(), "0.1", 2.into()),
        ("timestamptz", Timestamp::from_micros(1).into(), "1970-01-01 00:00:00.000001+00", "2026-11-22".into()),
        ("timestamp", Timestamp::from_micros(1).into(), "1970-01-01 00:00:00.000001", "infinity".into()),
        ("date", "2026-11-22".into(), "2026-11-22", "2026-11-23".into()),
        ("bigint", Timestamp::from_micros(7).into(), "7", Timestamp::from_micros(8).into()),
        ("jsonb", r#"{"b": 1, "a": null}"#.into(), r#"{"a": null, "b": 1}"#, "[]".into()),
        ("json", r#"{"b": 1}"#.into(), r#"{"b": 1}"#, "[]".into()),
        ("bytea", vec![0_u8, 255].into(), "\\x00ff", "\\x01".into()),
        ("mood", "happy".into(), "happy", "sad".into()),
        ("score", 7.into(), "7", 8.into()),
        ("text[]", "{a,b}".into(), "{a,b}", "{}".into()),
        ("inet", "10.0.0.1".into(), "10.0.0.1", "10.0.0.2".into()),
    ]
}

/// As a value that is set, as one that is expected, and as one by which the row is named.
#[tokio::test]
async fn value_of_every_column_type_can_be_set_expected_and_key() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(&idem, "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN score AS integer CHECK (value < 10)").await;
    for (at, (kind, value, shown, other)) in samples().into_iter().enumerate() {
        let table = format!("samples_{at}");
        script(&idem, &format!("CREATE TABLE {table} (id bigint PRIMARY KEY, c {kind}, version integer)")).await;
        script(&idem, &format!("INSERT INTO {table} VALUES (1, NULL, 1), (2, NULL, 1)")).await;
        let update = || ConditionalUpdate::table(&table).key("id", 1);
        let set = update().set("c", value.clone()).expect("c", Value::Null).execute(&idem).await;
        assert_eq!(set.map(|updated| updated.get()).map_err(|error| error.to_string()), Ok(2), "{kind}: set");
        assert_eq!(show(&idem, &table).await, shown, "{kind}");
        let stale = update().set("c", Value::Null).expect("c", other.clone()).execute(&idem).await;
        assert!(matches!(stale, Err(Error::Stale { found: Some(2), .. })), "{kind}: {stale:?}");
        let met = update().set("c", other).expect("c", value.clone()).execute(&idem).await;
        assert_eq!(met.map(|updated| updated.get()).map_err(|error| error.to_string()), Ok(3), "{kind}: expected");
        script(&idem, &format!("UPDATE {table} SET c = '{}' WHERE id = 2", shown.replace('\'', "''"))).await;
        let named = ConditionalUpdate::table(&table).key("c", value).set("id", 3).expect_version(1);
        assert_eq!(
            named.execute(&idem).await.map(|updated| updated.get()).map_err(|error| error.to_string()),
            Ok(2),
            "{kind}: key"
        );
    }
}

/// What does not fit its column is an error that names it, or one of the database's; nothing is written.
#[tokio::test]
async fn update_value_out_of_column_type_is_refused() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(&idem, "CREATE TABLE t (id uuid PRIMARY KEY, n smallint, w varchar(3), version smallint DEFAULT 1)").await;
    let id = "0190f5d7-6f6e-7000-8000-00000000000a";
    let upsert = || Upsert::table("t").key("id", id);
    for number in [i64::from(i16::MAX) + 1, i64::MIN] {
        let error = upsert().set("n", number).execute(&idem).await.unwrap_err();
        assert!(
            matches!(&error, Error::Update { problem: UpdateProblem::OutOfRange { column }, .. } if column == "n"),
            "{error}"
        );
        // Compared it is no error: no row has that number.
        let update = ConditionalUpdate::table("t").key("n", number).set("w", "x").expect_version(1);
        assert!(matches!(update.execute(&idem).await, Err(Error::Missing { .. })));
    }
    for unfit in [upsert().set("w", "four"), upsert().set("n", "many"), Upsert::table("t").key("id", "?").set("n", 1)] {
        let error = unfit.execute(&idem).await.unwrap_err();
        assert!(matches!(error, Error::Store { .. }), "{error}");
    }
    assert_eq!(*upsert().set("n", i64::from(i16::MAX)).execute(&idem).await.unwrap(), 1);
    script(&idem, "UPDATE t SET version = 32767").await;
    let error = upsert().set("n", 1).execute(&idem).await.unwrap_err();
    assert!(matches!(error, Error::Update { problem: UpdateProblem::VersionExhausted { .. }, .. }), "{error}");
    script(&idem, "ALTER TABLE t ALTER COLUMN version TYPE text").await;
    let fresh = open(&database).await;
    let error = upsert().set("n", 1).execute(&fresh).await.unwrap_err();
    assert!(matches!(error, Error::Update { problem: UpdateProblem::VersionType { .. }, .. }), "{error}");
}

/// What its column's type refuses, in the caller's transaction: it is an error of that call, and the transaction goes on
/// with what was before it. Set, expected, and as a key.
#[tokio::test]
async fn refused_update_value_leaves_transaction_usable() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(&idem, "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN score AS integer CHECK (value < 10)").await;
    let unfit: [(&str, Value); 16] = [
        ("mood", "grumpy".into()),
        ("mood", 1.into()),
        ("uuid", "0190f5d7-6f6e-7000-8000-00000000000".into()),
        ("smallint", "70000".into()),
        ("integer", Timestamp::from_micros(1 << 40).into()),
        ("bigint", "many".into()),
        ("boolean", "maybe".into()),
        ("varchar(3)", "four".into()),
        ("char(3)", 1_000.into()),
        ("numeric(3, 1)", 1_000.into()),
        ("real", 1e300.into()),
        ("timestamptz", "2026-02-30".into()),
        ("date", "yesterday at noon".into()),
        ("jsonb", "{\"a\": \"\\u0000\"}".into()),
        ("bytea", "\\xzz".into()),
        ("score", 10.into()),
    ];
    for (at, (kind, value)) in unfit.into_iter().enumerate() {
        let table = format!("unfit_{at}");
        script(&idem, &format!("CREATE TABLE {table} (id bigint PRIMARY KEY, c {kind}, version bigint)")).await;
        script(&idem, &format!("INSERT INTO {table} VALUES (1, NULL, 1)")).await;
        let edit = || ConditionalUpdate::table(&table).key("id", 1);
        let key = Key::new("unfit", kind).unwrap();
        let mut tx = idem.begin().await.unwrap();
        let beside = format!("INSERT INTO {table} VALUES (2, NULL, 1)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(beside)).execute(tx.conn()).await.unwrap();
        let set = edit().set("c", value.clone()).expect_version(1);
        for answer in [
            set.clone().execute(&mut tx).await,
            set.once(&key).execute(&mut tx).await,
            Upsert::table(&table).key("id", 3).set("c", value.clone()).execute(&mut tx).await,
        ] {
            let error = answer.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Store | ErrorKind::Update), "{kind}: {error}");
        }
        // Compared it is refused, or it is what no row has.
        let expected = edit().set("id", 5).expect("c", value.clone()).once(&key).execute(&mut tx).await;
        assert!(expected.is_err(), "{kind}: {expected:?}");
        let named = ConditionalUpdate::table(&table).key("c", value).set("id", 5).expect_version(1);
        assert!(named.execute(&mut tx).await.is_err(), "{kind}");
        let fit = edit().set("c", Value::Null).expect_version(1).execute(&mut tx).await;
        assert_eq!(fit.map(|updated| updated.get()).map_err(|error| error.to_string()), Ok(2), "{kind}");
        tx.commit().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(number(&idem, &format!("SELECT sum(version)::bigint FROM {table}")).await, 3, "{kind}");
        assert_eq!(number(&idem, "SELECT count(*) FROM idem_claims").await, 0, "{kind}");
    }
}

/// What a trigger does in the place of an update of a view is not counted, so a key beside it would stay unrecorded.
#[tokio::test]
async fn update_of_sqlite_view_is_refused() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.unwrap();
    let table = "CREATE TABLE base (id INTEGER PRIMARY KEY, body TEXT, version INTEGER);
        INSERT INTO base VALUES (1, 'draft', 1);
        CREATE VIEW shown AS SELECT * FROM base;
        CREATE TRIGGER instead INSTEAD OF UPDATE ON shown
            BEGIN UPDATE base SET body = new.body, version = new.version WHERE id = new.id; END";
    sqlx::raw_sql(table).execute(idem.pool()).await.unwrap();
    for name in ["shown", "Shown"] {
        let edit = ConditionalUpdate::table(name).key("id", 1).set("body", "x").expect_version(1);
        for edit in [edit.clone(), edit.once(&Key::new("view", name).unwrap())] {
            let error = edit.execute(&idem).await.unwrap_err();
            assert!(matches!(error, Error::Update { problem: UpdateProblem::View, .. }), "{error}");
        }
    }
}

/// A table of another schema, and a name with capitals.
#[tokio::test]
async fn table_name_with_schema_and_capitals_is_found() {
    let Some(database) = Postgres::fresh().await else { return };
    let idem = open(&database).await;
    script(
        &idem,
        r#"CREATE SCHEMA shop; CREATE TABLE shop."Orders" ("Id" bigint PRIMARY KEY, note text, version bigint)"#,
    )
    .await;
    let upsert = |table: &str| Upsert::table(table).key("Id", 1).set("note", "x").execute(&idem);
    assert_eq!(*upsert("shop.Orders").await.unwrap(), 1);
    for table in ["shop.orders", "Orders", "public.Orders"] {
        let error = upsert(table).await.unwrap_err();
        assert!(matches!(error, Error::Update { problem: UpdateProblem::NoTable, .. }), "{error}");
    }
}

/// As `quote` shows them: whole numbers, text, floating-point numbers and bytes apart.
#[tokio::test]
async fn update_value_on_sqlite_is_stored_by_column_affinity() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.unwrap();
    let table = "CREATE TABLE kinds (id INTEGER PRIMARY KEY, i INTEGER, t TEXT, r REAL, b BLOB, version INTEGER)";
    sqlx::raw_sql(table).execute(idem.pool()).await.unwrap();
    let at = Timestamp::from_micros(1);
    let samples: [(&str, Value, &str); 11] = [
        ("i", true.into(), "1"),
        ("i", at.into(), "1"),
        ("t", at.into(), "'1970-01-01T00:00:00.000001Z'"),
        ("t", 5.into(), "'5'"),
        ("i", "5".into(), "5"),
        ("r", 2.into(), "2.0"),
        ("r", f64::INFINITY.into(), "9.0e+999"),
        ("b", vec![0_u8, 255].into(), "X'00FF'"),
        ("b", "text".into(), "'text'"),
        ("i", i64::MIN.into(), "-9223372036854775808"),
        ("t", Value::Null, "NULL"),
    ];
    for (id, (column, value, shown)) in (1..).zip(samples) {
        let set = Upsert::table("kinds").key("id", id).set(column, value.clone());
        assert_eq!(*set.execute(&idem).await.unwrap(), 1);
        let quoted = sqlx::AssertSqlSafe(format!("SELECT quote({column}) FROM kinds WHERE id = {id}"));
        let quoted: String = sqlx::query_scalar(quoted).fetch_one(idem.pool()).await.unwrap();
        assert_eq!(quoted, shown, "{column}: {value:?}");
        let met = ConditionalUpdate::table("kinds").key("id", id).set(column, Value::Null).expect(column, value);
        assert_eq!(*met.execute(&idem).await.unwrap(), 2, "{column}");
    }
}

async fn show(idem: &Idem<sqlx::Postgres>, table: &str) -> String {
    let mut conn = idem.pool().acquire().await.unwrap();
    sqlx::raw_sql("SET TimeZone = 'UTC'").execute(&mut *conn).await.unwrap();
    // As the type's output function writes it; a cast of its own shows booleans and padded text otherwise.
    let text = format!("SELECT format('%s', c) FROM {table} WHERE id = 1");
    sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(&mut *conn).await.unwrap()
}
