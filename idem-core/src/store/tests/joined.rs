use crate::store::machine::queries::lock_machines;
use crate::store::tests::ground::{Fresh, Ground};
use crate::store::tests::sample::{SHOP, With, hash, step};
use crate::store::write::part::Write;

pub(super) async fn a_write_belongs_to_its_transaction<DB: Ground>(mut db: Fresh<DB>) {
    let writes = || [step("m", 1).with_key("k").with_money("a", &[5]), step("n", 1).with_key("l").and(step("o", 1))];
    for (end, rows) in [("ROLLBACK", 0), ("COMMIT", 3)] {
        db.begin().await;
        for write in writes() {
            assert!(db.join(&write).await);
        }
        assert_eq!(db.counts().await[0], 3);
        db.execute(end).await;
        assert_eq!(db.counts().await[0], rows, "after {end}");
    }
    db.begin().await;
    lock_machines(&mut db.session(), &[(SHOP, "m"), (SHOP, "none")]).await.expect("locks");
    assert!(db.join(&step("m", 2).with_key("k2").with_money("a", &[5])).await);
    assert!(db.join(&step("m", 3).and(step("n", 2).with_key("l2"))).await);
    db.execute("COMMIT").await;
    assert_eq!(db.counts().await[..5], [3, 6, 4, 1, 2]);
}

/// A write that must lose in the middle of a transaction, and leave what the transaction did before and after it.
async fn loses_between<DB: Ground>(db: &mut Fresh<DB>, writes: impl IntoIterator<Item = Write<DB>>) {
    for (round, write) in writes.into_iter().enumerate() {
        let own = |part: &str| step(&format!("{part}{round}"), 1).with_key(&format!("{part}{round}"));
        db.begin().await;
        assert!(db.join(&own("before")).await);
        let before = db.counts().await;
        assert!(!db.join(&write).await, "round {round}");
        assert_eq!(db.counts().await, before, "round {round}");
        assert!(db.join(&own("after")).await);
        db.execute("COMMIT").await;
        let kept = db.load(&[(SHOP, &format!("after{round}")), (SHOP, &format!("before{round}"))], &[]).await;
        assert!(kept.rows.iter().all(Option::is_some));
    }
}

pub(super) async fn a_lost_race_leaves_the_transaction_usable<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await && db.write(&step("m", 2)).await);
    let stale = || step("m", 2).with_key("k");
    loses_between(&mut db, [stale(), step("m", 4), stale().and(step("n", 1)), step("n", 2)]).await;
    assert!(db.load(&[], &[hash("k")]).await.keys[0].is_none());
}

pub(super) async fn a_lost_key_leaves_nothing_behind<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("k")).await);
    let many = step("n", 1).with_key("k").and(step("o", 1).with_key("free")).and(step("p", 1).with_key("loose"));
    loses_between(&mut db, [step("m", 2).with_key("k"), step("n", 1).with_key("k"), many]).await;
    let loaded = db.load(&[], &[hash("free"), hash("loose")]).await;
    assert!(loaded.keys.iter().all(Option::is_none));
}

pub(super) async fn a_lost_start_gives_its_keys_back<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    let many = step("a", 1).with_key("ka").and(step("m", 1).with_key("km")).and(step("z", 1).with_key("kz"));
    loses_between(&mut db, [step("m", 1).with_key("km"), many]).await;
    let loaded = db.load(&[(SHOP, "a"), (SHOP, "z")], &[hash("ka"), hash("km"), hash("kz")]).await;
    assert!(loaded.rows.iter().all(Option::is_none) && loaded.keys.iter().all(Option::is_none));
}
