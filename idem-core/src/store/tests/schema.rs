use crate::store::error::Class;
use crate::store::forget::blank::ScopedTable;
use crate::store::machine::queries::load;
use crate::store::migrate::run::{migrate, version};
use crate::store::migrate::texts::{VERSION, steps};
use crate::store::tests::ground::{Fresh, Ground, WAIT, both};
use crate::store::tests::sample::{SHOP, With, hash, message, step};
use crate::store::tests::statements::all;
use crate::store::write::part::Write;

pub(super) async fn migration_repeated_changes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    migrate(&mut db.session()).await.expect("nothing to do");
    assert_eq!(version(&mut db.session()).await.expect("a version").0, Some(VERSION));
    assert_eq!(db.number("SELECT count(*) FROM {migrations}").await, VERSION);
    assert_eq!(db.counts().await[0], 1);
}

/// A table with the scopes of keys that `Idem::forget` passes over would keep them.
pub(super) async fn table_with_scope_can_be_forgotten<DB: Ground>(_db: Fresh<DB>) {
    let mut scoped = Vec::new();
    for (_, _, sql) in steps::<DB>() {
        for table in sql.split("CREATE TABLE {").skip(1) {
            let (name, columns) = table.split_once('}').expect("a name");
            if columns.lines().take_while(|line| !line.starts_with(')')).any(|line| line.trim().starts_with("scope ")) {
                scoped.push(name);
            }
        }
    }
    assert_eq!(scoped, ScopedTable::ALL.map(ScopedTable::name));
}

/// A reader that deletes a message again, as the reply to the first time was lost, deletes no other one.
pub(super) async fn position_of_deleted_message_is_not_given_again<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&Write { messages: vec![message(0)], ..step("m", 1) }).await);
    let first = db.number("SELECT max(position) FROM {outbox}").await;
    db.execute("DELETE FROM {outbox}").await;
    assert!(db.write(&Write { messages: vec![message(1)], ..step("m", 2) }).await);
    assert!(db.number("SELECT max(position) FROM {outbox}").await > first);
}

pub(super) async fn concurrent_migrations_all_succeed<DB: Ground>(mut db: Fresh<DB>) {
    for round in 0..6 {
        drop_all(&mut db).await;
        if round % 2 == 1 {
            // As before a later version: the table of migrations is there, and something is to be done.
            migrate(&mut db.session()).await.expect("migrates");
            drop_all_but_migrations(&mut db).await;
            db.execute("DELETE FROM {migrations}").await;
        }
        let mut conns = [db.another().await, db.another().await, db.another().await, db.another().await];
        let [one, two, three, four] = conns.each_mut().map(|conn| async move { migrate(&mut conn.session()).await });
        let (left, right) = both(both(one, two), both(three, four)).await;
        for done in [left.0, left.1, right.0, right.1] {
            done.expect("migrates, or finds it done");
        }
        assert_eq!(db.number("SELECT count(*) FROM {migrations}").await, VERSION);
        assert!(db.write(&step("m", 1)).await);
    }
}

pub(super) async fn failed_migration_leaves_nothing<DB: Ground>(mut db: Fresh<DB>) {
    drop_all(&mut db).await;
    // The last table is there, and not ours: the migration fails when all others are made.
    db.execute("CREATE TABLE {outbox} (mine integer)").await;
    migrate(&mut db.session()).await.expect_err("the table is there");
    assert_eq!(version(&mut db.session()).await.expect("a version").0, None);
    db.execute("DROP TABLE {outbox}").await;
    migrate(&mut db.session()).await.expect("nothing is left in the way");
    assert_eq!(version(&mut db.session()).await.expect("a version").0, Some(VERSION));
}

pub(super) async fn missing_tables_are_schema_error<DB: Ground>(mut db: Fresh<DB>) {
    drop_all(&mut db).await;
    assert_eq!(version(&mut db.session()).await.expect("readable").0, None);
    let load = load(&mut db.session(), &[(SHOP, "m")], &[hash("k")]).await.expect_err("no tables");
    let write = db.try_write(&step("m", 1)).await.expect_err("no tables");
    assert_eq!((load.class, write.class), (Class::Schema, Class::Schema));
}

