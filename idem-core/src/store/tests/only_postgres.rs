//! What the other databases have nothing of: settings of a session, isolation levels, waits for rows.

use std::time::Duration;

use sqlx::{PgConnection, Postgres};

use crate::store::connect::{Connect as _, TransactionUse};
use crate::store::error::Class;
use crate::store::ledger::queries::load_accounts;
use crate::store::machine::queries::lock_machines;
use crate::store::tests::ground::{Client, Fresh, Ground as _, WAIT, both, run};
use crate::store::tests::sample::{NOW, SHOP, With, alias, hash, now, step};
use crate::store::tests::write::over;
use crate::store::write::part::Write;

type Db = Fresh<Postgres>;

async fn text(conn: &mut PgConnection, question: &'static str) -> String {
    sqlx::query_scalar(question).fetch_one(conn).await.expect(question)
}

#[test]
fn lock_timeout_is_set_for_its_statement_only() {
    run::<Postgres, _>(async |mut db: Db| {
        let before = text(&mut db.conn.conn, "SHOW lock_timeout").await;
        assert!(db.write(&step("m", 1).with_key("k")).await && !db.write(&step("m", 1)).await);
        assert_eq!(text(&mut db.conn.conn, "SHOW lock_timeout").await, before);
        db.begin().await;
        assert_eq!(text(&mut db.conn.conn, "SHOW lock_timeout").await, "5s");
        assert_eq!(text(&mut db.conn.conn, "SHOW transaction_isolation").await, "read committed");
        db.execute("COMMIT").await;
        assert_eq!(text(&mut db.conn.conn, "SHOW lock_timeout").await, before);
    });
}

/// Without it a table that is published can neither be updated nor deleted from.
#[test]
fn table_has_replica_identity() {
    run::<Postgres, _>(async |mut db: Db| {
        let without = format!(
            "SELECT coalesce(string_agg(c.relname, ', '), 'none') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = '{}' AND c.relkind = 'r' AND c.relreplident = 'd'
             AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)",
            db.tables.schema().expect("a schema of its own")
        );
        let found: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(without)).fetch_one(&mut db.conn.conn).await.expect("readable");
        assert_eq!(found, "none");
    });
}

#[test]
fn lost_race_above_read_committed_is_contention() {
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for write in [|| step("m", 2).with_key("k2"), || step("m", 2).and(step("n", 1)), || step("n", 1).with_key("k")]
        {
            run::<Postgres, _>(async |mut db: Db| {
                let mut other = db.another().await;
                assert!(db.write(&step("m", 1)).await);
                db.execute(&format!("BEGIN ISOLATION LEVEL {level}; {}", Postgres::MARK)).await;
                db.load(&[(SHOP, "m")], &[]).await;
                let first = step("m", 2).with_key("k");
                assert!(other.write_own(&first, WAIT).await.expect("writes"));
                let error = db.conn.write_joined(&write()).await.expect_err("lost");
                assert_eq!(error.class, Class::Contention, "{level}");
                db.execute("ROLLBACK").await;
            });
        }
    }
}

/// Ends when as many connections as this wait for a lock in this test's schema. `conn` is in no transaction: within one,
/// `pg_stat_activity` stays as it was first read.
async fn waiting(client: &mut Client<Postgres>, schema: &str, count: i64) {
    let blocked = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{schema}.%' AND cardinality(pg_blocking_pids(pid)) > 0"
    );
    while Postgres::number(&mut client.conn, &blocked).await < count {}
}

fn schema(db: &Db) -> String {
    format!("\"{}\"", db.tables.schema().expect("a schema of its own"))
}

