//! What another transaction holds: who wants it waits, within bounds, and nobody else does.

use std::time::Duration;

use idem_core::{Effect, Error, ErrorKind, Natural};
use tokio::task::JoinSet;

use super::begun::{all_fresh, begin, finish, renewing};
use super::{all, patient};
use crate::conformance::machines::{Shop, Subscription, subscription};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// How many subscriptions one transaction holds: more than may be alone at work.
const HELD: usize = 12;

/// The caller that captures a hold, and the one that releases one.
const CAPTURES: usize = HELD + 4;
const RELEASES: usize = HELD + 5;

/// Others are answered while it is held, those who want it once it is free.
pub async fn lock_of_other_transaction_delays_no_unrelated_call<S: Subject>(on: &S) {
    let (idem, holder) = (patient(on).await, patient(on).await);
    if on.differences().one_writer {
        return;
    }
    let (subscriptions, ledger) = (Subscription::stored(&idem, Shop), idem.ledger());
    // What is not there yet is waited for as a key is; what is, can be skipped.
    fresh(ledger.account("held").apply_delta(&key("first"), 1).await);
    let captured = fresh(ledger.account("held").hold(&key("captured"), 1).await).id.clone();
    let released = fresh(ledger.account("held").hold(&key("released"), 1).await).id.clone();
    for number in 0..HELD {
        fresh(subscriptions.at(format!("held {number}")).start(Natural, subscription::Active).await);
    }
    let mut tx = holder.begin().await.expect("begun");
    for number in 0..HELD {
        let key = key(&format!("holder {number}"));
        fresh(
            subscriptions
                .at(format!("held {number}"))
                .within(&mut tx)
                .renew(&key, subscription::Renew { months: 0 })
                .await,
        );
    }
    fresh(ledger.account("held").within(&mut tx).apply_delta(&key("holder"), 1).await);
    let mut waiting = JoinSet::new();
    for caller in 0..HELD + 6 {
        let (subscription, ledger, key) =
            (subscriptions.at(format!("held {caller}")), ledger.clone(), key(&format!("w{caller}")));
        let (captured, released) = (captured.clone(), released.clone());
        let mut call = Box::pin(async move {
            match caller {
                0..HELD => assert!(fresh(subscription.renew(&key, subscription::Renew { months: 0 }).await).seq() > 2),
                // These name the hold, and not its account.
                CAPTURES => assert!(fresh(ledger.capture(&key, captured, "free", 1).await).from.seq > 1),
                RELEASES => assert!(fresh(ledger.release(&key, released).await).seq > 1),
                _ if caller % 2 == 0 => assert!(fresh(ledger.account("held").apply_delta(&key, 1).await).seq > 1),
                _ => assert!(fresh(ledger.transfer(&key, "free", "held", 1).await).to.seq > 1),
            }
        });
        // The first ones are alone, the later ones in groups.
        begin(&mut call).await;
        waiting.spawn(call);
    }
    let mut others = JoinSet::new();
    for caller in 0..64 {
        let (subscription, ledger) = (subscriptions.at(format!("d{caller}")), ledger.clone());
        others.spawn(async move {
            for round in 0..4 {
                let key = key(&format!("o{caller}-{round}"));
                fresh(subscription.renew(&key, subscription::Renew { months: 0 }).await);
                fresh(ledger.transfer(&key, format!("a{}", caller % 8), "shop", 1).await);
            }
        });
    }
    all(others).await;
    assert!(waiting.try_join_next().is_none(), "answered while another transaction holds what it wants");
    tx.commit().await.expect("committed");
    all(waiting).await;
    assert_eq!(ledger.account("held").get().await.expect("readable").expect("open").balance, 2 + 4 - 1);
    assert!(ledger.audit().await.expect("an audit").is_sound());
}

