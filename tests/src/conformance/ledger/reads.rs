//! What an account shows.

use idem_core::ledger::{AccountSettings, Bounds, Entry};
use idem_core::{ErrorKind, Timestamp};

use super::Desk;
use crate::conformance::{Stored, Subject, fresh, key};

/// Page by page, oldest first, each entry once.
pub async fn entries_are_listed_in_pages<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let account = desk.ledger.account("wallet");
        assert_eq!(account.entries().await.expect("readable"), []);
        for delta in 1..=25 {
            fresh(desk.delta(&format!("k{delta}"), "wallet", delta).await);
        }
        fresh(desk.delta("other", "wallet 2", 1).await);
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = account.entries().after(after).limit(10).await.expect("readable");
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 10);
            after = last.seq;
            seen.extend(page);
        }
        assert_eq!(seen, account.entries().await.expect("readable"));
        assert_eq!(seen.iter().map(|entry| entry.delta).collect::<Vec<_>>(), (1..=25).collect::<Vec<_>>());
        assert!(seen.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].seq + 1 == pair[1].seq));
        assert!(account.entries().limit(0).await.expect("readable").is_empty());
        assert!(account.entries().after(u64::MAX).await.expect("readable").is_empty());
        desk.proven().await;
    }
}

/// From a time on, before a time, both, with a limit and after an entry; of a tally as well.
pub async fn entries_of_time_range_are_found<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("tally", AccountSettings::tally()).await.expect("opened");
        for name in ["wallet", "tally"] {
            let account = desk.ledger.account(name);
            let noon = Timestamp::from_micros(0);
            assert_eq!(desk.ledger.account("none").entries().since(noon).await.expect("readable"), []);
            for delta in 1..=12 {
                fresh(desk.delta(&format!("{name} {delta}"), name, delta).await);
            }
            let all = account.entries().await.expect("readable");
            let ends = [i64::MIN, 0, i64::MAX].map(Timestamp::from_micros);
            let near = all.iter().flat_map(|entry| [-1, 0, 1].map(|by| entry.at.as_micros() + by));
            let times: Vec<_> = ends.into_iter().chain(near.map(Timestamp::from_micros)).collect();
            for since in &times {
                let from: Vec<_> = all.iter().filter(|entry| entry.at >= *since).cloned().collect();
                assert_eq!(account.entries().since(*since).await.expect("readable"), from);
                let before: Vec<_> = all.iter().filter(|entry| entry.at < *since).cloned().collect();
                assert_eq!(account.entries().before(*since).await.expect("readable"), before);
            }
            let (since, before) = (all[3].at, all[9].at);
            let between = |entry: &&Entry| entry.at >= since && entry.at < before;
            let expected: Vec<_> = all.iter().filter(between).cloned().collect();
            assert_eq!(account.entries().since(since).before(before).await.expect("readable"), expected);
            let rest: Vec<_> = expected.iter().filter(|entry| entry.seq > all[4].seq).take(2).cloned().collect();
            let page = account.entries().since(since).before(before).after(all[4].seq).limit(2);
            assert_eq!(page.await.expect("readable"), rest);
            assert_eq!(account.entries().since(before).before(since).await.expect("readable"), []);
        }
        desk.proven().await;
    }
}

