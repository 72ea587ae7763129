//! Units of work, which run again when they lose a race.

use std::sync::atomic::{AtomicU32, Ordering};

use idem_core::ledger::{Account, AccountSettings, Bounds};
use idem_core::update::Upsert;
use idem_core::{Effect, Error, ErrorKind, Natural, RetryPolicy};

use super::{PAY, prepared, version};
use crate::conformance::machines::subscription;
use crate::conformance::{Stored, Subject, fresh, key, refused};

/// Its own error comes out, and nothing of it is applied.
pub async fn transaction_closure_that_fails_has_no_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let unit: Result<(), Box<dyn std::error::Error + Send + Sync>> = stored
        .idem
        .transaction(|mut tx| {
            let order = order.clone();
            async move {
                order.within(&mut tx).pay(&key("k"), PAY).await?;
                Err("on second thoughts".into())
            }
        })
        .await;
    assert_eq!(unit.expect_err("it failed").to_string(), "on second thoughts");
    assert_eq!(version(&stored).await, 1);
}

/// A constraint that is checked at the COMMIT, and a caller's check on a row: another run of the unit would meet it again.
pub async fn transaction_refused_by_constraint_runs_once<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    stored.execute("CREATE TABLE parents (id bigint PRIMARY KEY)").await;
    let columns = "id bigint PRIMARY KEY, age bigint CHECK (age > 0)";
    let parent = "parent bigint REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED";
    stored.execute(&format!("CREATE TABLE children ({columns}, {parent}, version bigint)")).await;
    for (age, parent) in [(1, Some(7)), (0, None)] {
        let runs = AtomicU32::new(0);
        let unit = stored.idem.transaction::<_, Error, _, _>(|mut tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            let account = stored.idem.ledger().account("a");
            let child = Upsert::table("children").key("id", 1).set("age", age).set("parent", parent);
            async move {
                account.within(&mut tx).apply_delta(&key("k"), 1).await?;
                child.execute(&mut tx).await.map(drop)
            }
        });
        let error = unit.await.expect_err("refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Store, Effect::NotApplied), "{age}: {error}");
        assert_eq!(runs.into_inner(), 1, "{age}");
        assert!(stored.idem.ledger().account("a").get().await.expect("readable").is_none(), "{age}");
    }
}

/// Each unit reads, decides and writes; what loses a race runs again, and all of them have their effect once.
pub async fn concurrent_transactions_each_have_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    // What is not there yet cannot be locked by reading it.
    stored.subscriptions().at("d").start(Natural, subscription::Active).await.expect("started");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (idem, subscription) = (stored.idem.clone(), stored.subscriptions().at("d"));
        tasks.spawn(async move {
            idem.transaction_with::<_, Error, _, _>(RetryPolicy::default().attempts(50), |mut tx| {
                let subscription = subscription.clone();
                async move {
                    let seen = subscription.within(&mut tx).get().await?.map_or(0, |machine| machine.version());
                    let renewed = subscription
                        .within(&mut tx)
                        .renew(&key(&format!("k{number}")), subscription::Renew { months: 0 })
                        .await?;
                    // What was read is what the command ran on: nobody came between.
                    assert_eq!(renewed.seq(), seen + 1);
                    Ok(())
                }
            })
            .await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic").expect("each unit commits");
    }
    let machine = stored.subscriptions().at("d").get().await.expect("readable").expect("started");
    assert_eq!(machine.version(), 9);
}

/// A name that nothing can have is refused before anything is sent, also where it is only read, and the transaction goes on.
pub async fn row_name_with_unfit_text_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for name in [String::new(), "a\nb".to_owned(), "a\0b".to_owned(), "a".repeat(300)] {
        let (account, subscription) = (stored.idem.ledger().account(&*name), stored.subscriptions().at(&*name));
        let mut tx = stored.idem.begin().await.expect("begun");
        refused(tx.lock_rows([account.row_name()]).await, ErrorKind::Key);
        refused(tx.lock_rows([subscription.row_name()]).await, ErrorKind::Key);
        tx.commit().await.expect("it goes on");
        refused(subscription.get().await, ErrorKind::Key);
        refused(subscription.history().await, ErrorKind::Key);
        refused(subscription.verify().await, ErrorKind::Key);
        refused(subscription.rebuild().await, ErrorKind::Key);
    }
    assert_eq!(stored.number("SELECT count(*) FROM idem_accounts").await, 0);
}

/// Units that take the same machines and accounts in opposite orders: those that lock them first do not meet half-way.
pub async fn transactions_that_lock_rows_first_do_not_deadlock<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (subscriptions, ledger) = (["x", "y"].map(|id| stored.subscriptions().at(id)), stored.idem.ledger());
    for subscription in &subscriptions {
        subscription.start(Natural, subscription::Active).await.expect("started");
    }
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let (idem, mut subscriptions, mut accounts) =
            (stored.idem.clone(), subscriptions.clone(), ["a", "b"].map(|name| ledger.account(name)));
        if number % 2 == 1 {
            subscriptions.reverse();
            accounts.reverse();
        }
        tasks.spawn(async move {
            let runs = AtomicU32::new(0);
            let unit = idem.transaction::<_, Error, _, _>(|mut tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                let (subscriptions, accounts) = (subscriptions.clone(), accounts.clone());
                async move {
                    let rows = accounts.iter().map(Account::row_name);
                    tx.lock_rows(rows.chain(subscriptions.iter().map(|subscription| subscription.row_name()))).await?;
                    for (account, delta) in accounts.iter().zip([-1, 1]) {
                        account
                            .within(&mut tx)
                            .apply_delta(&key(&format!("{number} {}", account.name())), delta)
                            .await?;
                    }
                    for subscription in &subscriptions {
                        let renew = subscription
                            .within(&mut tx)
                            .renew(&key(&format!("{number} {}", subscription.id())), subscription::Renew { months: 0 });
                        renew.await?;
                    }
                    Ok(())
                }
            });
            unit.await.expect("each unit commits");
            runs.into_inner()
        });
    }
    while let Some(runs) = tasks.join_next().await {
        assert!(runs.expect("no panic") <= 2);
    }
    for subscription in &subscriptions {
        assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 1 + 24);
    }
}

/// The unit of an account that was opened in a transaction that was rolled back is no other account's.
pub async fn account_opened_in_rolled_back_transaction_keeps_no_unit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (ledger, euros) = (stored.idem.ledger(), || AccountSettings::from(Bounds::at_least(0)).unit("EUR"));
    let mut tx = stored.idem.begin().await.expect("begun");
    ledger.account("a").within(&mut tx).open(euros()).await.expect("opened");
    fresh(ledger.account("a").within(&mut tx).apply_delta(&key("inside"), 5).await);
    tx.rollback().await;
    fresh(ledger.account("a").apply_delta(&key("outside"), 5).await);
    assert_eq!(ledger.account("a").get().await.expect("readable").expect("there").unit, None);
    fresh(ledger.transfer(&key("transfer"), "a", "plain", 1).await);
}
