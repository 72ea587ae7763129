//! Who waits for a transaction that has not ended, and for how long.

use std::time::Duration;

use idem_core::{Effect, Error, ErrorKind, Natural, RetryPolicy};

use super::{PAY, prepared, version};
use crate::conformance::machines::{Order, Shop, order, subscription};
use crate::conformance::opening::pool;
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// Another transaction holds the key and the machine: within the bound its outcome is waited for, past it the answer is
/// `InFlight`, and the next try gets the outcome.
pub async fn repeat_of_uncommitted_command_waits_within_deadline<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    let first = fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    let bound = Duration::from_millis(50);
    for _ in 0..2 {
        let error = refused(order.pay(&key("k"), PAY).deadline(bound).await, ErrorKind::InFlight);
        assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        refused(order.cancel(Natural, order::Cancel { reason: "?".into() }).deadline(bound).await, ErrorKind::InFlight);
    }
    let waiting = tokio::spawn({
        let order = order.clone();
        async move { order.pay(&key("k"), PAY).deadline(Duration::from_mins(1)).await }
    });
    tokio::task::yield_now().await;
    tx.commit().await.expect("committed");
    replayed(waiting.await.expect("no panic"), &first);
    replayed(order.pay(&key("k"), PAY).deadline(bound).await, &first);
}

/// A unit that finds no connection free within its bound has made an attempt, and makes another one.
pub async fn transaction_without_free_connection_is_tried_again<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    // Long enough to connect in on a busy machine: opening is under the same bound.
    let builder = on.builder().max_connections(1).acquire_timeout(Duration::from_secs(1));
    let one = builder.open(&on.url()).await.expect("opened");
    let others = one.begin().await.expect("begun");
    let unit = tokio::spawn({
        let (one, subscription) = (one.clone(), stored.subscriptions().at("d"));
        async move {
            let policy = RetryPolicy::default().attempts(1_000);
            let unit = one.transaction_with::<_, Error, _, _>(policy, |mut tx| {
                let subscription = subscription.clone();
                async move { subscription.within(&mut tx).renew(&key("k"), subscription::Renew { months: 1 }).await }
            });
            unit.await
        }
    });
    // The second of them gives up after the unit's first attempt did.
    for _ in 0..2 {
        tokio::task::yield_now().await;
        assert!(one.begin().await.is_err_and(|error| error.is_retryable()), "others keep it");
    }
    others.rollback().await;
    fresh(unit.await.expect("no panic"));
}

/// Begun by the caller, on a session that waits for locks as long as it takes: a call in it waits no longer than others.
pub async fn adopted_transaction_waits_for_lock_within_lock_wait<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    if on.differences().one_writer {
        return;
    }
    let idem = on.builder().lock_wait(Duration::from_millis(50)).reply_timeout(Duration::from_mins(1));
    let idem = idem.open_pool(pool(on, 1).await).expect("a pool of one");
    let mut others = stored.idem.begin().await.expect("begun");
    fresh(stored.orders().at("o").within(&mut others).pay(&key("k"), PAY).await);
    let mut tx = idem.adopt_tx(on.begin(idem.pool()).await.expect("begins"));
    let order = Order::stored(&idem, Shop).at("o");
    let error = refused(order.within(&mut tx).pay(&key("l"), PAY).await, ErrorKind::InFlight);
    assert_eq!(error.effect(), Effect::NotApplied);
    tx.rollback().await;
    others.rollback().await;
}

/// Where one transaction writes at a time a second one cannot begin; elsewhere two that touch different machines commit.
pub async fn concurrent_transactions_wait_only_where_one_writes_at_a_time<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let brief = on.builder().lock_wait(Duration::from_millis(50)).open(&on.url()).await.expect("opened");
    let order = stored.orders().at("o");
    let mut first = brief.begin().await.expect("begun");
    fresh(order.within(&mut first).pay(&key("k"), PAY).await);
    match brief.begin().await {
        Ok(mut second) => {
            assert!(!on.differences().one_writer);
            fresh(
                stored
                    .subscriptions()
                    .at("d")
                    .within(&mut second)
                    .renew(&key("k"), subscription::Renew { months: 1 })
                    .await,
            );
            second.commit().await.expect("committed");
        }
        Err(error) => assert!(on.differences().one_writer && error.kind() == ErrorKind::InFlight, "{error}"),
    }
    first.commit().await.expect("committed");
    assert_eq!(version(&stored).await, 2);
}
