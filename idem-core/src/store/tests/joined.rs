use crate::store::rows::Write;
use crate::store::tests::ground::{Fresh, Ground};
use crate::store::tests::sample::{SHOP, With, hash, step};

async fn join<S: Ground>(db: &mut Fresh<S>, write: &Write) -> bool {
    S::write_joined(&mut db.conn, &db.sql, write).await.expect("writes or loses")
}

pub(super) async fn a_write_belongs_to_its_transaction<S: Ground>(mut db: Fresh<S>) {
    let writes = || [step("m", 1).with_key("k").with_money("a", &[5]), step("n", 1).with_key("l").and(step("o", 1))];
    for (end, rows) in [("ROLLBACK", 0), ("COMMIT", 3)] {
        db.begin().await;
        for write in writes() {
            assert!(join(&mut db, &write).await);
        }
        assert_eq!(db.counts().await[0], 3);
        db.execute(end).await;
        assert_eq!(db.counts().await[0], rows, "after {end}");
    }
    db.begin().await;
    S::lock_machines(&mut db.conn, &db.sql, &[(SHOP, "m"), (SHOP, "none")]).await.expect("locks");
    assert!(join(&mut db, &step("m", 2).with_key("k2").with_money("a", &[5])).await);
    assert!(join(&mut db, &step("m", 3).and(step("n", 2).with_key("l2"))).await);
    db.execute("COMMIT").await;
    assert_eq!(db.counts().await[..5], [3, 6, 4, 1, 2]);
}

/// A write that must lose in the middle of a transaction, and leave what the transaction did before and after it.
async fn loses_between<S: Ground>(db: &mut Fresh<S>, writes: impl IntoIterator<Item = Write>) {
    for (round, write) in writes.into_iter().enumerate() {
        let own = |part: &str| step(&format!("{part}{round}"), 1).with_key(&format!("{part}{round}"));
        db.begin().await;
        assert!(join(db, &own("before")).await);
        let before = db.counts().await;
        assert!(!join(db, &write).await, "round {round}");
        assert_eq!(db.counts().await, before, "round {round}");
        assert!(join(db, &own("after")).await);
        db.execute("COMMIT").await;
        let kept = db.load(&[(SHOP, &format!("after{round}")), (SHOP, &format!("before{round}"))], &[]).await;
        assert!(kept.machines.iter().all(Option::is_some));
    }
}

pub(super) async fn a_lost_race_leaves_the_transaction_usable<S: Ground>(mut db: Fresh<S>) {
    assert!(db.write(&step("m", 1)).await && db.write(&step("m", 2)).await);
    let stale = || step("m", 2).with_key("k");
    loses_between(&mut db, [stale(), step("m", 4), stale().and(step("n", 1)), step("n", 2)]).await;
    assert!(db.load(&[], &[hash("k")]).await.keys[0].is_none());
}

pub(super) async fn a_lost_key_leaves_nothing_behind<S: Ground>(mut db: Fresh<S>) {
    assert!(db.write(&step("m", 1).with_key("k")).await);
    let many = step("n", 1).with_key("k").and(step("o", 1).with_key("free")).and(step("p", 1).with_key("loose"));
    loses_between(&mut db, [step("m", 2).with_key("k"), step("n", 1).with_key("k"), many]).await;
    let loaded = db.load(&[], &[hash("free"), hash("loose")]).await;
    assert!(loaded.keys.iter().all(Option::is_none));
}

pub(super) async fn a_lost_start_gives_its_keys_back<S: Ground>(mut db: Fresh<S>) {
    assert!(db.write(&step("m", 1)).await);
    let many = step("a", 1).with_key("ka").and(step("m", 1).with_key("km")).and(step("z", 1).with_key("kz"));
    loses_between(&mut db, [step("m", 1).with_key("km"), many]).await;
    let loaded = db.load(&[(SHOP, "a"), (SHOP, "z")], &[hash("ka"), hash("km"), hash("kz")]).await;
    assert!(loaded.machines.iter().all(Option::is_none) && loaded.keys.iter().all(Option::is_none));
}
