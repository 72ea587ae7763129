use crate::store::error::Class;
use crate::store::tests::ground::{Fresh, Ground, both, write_own};
use crate::store::tests::sample::{SHOP, With, hash, step};

const LATEST: i64 = 1;

pub(super) async fn migrating_twice_is_migrating_once<S: Ground>(mut db: Fresh<S>) {
    assert!(db.write(&step("m", 1)).await);
    S::migrate(&mut db.conn, &db.sql).await.expect("nothing to do");
    assert_eq!(S::version(&mut db.conn, &db.sql).await.expect("a version"), Some(LATEST));
    assert_eq!(db.number("SELECT count(*) FROM {migrations}").await, LATEST);
    assert_eq!(db.counts().await[0], 1);
    let steps: Vec<_> = S::migrations(&db.tables).iter().map(|step| (step.version, step.name)).collect();
    assert_eq!(steps, [(1, "base")]);
}

pub(super) async fn many_migrate_at_once<S: Ground>(mut db: Fresh<S>) {
    for round in 0..6 {
        drop_all(&mut db).await;
        if round % 2 == 1 {
            // As before a later version: the table of migrations is there, and something is to be done.
            S::migrate(&mut db.conn, &db.sql).await.expect("migrates");
            drop_all_but_migrations(&mut db).await;
            db.execute("DELETE FROM {migrations}").await;
        }
        let mut conns = [db.another().await, db.another().await, db.another().await, db.another().await];
        let [one, two, three, four] = conns.each_mut().map(|conn| S::migrate(conn, &db.sql));
        let (left, right) = both(both(one, two), both(three, four)).await;
        for done in [left.0, left.1, right.0, right.1] {
            done.expect("migrates, or finds it done");
        }
        assert_eq!(db.number("SELECT count(*) FROM {migrations}").await, LATEST);
        assert!(db.write(&step("m", 1)).await);
    }
}

pub(super) async fn a_migration_cut_short_leaves_nothing<S: Ground>(mut db: Fresh<S>) {
    drop_all(&mut db).await;
    // The last table is there, and not ours: the migration fails when all others are made.
    db.execute("CREATE TABLE {outbox} (mine integer)").await;
    S::migrate(&mut db.conn, &db.sql).await.expect_err("the table is there");
    assert_eq!(S::version(&mut db.conn, &db.sql).await.expect("a version"), None);
    db.execute("DROP TABLE {outbox}").await;
    S::migrate(&mut db.conn, &db.sql).await.expect("nothing is left in the way");
    assert_eq!(S::version(&mut db.conn, &db.sql).await.expect("a version"), Some(LATEST));
}

pub(super) async fn missing_tables_are_a_class_of_error<S: Ground>(mut db: Fresh<S>) {
    drop_all(&mut db).await;
    assert_eq!(S::version(&mut db.conn, &db.sql).await.expect("readable"), None);
    let load = S::load(&mut db.conn, &db.sql, &[(SHOP, "m")], &[hash("k")]).await.expect_err("no tables");
    let write = db.try_write(&step("m", 1)).await.expect_err("no tables");
    assert_eq!((load.class, write.class), (Class::Schema, Class::Schema));
}

pub(super) async fn a_database_that_may_not_be_written_says_so<S: Ground>(mut db: Fresh<S>) {
    let mut other = db.another().await;
    S::read_only(&mut other).await;
    let error = write_own::<S>(&mut other, &db.sql, &step("m", 1), crate::store::tests::ground::WAIT)
        .await
        .expect_err("read only");
    assert_eq!(error.class, Class::ReadOnly);
    S::load(&mut other, &db.sql, &[(SHOP, "m")], &[]).await.expect("readable");
    assert!(db.write(&step("m", 1)).await);
}

pub(super) async fn no_statement_scans_a_table<S: Ground>(mut db: Fresh<S>) {
    let mut filled = vec!["{machines}", "{transitions}", "{keys}", "{accounts}", "{entries}", "{holds}"];
    if S::DATABASE == "postgres" {
        filled.push("{tails}");
    }
    for rows in [0, 20, 2_000] {
        let first = db.number("SELECT count(*) FROM {machines}").await;
        for id in first..rows {
            let id = format!("m{id}");
            assert!(db.write(&step(&id, 1).with_key(&id).with_money(&id, &[1])).await);
            db.execute(&format!(
                "INSERT INTO {{holds}} (hold, account, amount, remaining) VALUES ('{id}', '{id}', 1, 1)"
            ))
            .await;
            if S::DATABASE == "postgres" {
                db.execute(&format!("INSERT INTO {{tails}} (account, seq, delta) VALUES ('{id}', 1, 1)")).await;
            }
        }
        let scans = S::scans(&mut db.conn, &S::texts(&db.sql)).await;
        assert!(scans.is_empty(), "with {rows} rows: {scans:#?}");
        if rows == 2_000 {
            db.analyze(&filled).await;
            let scans = S::scans(&mut db.conn, &S::texts(&db.sql)).await;
            assert!(scans.is_empty(), "with statistics of a full table: {scans:#?}");
        }
        if rows == 20 {
            db.analyze(&filled).await;
            S::steady(&mut db.conn, true).await;
            let scans = S::scans(&mut db.conn, &S::texts(&db.sql)).await;
            assert!(scans.is_empty(), "with statistics of a small table: {scans:#?}");
            S::steady(&mut db.conn, false).await;
        }
    }
}

async fn drop_all<S: Ground>(db: &mut Fresh<S>) {
    drop_all_but_migrations(db).await;
    db.execute("DROP TABLE IF EXISTS {migrations}").await;
}

async fn drop_all_but_migrations<S: Ground>(db: &mut Fresh<S>) {
    for table in ["graphs", "machines", "transitions", "keys", "accounts", "entries", "tails", "holds", "outbox"] {
        db.execute(&format!("DROP TABLE IF EXISTS {{{table}}}")).await;
    }
}