/// After an entry, and at a time: 0 before the first, and the newest from then on.
pub async fn account_balance_after_entry_or_at_time_is_known<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let account = desk.ledger.account("wallet");
        let early = Timestamp::from_micros(0);
        assert_eq!(account.balance_after(1).await.expect("readable"), 0);
        assert_eq!(account.balance_at(early).await.expect("readable"), 0);
        let mut entries = Vec::new();
        for delta in [5, 7, -1, 0, 100, -50, 3] {
            entries.push(fresh(desk.delta(&format!("k{delta}"), "wallet", delta).await));
        }
        assert_eq!(account.balance_after(0).await.expect("readable"), 0);
        for entry in &entries {
            assert_eq!(Some(account.balance_after(entry.seq).await.expect("readable")), entry.balance);
            // Several entries may share a time; the last of them counts.
            let by_then = entries.iter().rfind(|other| other.at() <= entry.at()).expect("at least itself");
            assert_eq!(Some(account.balance_at(entry.at()).await.expect("readable")), by_then.balance);
        }
        let first = entries[0].at().as_micros();
        assert_eq!(account.balance_at(Timestamp::from_micros(first - 1)).await.expect("readable"), 0);
        assert_eq!(account.balance_at(Timestamp::from_micros(i64::MAX)).await.expect("readable"), 64);
        assert_eq!(account.balance_after(u64::MAX).await.expect("readable"), 64);
        desk.proven().await;
    }
}

/// Names are kept byte for byte, and refused where they cannot be.
pub async fn account_name_is_kept_byte_for_byte_or_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let long = "é".repeat(127) + "x";
        let alike = ["wallet", "Wallet", "wallet ", " wallet", "w\u{e4}llet", "wa\u{308}llet", "50%_", "'\"\\", &long];
        for (delta, name) in (1..).zip(alike) {
            fresh(desk.delta(&format!("k {name}").chars().take(100).collect::<String>(), name, delta).await);
            fresh(desk.transfer(&format!("t{delta}"), name, "cash", 0).await);
        }
        for (delta, name) in (1..).zip(alike) {
            assert_eq!((desk.balance(name).await, desk.state(name).await.version), (delta, 2), "{name:?}");
            let entries = desk.ledger.account(name).entries().await.expect("readable");
            assert!(entries.iter().all(|entry| entry.account == name));
        }
        let rows = desk.rows().await;
        for unfit in ["", "a\u{0}b", "tab\t", "\u{7f}", &"x".repeat(256), &"é".repeat(128)] {
            let account = desk.ledger.account(unfit);
            let (good, name) = (key("unused"), || unfit.to_owned());
            let errors = [
                desk.delta("unused", unfit, 1).await.expect_err("unfit"),
                desk.set("unused", unfit, 1).await.expect_err("unfit"),
                desk.hold("unused", unfit, 1).await.expect_err("unfit"),
                desk.transfer("unused", "cash", unfit, 1).await.expect_err("unfit"),
                desk.post("unused", &[("cash", 1), (unfit, -1)]).await.expect_err("unfit"),
                desk.capture("unused", "hold", unfit, 1).await.expect_err("unfit"),
                desk.release("unused", unfit).await.expect_err("unfit"),
                desk.open(unfit, Bounds::none()).await.expect_err("unfit"),
                desk.close(unfit).await.expect_err("unfit"),
                account.get().await.expect_err("unfit"),
                account.entries().await.expect_err("unfit"),
                desk.ledger.capture(&good, name(), "cash", 1).await.expect_err("unfit"),
            ];
            assert!(errors.iter().all(|error| error.kind() == ErrorKind::Key), "{unfit:?}: {errors:?}");
        }
        assert_eq!(desk.rows().await, rows);
        desk.proven().await;
    }
}

/// What a person has made of the texts of a key is no key that could be used again.
pub async fn entry_with_invalid_edited_key_has_no_key<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let account = stored.idem.ledger().account("a");
    for (number, edit) in ["scope = ''", "key = ''", "key = 'a\n'"].into_iter().enumerate() {
        let entry = fresh(account.apply_delta(&key(&format!("k{number}")), 1).await);
        assert_eq!(entry.key, Some(key(&format!("k{number}"))));
        assert_eq!(stored.execute(&format!("UPDATE idem_entries SET {edit} WHERE seq = {}", entry.seq)).await, 1);
        let entries = account.entries().after(entry.seq - 1).await.expect("readable");
        assert_eq!(entries[0].key, None, "{edit}");
    }
}
