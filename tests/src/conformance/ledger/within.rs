//! The ledger in the caller's transaction.

use std::future::IntoFuture as _;

use idem_core::ledger::{AccountSettings, Bounds};
use idem_core::{Error, ErrorKind, RetryPolicy};

use super::{unfit, unlawful};
use crate::conformance::machines::subscription;
use crate::conformance::transactions::polled;
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// With a caller's table, a wallet that holds 100 and a tally.
async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE notes (note text)").await;
    let ledger = stored.idem.ledger();
    ledger.account("wallet").open(Bounds::at_least(0)).await.expect("opened");
    ledger.account("revenue").open(AccountSettings::tally()).await.expect("opened");
    fresh(ledger.account("wallet").apply_delta(&key("first"), 100).await);
    stored
}

async fn balances<S: Subject>(stored: &Stored<'_, S>) -> [i64; 3] {
    let mut balances = [0; 3];
    for (balance, account) in balances.iter_mut().zip(["wallet", "shop", "revenue"]) {
        let state = stored.idem.ledger().account(account).get().await.expect("readable");
        *balance = state.map_or(0, |state| state.balance);
    }
    balances
}

/// Each call sees what those before it did; all of it is there after the commit, and nothing without one.
pub async fn ledger_call_in_transaction_sees_calls_before_it<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (ledger, before, rows) = (stored.idem.ledger(), balances(&stored).await, stored.rows().await);
    let wallet = ledger.account("wallet");
    for commit in [false, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('mine')").await;
        let paid = fresh(ledger.within(&mut tx).transfer(&key("a"), "wallet", "shop", 60).await);
        replayed(ledger.within(&mut tx).transfer(&key("a"), "wallet", "shop", 60).await, &paid);
        assert_eq!(wallet.within(&mut tx).lock().await.expect("readable").balance, 40);
        let hold = fresh(wallet.within(&mut tx).hold(&key("b"), 30).await).id.clone();
        unfit(wallet.within(&mut tx).apply_delta(&key("c"), -11).await);
        fresh(ledger.within(&mut tx).capture(&key("c"), &hold, "revenue", 25).await);
        fresh(ledger.within(&mut tx).release(&key("d"), &hold).await);
        fresh(wallet.within(&mut tx).set_balance(&key("e"), 7).await);
        fresh(wallet.expect_version(6).within(&mut tx).apply_delta(&key("f"), 1).await);
        ledger.account("late").within(&mut tx).open(Bounds::at_most(3)).await.expect("opened");
        unfit(ledger.account("late").within(&mut tx).apply_delta(&key("g"), 4).await);
        if commit {
            tx.commit().await.expect("committed");
            assert_eq!(balances(&stored).await, [8, 60, 25]);
            replayed(ledger.transfer(&key("a"), "wallet", "shop", 60).await, &paid);
            assert_eq!(wallet.get().await.expect("readable").expect("open").version, 7);
        } else {
            tx.rollback().await;
            assert_eq!((balances(&stored).await, stored.rows().await), (before, rows));
            assert_eq!(ledger.account("late").get().await.expect("readable"), None);
        }
        assert_eq!(stored.number("SELECT count(*) FROM notes").await, i64::from(commit));
    }
}

/// Refused for whatever reason: the transaction goes on and commits the rest.
pub async fn refused_change_leaves_transaction_usable<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let ledger = stored.idem.ledger();
    let wallet = ledger.account("wallet");
    let mut tx = stored.idem.begin().await.expect("begun");
    unfit(wallet.within(&mut tx).apply_delta(&key("a"), -101).await);
    unfit(ledger.within(&mut tx).transfer(&key("a"), "wallet", "named", 101).await);
    unfit(ledger.account("new").within(&mut tx).open(Bounds::at_least(1)).await);
    refused(wallet.within(&mut tx).apply_delta(&key("first"), 1).await, ErrorKind::KeyReused);
    unlawful(wallet.expect_version(9).within(&mut tx).apply_delta(&key("a"), 1).await);
    unlawful(ledger.account("revenue").within(&mut tx).hold(&key("a"), 1).await);
    unlawful(ledger.within(&mut tx).release(&key("a"), "nothing").await);
    unlawful(ledger.within(&mut tx).post(&key("a"), [("wallet", 1), ("shop", 1)]).await);
    unlawful(wallet.within(&mut tx).close().await);
    refused(ledger.account("").within(&mut tx).lock().await, ErrorKind::Key);
    stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('kept')").await;
    fresh(ledger.within(&mut tx).transfer(&key("a"), "wallet", "shop", 1).await);
    tx.commit().await.expect("committed");
    assert_eq!((balances(&stored).await, stored.number("SELECT count(*) FROM notes").await), ([99, 1, 0], 1));
    let named = ledger.account("named").get().await.expect("readable");
    assert!(named.is_none_or(|state| (state.balance, state.version) == (0, 0)), "named by a refused change alone");
}

