//! What has expired is deleted, and nothing else.

use std::time::Duration;

use idem_core::update::Upsert;
use idem_core::{ErrorKind, Natural};

use crate::conformance::machines::refund::first;
use crate::conformance::machines::{Shop, order};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// As many keys of updates as are asked for, which expire one after the other from the beginning of 1970 on.
async fn expired<S: Subject>(stored: &Stored<'_, S>, count: usize) {
    stored.execute("CREATE TABLE pages (name text PRIMARY KEY, body text)").await;
    for number in 0..count {
        let page = Upsert::table("pages").unversioned().key("name", number.to_string()).set("body", "text");
        fresh(page.once(&key(&format!("page {number}"))).execute(&stored.idem).await);
    }
    let order = "(SELECT count(*) FROM idem_claims c WHERE c.hash < idem_claims.hash)";
    stored.execute(&format!("UPDATE idem_claims SET expires_at = {order}")).await;
}

/// Of each kind: a key of an update, an alias key, a remembered rejection. Keys of transitions and entries have no end.
pub async fn sweep_deletes_expired_keys_and_nothing_else<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    fresh(order.start(Natural, order::Pending { total: 5 }).await);
    let pay = || order::Pay { amount: 5, rate: 1 };
    let first = fresh(order.pay(&key("pay"), pay()).await);
    replayed(order.pay(&key("alias"), pay()).await, &first);
    let refund = first::Refund::stored(&stored.idem, Shop).at("r");
    let approve = || first::refund::Approve { amount: 50, limit: 10 };
    refused(refund.approve(&key("rejected"), approve()).await, ErrorKind::Rejected);
    fresh(stored.idem.ledger().account("wallet").apply_delta(&key("delta"), 1).await);
    expired(&stored, 1).await;
    stored.execute("UPDATE idem_claims SET expires_at = NULL").await;
    let rows = stored.rows().await;
    let swept = stored.idem.sweep(500).await.expect("nothing has expired");
    assert_eq!((swept.claims, swept.alias_keys, swept.more, stored.rows().await), (0, 0, false, rows));

    stored.execute("UPDATE idem_claims SET expires_at = at").await;
    stored.execute("UPDATE idem_transitions SET expires_at = at WHERE expires_at IS NOT NULL").await;
    let swept = stored.idem.sweep(500).await.expect("swept");
    assert_eq!((swept.claims, swept.alias_keys, swept.more, stored.rows().await), (1, 2, false, rows - 3));
    replayed(order.pay(&key("pay"), pay()).await, &first);
    // What was remembered is decided anew.
    replayed(order.pay(&key("alias"), pay()).await, &first);
    let error = refused(refund.approve(&key("rejected"), approve()).await, ErrorKind::Rejected);
    assert!(!error.is_replay());
    assert!(order.verify().await.expect("an audit").differences.is_empty());
    stored.idem.shutdown().await;
    refused(stored.idem.sweep(500).await, ErrorKind::ShutDown);
}

/// The oldest first, as many as are asked for.
pub async fn sweep_deletes_oldest_keys_in_batches<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    expired(&stored, 25).await;
    for (limit, claims, more, left) in [(10, 10, true, 15), (10, 10, true, 5), (10, 5, false, 0), (10, 0, false, 0)] {
        let swept = stored.idem.sweep(limit).await.expect("swept");
        assert_eq!((swept.claims, swept.more), (claims, more));
        let oldest = stored.number("SELECT coalesce(min(expires_at), 25) FROM idem_claims").await;
        assert_eq!((stored.number("SELECT count(*) FROM idem_claims").await, oldest), (left, 25 - left));
    }
}

/// By several processes at once each is deleted once.
pub async fn concurrent_sweeps_delete_each_key_once<S: Subject>(on: &S) {
    const KEYS: usize = 200;
    let stored = Stored::open(on).await;
    expired(&stored, KEYS).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let idem = on.builder().lock_wait(Duration::from_mins(1)).open(&on.url()).await.expect("another process");
        tasks.spawn(async move {
            let mut deleted = 0;
            loop {
                let swept = idem.sweep(7).await.expect("swept");
                deleted += swept.claims;
                if !swept.more {
                    return deleted;
                }
            }
        });
    }
    let deleted: u64 = tasks.join_all().await.into_iter().sum();
    // One ends when the others hold all that is left; they delete it.
    assert_eq!((deleted, stored.number("SELECT count(*) FROM idem_claims").await), (KEYS as u64, 0));
}

/// Batch after batch, until nothing has expired.
pub async fn background_sweeper_deletes_all_that_expired<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    expired(&stored, 600).await;
    let sweeper = stored.idem.sweep_in_background(Duration::from_hours(1));
    let deleted = async {
        while stored.number("SELECT count(*) FROM idem_claims").await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), deleted).await.expect("all that expired is deleted");
    assert!(format!("{sweeper:?}").contains("ended: false"), "{sweeper:?}");
}
