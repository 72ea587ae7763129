use crate::clock::Timestamp;
use crate::store::machine::queries::lock_machines;
use crate::store::tests::ground::{Fresh, Ground, used_on};
use crate::store::tests::money::posting;
use crate::store::tests::sample::{NOW, SHOP, With, alias, hash, money, now, place, step};
use crate::store::tests::write::over;
use crate::store::write::part::Write;
use crate::store::write::rows::{EntryNumber, EntryWrite, TallyWrite};

pub(super) async fn joined_write_commits_or_rolls_back_with_transaction<DB: Ground>(mut db: Fresh<DB>) {
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

pub(super) async fn joined_write_that_loses_race_leaves_transaction_usable<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await && db.write(&step("m", 2)).await);
    let stale = || step("m", 2).with_key("k");
    loses_between(&mut db, [stale(), step("m", 4), stale().and(step("n", 1)), step("n", 2)]).await;
    assert!(db.load(&[], &[hash("k")]).await.keys[0].is_none());
}

pub(super) async fn joined_write_that_loses_key_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("k")).await);
    let many = step("n", 1).with_key("k").and(step("o", 1).with_key("free")).and(step("p", 1).with_key("loose"));
    loses_between(&mut db, [step("m", 2).with_key("k"), step("n", 1).with_key("k"), many]).await;
    let loaded = db.load(&[], &[hash("free"), hash("loose")]).await;
    assert!(loaded.keys.iter().all(Option::is_none));
}

/// The change's own accounts and entries, those of a step beside it, and a machine that was to start with it.
pub(super) async fn joined_change_that_loses_key_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&posting("k", "a")).await && db.write(&step("m", 1).with_key("k")).await);
    let lost = |key| {
        let mut both = posting(key, "b");
        let (account, entries) = money("a", &[3, 4]);
        both.accounts.insert(0, account);
        both.entries.extend(entries);
        place(&mut both);
        both.and(step("n", 1).with_key("free"))
    };
    let command = step("n", 1).with_key("k").with_money("a", &[5]);
    loses_between(&mut db, [posting("k", "a"), posting("k", "b"), lost("k"), command]).await;
    db.begin().await;
    assert!(db.join(&lost("other")).await);
    db.execute("COMMIT").await;
    let balances = "SELECT CAST(sum(balance) AS bigint) FROM {accounts} WHERE account IN ('a', 'b')";
    assert_eq!((db.number(balances).await, db.number("SELECT count(*) FROM {entries}").await), (7 + 14, 1 + 3));
}

/// A machine is there without its transition: what was added before its start is lost goes again, a tally's tail with it.
pub(super) async fn joined_start_that_loses_removes_its_entries<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    db.execute(
        "DELETE FROM {transitions}; INSERT INTO {accounts} (account, balance, seq, tally) VALUES ('t', 5, 0, true)",
    )
    .await;
    let lost = |id: &str| {
        let mut write = step(id, 1).with_key("free").with_money("a", &[3, 4]);
        let (_, mut entries) = money("t", &[2]);
        write.tallies.push(TallyWrite { account: "t".into(), unit: None, delta: 2 });
        let entry = entries.remove(0);
        write.entries.push(EntryWrite { number: EntryNumber::Given(77), in_tail: true, ..entry });
        write
    };
    loses_between(&mut db, [lost("m"), lost("m").and(step("z", 1))]).await;
    assert_eq!(db.number("SELECT balance FROM {accounts} WHERE account = 't'").await, 5);
    if DB::DATABASE == "postgres" {
        assert_eq!(db.number("SELECT count(*) FROM {tails}").await, 0);
    }
    db.begin().await;
    assert!(db.join(&lost("n")).await);
    db.execute("COMMIT").await;
    assert_eq!(db.number("SELECT count(*) FROM {entries}").await, 3);
}

/// And an alias, and not one that is alive.
pub(super) async fn expired_key_is_taken_over_by_joined_write<DB: Ground>(mut db: Fresh<DB>) {
    let expiring =
        |name: &str, at| Write { now: Some(now()), transitions: vec![alias(name, "m", 1, at)], ..Write::default() };
    assert!(db.write(&step("m", 1)).await);
    for (name, at) in [("gone", NOW), ("old", NOW - 1), ("again", NOW - 1), ("live", NOW + 1)] {
        assert!(db.write(&expiring(name, at)).await);
    }
    let live = over(step("n", 1).with_key("live").and(step("o", 1).with_key("free")));
    loses_between(&mut db, [live, over(step("n", 1).with_key("live")), over(expiring("live", NOW + 9))]).await;
    db.begin().await;
    assert!(db.join(&over(step("n", 1).with_key("gone"))).await);
    assert!(db.join(&over(step("o", 1).with_key("old").and(step("p", 1).with_key("new")))).await);
    assert!(db.join(&over(expiring("again", NOW + 9))).await);
    db.execute("COMMIT").await;
    for (name, id, until) in [("gone", "n", None), ("old", "o", None), ("again", "m", Some(NOW + 9))] {
        let loaded = db.load(&[], &[hash(name)]).await;
        let taken = loaded.keys[0].as_ref().expect("known");
        assert_eq!((used_on(taken).0, taken.expires_at.map(Timestamp::as_micros)), (id, until));
    }
}

pub(super) async fn joined_start_that_loses_frees_its_keys<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    let many = step("a", 1).with_key("ka").and(step("m", 1).with_key("km")).and(step("z", 1).with_key("kz"));
    loses_between(&mut db, [step("m", 1).with_key("km"), many]).await;
    let loaded = db.load(&[(SHOP, "a"), (SHOP, "z")], &[hash("ka"), hash("km"), hash("kz")]).await;
    assert!(loaded.rows.iter().all(Option::is_none) && loaded.keys.iter().all(Option::is_none));
}