/// The one that waits finds what the one that it waited for wrote, and its own transaction can go on.
#[test]
fn joined_write_that_waited_for_first_writer_loses_and_goes_on() {
    let key = || (step("m", 2).with_key("k"), step("n", 1).with_key("k"));
    let start = || (step("n", 1), step("n", 1).with_key("free"));
    let start_of_many = || (step("n", 1), step("a", 1).with_key("free").and(step("m", 2)).and(step("n", 1)));
    for (round, (first, second)) in [key(), start(), start_of_many()].into_iter().enumerate() {
        run::<Postgres, _>(async |mut db: Db| {
            let (mut other, mut watch) = (db.another().await, db.another().await);
            let schema = schema(&db);
            assert!(db.write(&step("m", 1)).await);
            db.begin().await;
            other.begin().await;
            assert!(db.conn.write_joined(&first).await.expect("writes"));
            let waits = other.write_joined(&second);
            let commits = async {
                waiting(&mut watch, &schema, 1).await;
                db.execute("COMMIT").await;
            };
            let (written, ()) = both(waits, commits).await;
            assert!(!written.expect("loses without an error"), "round {round}");
            let before = db.counts().await;
            other.execute("COMMIT").await;
            assert_eq!(db.counts().await, before, "round {round}");
            assert!(db.load(&[(SHOP, "a")], &[hash("free")]).await.keys[0].is_none());
        });
    }
}

/// Another transaction has deleted the expired alias and taken its key: the write waits for it as for any writer of that key, and
/// the next attempt finds what came of it.
#[test]
fn expired_key_being_taken_over_is_waited_for() {
    for (end, wins) in [("COMMIT", false), ("ROLLBACK", true)] {
        run::<Postgres, _>(async |mut db: Db| {
            let (mut other, mut watch) = (db.another().await, db.another().await);
            let schema = schema(&db);
            let expired = vec![alias("k", "m", 1, NOW - 1)];
            assert!(db.write(&step("m", 1)).await);
            assert!(db.write(&Write { now: Some(now()), transitions: expired, ..Write::default() }).await);
            db.begin().await;
            assert!(db.join(&over(step("n", 1).with_key("k"))).await);
            let write = over(step("o", 1).with_key("k"));
            let waits = other.write_own(&write, WAIT);
            let ends = async {
                waiting(&mut watch, &schema, 1).await;
                db.execute(end).await;
            };
            let (written, ()) = both(waits, ends).await;
            assert!(!written.expect("loses"), "{end}: the alias was there when it began");
            assert_eq!(other.write_own(&write, WAIT).await.expect("writes or loses"), wins, "{end}");
            assert_eq!(db.number("SELECT count(*) FROM {transitions}").await, 2, "{end}");
        });
    }
}

/// Two who lock the same rows never wait for each other in a circle, whatever the order in which they ask.
#[test]
fn row_locks_are_taken_in_byte_order() {
    for accounts in [false, true] {
        run::<Postgres, _>(async |mut db: Db| {
            let (mut up, mut down, mut watch) = (db.another().await, db.another().await, db.another().await);
            let (schema, names) = (schema(&db), ["B", "a", "\u{e9}"]);
            let all = step("B", 1).and(step("a", 1)).and(step("\u{e9}", 1));
            assert!(db.write(&names.iter().fold(all, |write, name| write.with_money(name, &[1]))).await);
            // The middle one is held until both wait: for it, or one for the other.
            db.begin().await;
            lock(&mut db.conn, &["a"], accounts).await;
            for conn in [&mut up, &mut down] {
                conn.begin().await;
            }
            let ask = async |conn: &mut Client<Postgres>, names: [&str; 3]| {
                lock(conn, &names, accounts).await;
                conn.execute("COMMIT").await;
            };
            let release = async {
                waiting(&mut watch, &schema, 2).await;
                db.execute("COMMIT").await;
            };
            both(release, both(ask(&mut up, names), ask(&mut down, ["\u{e9}", "a", "B"]))).await;
        });
    }
}

async fn lock(client: &mut Client<Postgres>, names: &[&str], accounts: bool) {
    if accounts {
        load_accounts(&mut client.session(), names, true).await.expect("locks");
    } else {
        let machines: Vec<_> = names.iter().map(|name| (SHOP, *name)).collect();
        lock_machines(&mut client.session(), &machines).await.expect("locks");
    }
}

#[test]
fn lock_timeout_of_zero_is_not_unlimited() {
    assert!(Postgres::begin(Duration::ZERO, TransactionUse::Own).contains("lock_timeout = 1;"));
    assert!(Postgres::begin(Duration::MAX, TransactionUse::Own).contains("lock_timeout = 2147483647;"));
}
