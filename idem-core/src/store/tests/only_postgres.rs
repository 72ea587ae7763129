//! What the other databases have nothing of: settings of a session, isolation levels, waits for rows.

use std::time::Duration;

use sqlx::{PgConnection, Postgres};

use super::ground::{Fresh, Ground, WAIT, both, run};
use super::sample::{SHOP, With, step};
use crate::store::Store;
use crate::store::error::Class;

type Db = Fresh<Postgres>;

async fn text(conn: &mut PgConnection, question: &'static str) -> String {
    sqlx::query_scalar(question).fetch_one(conn).await.expect(question)
}

#[test]
fn a_wait_is_set_for_its_statement_alone() {
    run::<Postgres, _>(async |mut db: Db| {
        let before = text(&mut db.conn, "SHOW lock_timeout").await;
        assert!(db.write(&step("m", 1).with_key("k")).await && !db.write(&step("m", 1)).await);
        assert_eq!(text(&mut db.conn, "SHOW lock_timeout").await, before);
        db.begin().await;
        assert_eq!(text(&mut db.conn, "SHOW lock_timeout").await, "5s");
        assert_eq!(text(&mut db.conn, "SHOW transaction_isolation").await, "read committed");
        db.execute("COMMIT").await;
        assert_eq!(text(&mut db.conn, "SHOW lock_timeout").await, before);
    });
}

#[test]
fn above_read_committed_a_lost_race_is_contention_of_the_whole_unit() {
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for write in [|| step("m", 2).with_key("k2"), || step("m", 2).and(step("n", 1)), || step("n", 1).with_key("k")]
        {
            run::<Postgres, _>(async |mut db: Db| {
                let mut other = db.another().await;
                assert!(db.write(&step("m", 1)).await);
                db.execute(&format!("BEGIN ISOLATION LEVEL {level}")).await;
                db.load(&[(SHOP, "m")], &[]).await;
                let first = step("m", 2).with_key("k");
                assert!(Postgres::write_own(&mut other, &db.sql, &first, WAIT).await.expect("writes"));
                let error = Postgres::write_joined(&mut db.conn, &db.sql, &write()).await.expect_err("lost");
                assert_eq!(error.class, Class::Contention, "{level}");
                db.execute("ROLLBACK").await;
            });
        }
    }
}

/// The one that waits finds the key of the one it waited for, and its own transaction can go on.
#[test]
fn a_duplicate_that_waits_for_the_first_loses_and_goes_on() {
    run::<Postgres, _>(async |mut db: Db| {
        let mut other = db.another().await;
        assert!(db.write(&step("m", 1)).await);
        db.begin().await;
        Postgres::execute(&mut other, &Postgres::begin(WAIT)).await.expect("begins");
        let (one, two) = (step("m", 2).with_key("k"), step("n", 1).with_key("k"));
        assert!(Postgres::write_joined(&mut db.conn, &db.sql, &one).await.expect("writes"));
        let waits = Postgres::write_joined(&mut other, &db.sql, &two);
        let commits = async {
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))";
            while Postgres::number(&mut db.conn, waiting).await == 0 {}
            Postgres::execute(&mut db.conn, "COMMIT").await.expect("commits");
        };
        let (written, ()) = both(waits, commits).await;
        assert!(!written.expect("loses without an error"));
        assert!(Postgres::write_joined(&mut other, &db.sql, &step("n", 1).with_key("l")).await.expect("goes on"));
        Postgres::execute(&mut other, "COMMIT").await.expect("commits");
        assert_eq!(db.counts().await[..3], [2, 3, 2]);
    });
}

/// Locks are taken in one order, whatever the order asked, so that two who lock the same rows never wait in a circle.
#[test]
fn locks_are_taken_in_the_order_of_bytes() {
    run::<Postgres, _>(async |mut db: Db| {
        let mut other = db.another().await;
        let all = step("B", 1).and(step("a", 1)).and(step("\u{e9}", 1));
        assert!(db.write(&all).await);
        for _ in 0..50 {
            let up = async {
                Postgres::execute(&mut db.conn, &Postgres::begin(WAIT)).await.expect("begins");
                let asked = [(SHOP, "B"), (SHOP, "a"), (SHOP, "\u{e9}")];
                Postgres::lock_machines(&mut db.conn, &db.sql, &asked).await.expect("locks");
                Postgres::load_accounts(&mut db.conn, &db.sql, &["x", "y", "Z"], true).await.expect("locks");
                Postgres::execute(&mut db.conn, "COMMIT").await.expect("commits");
            };
            let down = async {
                Postgres::execute(&mut other, &Postgres::begin(WAIT)).await.expect("begins");
                let asked = [(SHOP, "\u{e9}"), (SHOP, "a"), (SHOP, "B")];
                Postgres::lock_machines(&mut other, &db.sql, &asked).await.expect("locks");
                Postgres::load_accounts(&mut other, &db.sql, &["Z", "y", "x"], true).await.expect("locks");
                Postgres::execute(&mut other, "COMMIT").await.expect("commits");
            };
            both(up, down).await;
        }
    });
}

#[test]
fn a_wait_of_nothing_is_not_a_wait_for_ever() {
    assert!(Postgres::begin(Duration::ZERO).ends_with("lock_timeout = 1"));
    assert!(Postgres::begin(Duration::MAX).ends_with("lock_timeout = 2147483647"));
}
