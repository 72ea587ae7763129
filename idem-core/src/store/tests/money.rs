use crate::key::Key;
use crate::namespace::LEDGER;
use crate::store::key::KeyUse;
use crate::store::ledger::queries::{load_accounts, load_ledger};
use crate::store::ledger::rows::AccountRow;
use crate::store::tests::ground::{Fresh, Ground, WAIT, both};
use crate::store::tests::sample::{With, fingerprint, hash, money, now, step};
use crate::store::write::part::Write;
use crate::store::write::rows::{EntryNumber, EntryWrite};
use crate::wire::Stored;

async fn account<DB: Ground>(db: &mut Fresh<DB>, name: &str) -> Option<AccountRow> {
    load_accounts(&mut db.session(), &[name], false).await.expect("loads").remove(0)
}

async fn balance<DB: Ground>(db: &mut Fresh<DB>, name: &str) -> Option<(i64, i64)> {
    account(db, name).await.map(|row| (row.balance, row.seq))
}

/// The account has moved since the seq of its entry was decided.
pub(super) async fn key_of_entry_beside_machine_is_stored_in_that_entry<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("n", 1).with_money("a", &[1, 1])).await);
    let mut write = step("m", 1).with_money("a", &[5]);
    write.entries[0].named = Some((hash("k"), fingerprint("a")));
    write.entries[0].key = Some(Key::new("customer", "k").expect("a key"));
    assert!(db.write(&write).await);
    assert_eq!(db.number("SELECT seq FROM {entries} WHERE hash IS NOT NULL").await, 3);
}

/// A change of account `a`, refused.
fn refusal(key: &str) -> EntryWrite {
    let (_, mut entries) = money("a", &[0]);
    let key = Key::new("customer", key).expect("a key");
    let named = Some((key.hash_in(LEDGER), fingerprint("a")));
    let refusal = Some(Stored::encode("no").expect("text"));
    let entry = entries.remove(0);
    EntryWrite { number: EntryNumber::None, kind: "refused", key: Some(key), named, step: None, refusal, ..entry }
}

/// A change of an account by one entry.
pub(super) fn posting<DB: Ground>(key: &str, account: &str) -> Write<DB> {
    let mut write: Write<DB> = Write { now: Some(now()), ..Write::default() }.with_money(account, &[7]);
    let (account, number) = (account.into(), write.entries[0].number);
    write.entries[0] = EntryWrite { account, number, delta: 7, kind: "delta", refusal: None, ..refusal(key) };
    write
}

/// One key for a change of one account, for a change of another, and for a refusal: whoever is first has it.
pub(super) async fn concurrent_changes_under_one_key_have_one_winner<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    for round in 0..40 {
        let key = format!("k{round}");
        let refused = || Write { now: Some(now()), entries: vec![refusal(&key)], ..Write::default() };
        let second = if round % 2 == 0 { refused() } else { posting(&key, "b") };
        let first = posting(&key, "a");
        let won = both(db.conn.write_own(&first, WAIT), other.write_own(&second, WAIT)).await;
        let won = [won.0.expect("writes or loses"), won.1.expect("writes or loses")];
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?} in round {round}");
    }
    let rows = db.number("SELECT count(*) FROM {entries}").await;
    assert_eq!((rows, db.number("SELECT count(hash) FROM {entries}").await), (40, 40));
}

/// A refusal by an account, which may not even be there; the entry's key and the refusal's are one key.
pub(super) async fn refusal_is_stored_with_key_and_is_no_entry<DB: Ground>(mut db: Fresh<DB>) {
    let mut write = Write { now: Some(now()), entries: vec![refusal("k1")], ..Write::default() };
    assert!(db.write(&write).await && !db.write(&write).await);
    write.entries.push(refusal("k2"));
    assert!(!db.write(&write).await);
    let mut write = posting("k2", "a");
    assert!(db.write(&write).await && !db.write(&write).await, "its key is known");
    write.entries.push(refusal("k3"));
    assert!(!db.write(&write).await);
    write.entries[0].named = Some((hash("k4"), fingerprint("a")));
    assert!(db.write(&write).await);
    assert_eq!(balance(&mut db, "a").await, Some((14, 2)));
    let refusals = "SELECT count(*) FROM {entries} WHERE seq IS NULL AND balance IS NULL AND delta = 0";
    assert_eq!((db.number(refusals).await, db.number("SELECT count(*) FROM {entries}").await), (2, 4));
    let keys = ["k1", "k2", "k5"].map(|key| Key::new("customer", key).expect("a key").hash_in(LEDGER));
    let loaded = load_ledger(&mut db.session(), &keys, &[]).await.expect("loads").keys;
    let used = |at: usize| loaded[at].as_ref().map(|key| &key.used);
    assert!(matches!(used(0), Some(KeyUse::Refusal(no)) if no.decode::<String>().is_ok_and(|no| no == "no")));
    assert!(matches!(used(1), Some(KeyUse::Posting(entries)) if entries.len() == 1 && entries[0].seq == 1));
    assert!(used(2).is_none());
    let nothing = load_ledger(&mut db.session(), &keys[2..], &[]).await.expect("loads");
    assert!(nothing.keys[0].is_none() && nothing.now.as_micros() > 0, "the time is told all the same");
}