pub(super) async fn write_to_read_only_database_is_read_only_error<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    DB::read_only(&mut other.conn).await;
    let error = other.write_own(&step("m", 1), WAIT).await.expect_err("read only");
    assert_eq!(error.class, Class::ReadOnly);
    load(&mut other.session(), &[(SHOP, "m")], &[]).await.expect("readable");
    assert!(db.write(&step("m", 1)).await);
}

pub(super) async fn statement_plans_scan_no_table<DB: Ground>(mut db: Fresh<DB>) {
    let mut filled = vec!["{machines}", "{transitions}", "{claims}", "{fences}", "{accounts}", "{entries}", "{holds}"];
    if DB::DATABASE == "postgres" {
        filled.push("{tails}");
    }
    // These count all there are, or read a catalog.
    let counts = ["ledger: hold_count", "machines: count_by_state", "outbox: waiting", "outbox: monotonic"];
    let texts = all::<DB>(&db.tables).into_iter().filter(|(name, _)| !counts.contains(&name.as_str()));
    let texts: Vec<_> = texts.collect();
    // PostgreSQL reckons a page for each row that is deleted, and reads a small table whole instead, unless that is off as on the
    // connections of the library's own.
    let deletes = |name: &str| DB::DATABASE == "postgres" && (name.starts_with("sweep: ") || name == "outbox: delete");
    let plain: Vec<_> = texts.iter().filter(|(name, _)| !deletes(name)).map(|(_, text)| text.clone()).collect();
    let texts: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
    for rows in [0, 20, 2_000] {
        let first = db.number("SELECT count(*) FROM {machines}").await;
        for id in first..rows {
            let id = format!("m{id}");
            assert!(db.write(&step(&id, 1).with_key(&id).with_money(&id, &[1])).await);
            db.execute(&format!(
                "INSERT INTO {{claims}} (hash, surface, scope, fingerprint, state, at, until, epoch)
                SELECT hash, 's', scope, fingerprint, version % 2 + 1, t.at, 1, 1 FROM {{transitions}} t, {{machines}} m
                WHERE t.id = '{id}' AND m.id = t.id"
            ))
            .await;
            db.execute(&format!(
                "INSERT INTO {{holds}} (hold, account, amount, remaining) VALUES ('{id}', '{id}', 1, 1)"
            ))
            .await;
            db.execute(&format!("INSERT INTO {{fences}} (name, epoch, at) VALUES ('{id}', 1, 1)")).await;
            if DB::DATABASE == "postgres" {
                db.execute(&format!("INSERT INTO {{tails}} (account, seq, delta) VALUES ('{id}', 1, 1)")).await;
            }
        }
        let scans = DB::scans(&mut db.conn.conn, &plain).await;
        assert!(scans.is_empty(), "with {rows} rows: {scans:#?}");
        if rows == 2_000 {
            db.analyze(&filled).await;
            let scans = DB::scans(&mut db.conn.conn, &plain).await;
            assert!(scans.is_empty(), "with statistics of a full table: {scans:#?}");
        }
        if rows == 20 {
            db.analyze(&filled).await;
            DB::steady(&mut db.conn.conn, true).await;
            let scans = DB::scans(&mut db.conn.conn, &texts).await;
            assert!(scans.is_empty(), "with statistics of a small table: {scans:#?}");
            DB::steady(&mut db.conn.conn, false).await;
        }
    }
}

async fn drop_all<DB: Ground>(db: &mut Fresh<DB>) {
    drop_all_but_migrations(db).await;
    db.execute("DROP TABLE IF EXISTS {migrations}").await;
}

async fn drop_all_but_migrations<DB: Ground>(db: &mut Fresh<DB>) {
    db.execute("DROP VIEW IF EXISTS {outbox_readable}").await;
    let keys = ["transitions", "claims", "fences", "installation", "verdicts", "sequences", "parked"];
    for table in ["graphs", "machines", "accounts", "entries", "tails", "holds", "outbox"].into_iter().chain(keys) {
        db.execute(&format!("DROP TABLE IF EXISTS {{{table}}}")).await;
    }
}
