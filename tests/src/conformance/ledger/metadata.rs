//! What a caller notes with a change.

use idem_core::error::KeyReused;
use idem_core::ledger::{Bounds, Delta, Entry, Metadata};
use idem_core::{Error, ErrorKind, Outcome};
use serde_json::{Value, json};

use super::Desk;
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

fn metadata(value: &Value) -> Metadata {
    Metadata::new(value).expect("small enough")
}

/// The metadata of entries.
fn of(entries: &[Entry]) -> Vec<Option<Value>> {
    entries.iter().map(|entry| entry.metadata.as_ref().map(|noted| noted.decode().expect("a value"))).collect()
}

#[track_caller]
fn reused(answer: Result<Outcome<Entry>, Error>) -> KeyReused {
    match refused(answer, ErrorKind::KeyReused) {
        Error::KeyReused(reused) => *reused,
        other => panic!("expected a key that was used, found {other:?}"),
    }
}

/// Whatever the change is, and however the entries are read.
pub async fn metadata_of_each_kind_of_change_stands_in_all_its_entries<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let ledger = stored.idem.ledger();
    let noted = |number: i64| metadata(&json!({ "invoice": number, "text": "ä \"\\ \u{1F600} $1 {x}" }));
    let wallet = ledger.account("wallet");
    fresh(wallet.apply_delta(&key("delta"), 100).metadata(&noted(1)).await);
    fresh(wallet.set_balance(&key("set"), 90).metadata(&noted(2)).await);
    fresh(ledger.transfer(&key("transfer"), "wallet", "shop", 10).metadata(&noted(3)).await);
    let posted = [("wallet", -1), ("shop", 2), ("fees", -1)];
    fresh(ledger.post(&key("post"), posted).metadata(&noted(4)).await);
    let hold = fresh(wallet.hold(&key("hold"), 20).metadata(&noted(5)).await);
    fresh(ledger.capture(&key("capture"), &hold.id, "shop", 5).metadata(&noted(6)).await);
    fresh(ledger.release(&key("release"), &hold.id).metadata(&noted(7)).await);
    fresh(wallet.apply_delta(&key("none"), 1).await);
    let batch = [Delta::new("wallet", &key("b1"), 1).metadata(&noted(8)), Delta::new("wallet", &key("b2"), 1)];
    for item in ledger.apply_batch(&batch).await.expect("applied") {
        fresh(item);
    }
    let numbers = |entries: &[Entry]| -> Vec<Option<i64>> {
        of(entries).into_iter().map(|noted| noted.and_then(|noted| noted["invoice"].as_i64())).collect()
    };
    let entries = wallet.entries().await.expect("readable");
    let all = [Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(7), None, Some(8), None];
    assert_eq!(numbers(&entries), all);
    assert_eq!(numbers(&ledger.account("shop").entries().await.expect("readable")), [Some(3), Some(4), Some(6)]);
    assert_eq!(of(&entries[..1]), [Some(json!({ "invoice": 1, "text": "ä \"\\ \u{1F600} $1 {x}" }))]);
    let report = ledger.audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
}

/// Also of a tally, in a transaction, in both ways at once with other changes.
pub async fn metadata_of_replay_is_that_of_first_call<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("tally", idem_core::ledger::AccountSettings::tally()).await.expect("opened");
        for account in ["wallet", "tally"] {
            let noted = metadata(&json!({ "a": 1, "b": [1.5, null] }));
            let first = fresh(desk.noted(account, account, 5, &noted).await);
            let again: Value = serde_json::from_str(r#" { "b" : [1.5, null], "a" : 1 } "#).expect("JSON");
            let repeat = desk.noted(account, account, 5, &metadata(&again)).await;
            assert_eq!(
                of(std::slice::from_ref(&*replayed(repeat, &first))),
                [Some(json!({ "a": 1, "b": [1.5, null] }))]
            );
        }
        desk.proven().await;
    }
}

/// As another amount would be. The error shows nothing of it.
pub async fn metadata_that_differs_is_another_request<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        fresh(desk.noted("with", "wallet", 5, &metadata(&json!("secret one"))).await);
        fresh(desk.delta("without", "wallet", 5).await);
        let other = reused(desk.noted("with", "wallet", 5, &metadata(&json!("secret two"))).await);
        let sides = (other.first.as_str(), other.second.as_str());
        let shown = "`delta` by 5 on \"wallet\"";
        assert_eq!(sides, (&*format!("{shown} with metadata"), &*format!("{shown} with other metadata")));
        let none = reused(desk.delta("with", "wallet", 5).await);
        assert_eq!((&*none.first, &*none.second), (&*format!("{shown} with metadata"), shown));
        let added = reused(desk.noted("without", "wallet", 5, &metadata(&Value::Null)).await);
        assert_eq!((&*added.first, &*added.second), (shown, &*format!("{shown} with metadata")));
        assert_eq!(desk.balance("wallet").await, 10);
        desk.proven().await;
    }
}

/// A refusal that is remembered is of the request with its metadata.
pub async fn metadata_of_remembered_refusal_is_compared<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let wallet = stored.idem.ledger().account("wallet");
    wallet.open(Bounds::at_least(0)).await.expect("opened");
    let pay = async |noted: &str| {
        wallet.apply_delta(&key("pay"), -1).metadata(&metadata(&json!(noted))).remember_refusal().await
    };
    refused(pay("one").await, ErrorKind::OutOfBounds);
    refused(pay("one").await, ErrorKind::OutOfBounds);
    refused(pay("two").await, ErrorKind::KeyReused);
    let report = stored.idem.ledger().audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
}

/// Metadata that was changed, moved to another entry or taken away.
pub async fn metadata_that_was_changed_is_found_by_audit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let ledger = stored.idem.ledger();
    let noted = metadata(&json!({ "invoice": 1 }));
    fresh(ledger.transfer(&key("t"), "wallet", "shop", 10).metadata(&noted).await);
    fresh(ledger.account("wallet").apply_delta(&key("d"), 1).await);
    for (set, of) in [
        ("substr(metadata, 1, 0)", "account = 'wallet' AND seq = 1"),
        ("NULL", "account = 'wallet' AND seq = 1"),
        (
            "(SELECT e.hash FROM idem_entries e WHERE e.account = 'wallet' AND e.seq = 1)",
            "account = 'wallet' AND seq = 1",
        ),
        ("NULL", "account = 'shop'"),
        ("(SELECT e.metadata FROM idem_entries e WHERE e.account = 'shop')", "account = 'wallet' AND seq = 2"),
    ] {
        let sql = format!("UPDATE idem_entries SET metadata = {set} WHERE {of}");
        assert_eq!(stored.execute(&sql).await, 1, "{sql}");
        let report = ledger.audit().await.expect("readable");
        assert!(!report.is_sound(), "{sql}");
        let mended = "(SELECT e.metadata FROM idem_entries e WHERE e.account = 'shop')";
        let mended =
            if of.contains("shop") { mended.replace("'shop'", "'wallet' AND e.seq = 1") } else { mended.to_owned() };
        let mended = if of.contains("seq = 2") { "NULL".to_owned() } else { mended };
        assert_eq!(stored.execute(&format!("UPDATE idem_entries SET metadata = {mended} WHERE {of}")).await, 1);
        assert!(ledger.audit().await.expect("readable").is_sound(), "mended: {sql}");
    }
}