/// Opens an account with bounds and a balance.
async fn open<DB: Ground>(db: &mut Fresh<DB>, name: &str, balance: i64, floor: &str, ceiling: &str) {
    let insert = "INSERT INTO {accounts} (account, balance, seq, floor, ceiling)";
    db.execute(&format!("{insert} VALUES ('{name}', {balance}, 0, {floor}, {ceiling})")).await;
}

pub(super) async fn write_to_unknown_account_opens_it<DB: Ground>(mut db: Fresh<DB>) {
    assert!(balance(&mut db, "a").await.is_none());
    assert!(db.write(&step("m", 1).with_money("b", &[-700]).with_money("a", &[500, 200])).await);
    assert_eq!((balance(&mut db, "a").await, balance(&mut db, "b").await), (Some((700, 2)), Some((-700, 1))));
    let row = account(&mut db, "a").await.expect("open");
    assert_eq!((row.floor, row.ceiling), (None, None));
}

pub(super) async fn account_changes_are_relative_and_entries_dense<DB: Ground>(mut db: Fresh<DB>) {
    for seq in 1..4 {
        assert!(db.write(&step("m", seq).with_money("a", &[10, -3]).with_money("b", &[1])).await);
    }
    assert_eq!((balance(&mut db, "a").await, balance(&mut db, "b").await), (Some((21, 6)), Some((3, 3))));
    // Each entry is the one before it plus its delta, from nothing to the balance.
    let gaps = "SELECT count(*) FROM {entries} e LEFT JOIN {entries} p ON p.account = e.account AND p.seq = e.seq - 1
        WHERE e.balance <> coalesce(p.balance, 0) + e.delta OR (p.seq IS NULL AND e.seq <> 1)";
    let ends = "SELECT count(*) FROM {accounts} a JOIN {entries} e ON e.account = a.account AND e.seq = a.seq
        AND e.balance = a.balance";
    assert_eq!((db.number(gaps).await, db.number(ends).await), (0, 2));
    assert_eq!(db.number("SELECT count(*) FROM {entries}").await, 9);
}

pub(super) async fn write_out_of_account_bounds_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    open(&mut db, "purse", 100, "0", "150").await;
    let before = db.counts().await;
    for delta in [-101, 51, i64::MIN, i64::MAX] {
        assert!(!db.write(&step("m", 1).with_key("k").with_money("purse", &[delta]).with_money("free", &[1])).await);
        let many = step("m", 1).with_key("k").and(step("n", 1));
        assert!(!db.write(&many.with_money("free", &[1]).with_money("purse", &[delta])).await);
    }
    assert_eq!(db.counts().await, before);
    assert!(db.write(&step("m", 1).with_money("purse", &[-100])).await);
    assert!(db.write(&step("m", 2).with_money("purse", &[150])).await);
    assert_eq!(balance(&mut db, "purse").await, Some((150, 2)));
}

pub(super) async fn account_bounds_hold_after_each_entry<DB: Ground>(mut db: Fresh<DB>) {
    open(&mut db, "purse", 100, "0", "150").await;
    for deltas in [[-101, 101], [51, -51]] {
        assert!(!db.write(&step("m", 1).with_money("purse", &deltas)).await);
    }
    assert!(db.write(&step("m", 1).with_money("purse", &[-100, 150])).await);
    assert_eq!(balance(&mut db, "purse").await, Some((150, 2)));
}

pub(super) async fn write_beyond_64_bits_of_account_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    open(&mut db, "high", i64::MAX - 1, "NULL", "NULL").await;
    open(&mut db, "low", i64::MIN + 1, "NULL", "NULL").await;
    let before = db.counts().await;
    for (account, deltas) in [("high", [2, -2]), ("low", [-2, 2]), ("high", [i64::MAX, -1]), ("low", [-1, -1])] {
        assert!(!db.write(&step("m", 1).with_money(account, &deltas)).await, "{account} {deltas:?}");
    }
    assert_eq!(db.counts().await, before);
    assert!(db.write(&step("m", 1).with_money("high", &[1]).with_money("low", &[-1])).await);
    assert_eq!(
        (balance(&mut db, "high").await, balance(&mut db, "low").await),
        (Some((i64::MAX, 1)), Some((i64::MIN, 1)))
    );
    assert!(db.write(&step("m", 2).with_money("high", &[i64::MIN + 1, i64::MAX])).await);
    assert_eq!(balance(&mut db, "high").await, Some((i64::MAX, 3)));
}

pub(super) async fn locked_accounts_are_returned_in_requested_order<DB: Ground>(mut db: Fresh<DB>) {
    open(&mut db, "a", 1, "0", "NULL").await;
    open(&mut db, "c", 3, "NULL", "9").await;
    db.begin().await;
    for _ in 0..2 {
        let asked = ["c", "b", "a"];
        let rows = load_accounts(&mut db.session(), &asked, true).await.expect("locks");
        let seen: Vec<_> =
            rows.iter().map(|row| row.as_ref().map_or((0, None, None), |r| (r.balance, r.floor, r.ceiling))).collect();
        assert_eq!(seen, [(3, None, Some(9)), (0, None, None), (1, Some(0), None)]);
    }
    db.execute("COMMIT").await;
}