/// A command, a change and the caller's own row: one commit, one rollback.
pub async fn command_and_change_in_transaction_commit_together<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (ledger, subscription) = (stored.idem.ledger(), stored.subscriptions().at("d"));
    let pauses = ledger.account("pauses");
    for commit in [false, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        fresh(subscription.within(&mut tx).pause(&key("a"), subscription::Pause { by: "ann".into() }).await);
        let next = fresh(pauses.within(&mut tx).apply_delta(&key("a"), 10).await);
        assert_eq!((next.seq, next.balance), (2, Some(11)));
        fresh(subscription.within(&mut tx).resume(&key("b")).await);
        fresh(subscription.within(&mut tx).pause(&key("c"), subscription::Pause { by: "bob".into() }).await);
        assert_eq!(pauses.within(&mut tx).lock().await.expect("readable").balance, 12);
        if commit { tx.commit().await.expect("committed") } else { tx.rollback().await }
    }
    assert_eq!(pauses.get().await.expect("readable").expect("open").version, 3);
}

/// However far the call had come: the transaction is broken or goes on as if the call had not been.
pub async fn change_dropped_in_transaction_breaks_it_or_has_no_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let ledger = stored.idem.ledger();
    let (before, rows) = (balances(&stored).await, stored.rows().await);
    let (mut broken, mut whole, mut polls, mut rounds) = (0, 0, 0, 100);
    loop {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('unit')").await;
        let call = ledger.within(&mut tx).transfer(&key("a"), "wallet", "revenue", 60);
        if polled(call.into_future(), polls).await.is_some() {
            tx.rollback().await;
            rounds -= 1;
            if broken > 0 || rounds == 0 {
                break;
            }
            polls = 0;
            continue;
        }
        match tx.commit().await {
            Ok(()) => whole += 1,
            Err(Error::Interrupted) => broken += 1,
            Err(error) => panic!("a commit after a dropped call: {error}"),
        }
        assert_eq!((balances(&stored).await, stored.rows().await), (before, rows), "after {polls} polls");
        polls += 1;
    }
    assert_eq!(stored.number("SELECT count(*) FROM notes").await, whole);
    assert!(broken > 0, "no poll fell between the first write and the last");
    fresh(ledger.transfer(&key("a"), "wallet", "revenue", 60).await);
}

/// Units that read a balance, decide and pay: nothing comes between, and none is lost.
pub async fn concurrent_transactions_with_transfers_each_have_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let idem = stored.idem.clone();
        tasks.spawn(async move {
            let unit = idem.transaction_with::<_, Error, _, _>(RetryPolicy::default().attempts(50), |mut tx| {
                let ledger = idem.ledger();
                async move {
                    let (from, to) = if number % 2 == 0 { ("wallet", "shop") } else { ("shop", "wallet") };
                    let seen = ledger.account(from).within(&mut tx).lock().await?;
                    let paid = ledger.within(&mut tx).transfer(&key(&format!("k{number}")), from, to, 1).await?;
                    assert_eq!(paid.from.balance, Some(seen.balance - 1));
                    Ok(())
                }
            });
            unit.await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic").expect("each unit commits");
    }
    assert_eq!(balances(&stored).await, [100, 0, 0]);
}