/// Past its deadline a call is not answered, and never has an effect: not one that is queued, and not one on its way.
pub async fn group_call_past_its_deadline_has_no_effect<S: Subject>(on: &S) {
    let (idem, other) = (patient(on).await, patient(on).await);
    // How long SQLite waits for another process is for its connections to say.
    let holder = if on.differences().one_writer { &idem } else { &other };
    let subscriptions = Subscription::stored(&idem, Shop);
    // The graph is stored here. Stored in the transaction of the holder, it would be what the calls wait for.
    fresh(subscriptions.at("first").start(Natural, subscription::Active).await);
    let mut tx = holder.begin().await.expect("begun");
    for number in 0..HELD {
        let key = key(&format!("holder {number}"));
        fresh(
            subscriptions.at(format!("d{number}")).within(&mut tx).renew(&key, subscription::Renew { months: 0 }).await,
        );
    }
    // Eight are alone, and on four subscriptions there is nobody yet.
    let mut early = Vec::new();
    for number in 0..8 {
        let (subscription, key) = (subscriptions.at(format!("d{number}")), key(&format!("early {number}")));
        early.push(Box::pin(async move { subscription.renew(&key, subscription::Renew { months: 0 }).await }));
    }
    for call in &mut early {
        begin(call).await;
    }
    let late = |bound: Option<Duration>| {
        let call = |number: usize| {
            let (subscription, key) = (subscriptions.at(format!("d{}", number % HELD)), key(&format!("late {number}")));
            async move {
                let renew = subscription.renew(&key, subscription::Renew { months: 0 });
                if let Some(bound) = bound { renew.deadline(bound).await } else { renew.await }
            }
        };
        (0..2 * HELD).map(call).collect()
    };
    for answer in finish(late(Some(Duration::from_millis(20)))).await {
        let Err(Error::InFlight { waited, .. }) = answer else {
            panic!("{answer:?} while another transaction holds the subscription")
        };
        assert!(waited < Duration::from_mins(1), "{waited:?}: a deadline that was not kept");
    }
    tx.commit().await.expect("committed");
    all_fresh(early).await;
    let counted = Stored::open(on).await.number("SELECT count(*) FROM idem_transitions WHERE command = 'Renew'").await;
    assert_eq!(counted, 12 + 8, "none came later");
    all_fresh(late(None)).await;
}

/// A repeat that shares a group with the call it repeats is told no more than that call: nothing was written.
pub async fn repeat_in_group_of_timed_out_call_is_not_applied<S: Subject>(on: &S) {
    let builder = on.builder().lock_wait(Duration::from_millis(250)).acquire_timeout(Duration::from_mins(1));
    let brief = builder.open(&on.url()).await.expect("opened");
    let subscription = Subscription::stored(&brief, Shop).at("d");
    fresh(subscription.start(Natural, subscription::Active).await);
    let mut tx = brief.begin().await.expect("begun");
    fresh(subscription.within(&mut tx).renew(&key("holder"), subscription::Renew { months: 0 }).await);
    let mut calls = renewing(&subscription, "k", 12).await;
    calls.extend(renewing(&subscription, "k", 12).await);
    for answer in finish(calls).await {
        let error = refused(answer, ErrorKind::InFlight);
        assert_eq!(error.effect(), Effect::NotApplied, "{error}");
    }
    tx.commit().await.expect("committed");
    assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 2);
    for caller in 0..12 {
        let (key, renew) = (key(&format!("k{caller}")), subscription::Renew { months: 0 });
        let renewed = fresh(subscription.renew(&key, renew.clone()).await);
        replayed(subscription.renew(&key, renew).await, &renewed);
    }
}

/// Past the lock wait everyone is told so, and nothing is written; the next call is served.
pub async fn lock_of_other_transaction_is_waited_for_within_lock_wait<S: Subject>(on: &S) {
    let builder = on.builder().lock_wait(Duration::from_millis(250));
    let (brief, other) = (builder.open(&on.url()).await.expect("opened"), patient(on).await);
    for (id, holder) in [("d", &other), ("e", &brief)] {
        let subscription = Subscription::stored(&brief, Shop).at(id);
        fresh(subscription.start(Natural, subscription::Active).await);
        let mut tx = holder.begin().await.expect("begun");
        fresh(subscription.within(&mut tx).renew(&key(id), subscription::Renew { months: 0 }).await);
        for answer in finish(renewing(&subscription, id, 32).await).await {
            let error = refused(answer, ErrorKind::InFlight);
            assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        }
        tx.commit().await.expect("committed");
        assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 2);
        // What was told "not applied" has left the key free.
        for caller in 0..32 {
            fresh(subscription.renew(&key(&format!("{id}{caller}")), subscription::Renew { months: 0 }).await);
        }
    }
}
