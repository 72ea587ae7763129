//! Callers that panic, go away, or lose the runtime that worked for them: the others of their group do not notice.

use idem_core::Never;
use std::collections::BTreeSet;
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use idem_core::ledger::Bounds;
use idem_core::{Context, Effect, ErrorKind, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::begun::{all_fresh, begin, finish, renewing};
use super::{all, patient};
use crate::conformance::machines::{Shop, Subscription, subscription};
use crate::conformance::{Subject, fresh, key};

/// The rules of a subscription that panic at a number of months.
#[derive(Debug, Clone, Copy)]
struct PanickingShop;

impl subscription::Transitions for PanickingShop {
    type Rejection = Never;

    fn pause(
        &self,
        from: subscription::Active,
        pause: &subscription::Pause,
        cx: &Context,
    ) -> Result<Step<subscription::Paused>, Never> {
        Shop.pause(from, pause, cx)
    }

    fn renew(
        &self,
        from: subscription::Active,
        renew: &subscription::Renew,
        cx: &Context,
    ) -> Result<Step<subscription::Active, u64>, Never> {
        assert_ne!(renew.months, 13, "a rule that panics, as it should here");
        Shop.renew(from, renew, cx)
    }

    fn cancel(
        &self,
        from: subscription::Active,
        cancel: &subscription::Cancel,
        cx: &Context,
    ) -> Result<Step<subscription::Cancelled>, Never> {
        Shop.cancel(from, cancel, cx)
    }
}

/// Who gave the command that the rule panics at meets the panic; the others are answered, and so is the next call.
pub async fn rule_panic_in_group_reaches_only_its_caller<S: Subject>(on: &S) {
    let subscriptions = Subscription::stored(&patient(on).await, PanickingShop);
    let tasks: Vec<_> = (0..64_u64)
        .map(|months| {
            let (subscription, key) = (subscriptions.at("d"), key(&format!("k{months}")));
            tokio::spawn(async move { subscription.renew(&key, subscription::Renew { months }).await })
        })
        .collect();
    for (months, task) in (0_u64..).zip(tasks) {
        match task.await {
            Ok(renewed) => assert!(fresh(renewed).seq() > 1 && months != 13),
            Err(error) => assert!(error.is_panic() && months == 13, "{months}: {error}"),
        }
    }
    assert_eq!(fresh(subscriptions.at("d").renew(&key("k13"), subscription::Renew { months: 0 }).await).seq(), 65);
}

/// A balance of one run of the clause, that panics when it is read back, while that run wants it to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PanicOnRead(u64);

static RUNS: AtomicU64 = AtomicU64::new(0);
static PANICKING: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

fn panicking() -> MutexGuard<'static, BTreeSet<u64>> {
    PANICKING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'de> Deserialize<'de> for PanicOnRead {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(from)?;
        assert!(!panicking().contains(&number), "a value that panics, as it should here");
        Ok(Self(number))
    }
}

/// Topped up for ever.
#[idempotent_fsm(endless)]
#[command(TopUp)]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Wallet {
    /// Takes money.
    #[initial]
    #[on(TopUp => Open)]
    Open {
        /// In minor units.
        balance: PanicOnRead,
    },
}

impl wallet::Transitions for Shop {
    type Rejection = Never;

    fn top_up(&self, from: wallet::Open, _: &wallet::TopUp, _: &Context) -> Result<Step<wallet::Open>, Never> {
        Ok(Step::to(wallet::Open { balance: from.balance }))
    }
}

/// What reads a caller's type is the caller's code as a rule is.
pub async fn state_decode_panic_in_group_reaches_only_its_caller<S: Subject>(on: &S) {
    let wallets = Wallet::stored(&patient(on).await, Shop);
    let first = 40 * RUNS.fetch_add(1, Ordering::Relaxed);
    for number in 0..40 {
        fresh(
            wallets
                .at(format!("c{number}"))
                .start(Natural, wallet::Open { balance: PanicOnRead(first + number) })
                .await,
        );
    }
    panicking().insert(first + 13);
    let tasks: Vec<_> = (0..40_u64)
        .map(|number| {
            let wallet = wallets.at(format!("c{number}"));
            tokio::spawn(async move { wallet.top_up(&key(&format!("k{number}"))).await })
        })
        .collect();
    for (number, task) in (0_u64..).zip(tasks) {
        match task.await {
            Ok(topped_up) => assert!(fresh(topped_up).seq() == 2 && number != 13),
            Err(error) => assert!(error.is_panic() && number == 13, "{number}: {error}"),
        }
    }
    // In a list it is one that cannot be read.
    let page = wallets.in_state(wallet::StateKind::Open).await.expect("a page");
    let unreadable: Vec<_> = page.unreadable().map(|wallet| (&*wallet.id, wallet.to_string())).collect();
    assert!(matches!(&unreadable[..], [("c13", told)] if told.contains("panicked")), "{unreadable:?}");
    let history = wallets.at("c13").history().await.expect("a page");
    assert_eq!((history.len(), history.unreadable().count()), (1, 1));
}

/// Copies of a change whose refusal is remembered are told the same, and the changes beside them are made.
pub async fn remembered_refusal_repeated_in_group_leaves_others_unaffected<S: Subject>(on: &S) {
    let ledger = patient(on).await.ledger();
    ledger.account("a").open(Bounds::at_least(0)).await.expect("opened");
    for round in 0..8 {
        let mut tasks = JoinSet::new();
        for caller in 0..16 {
            let account = ledger.account("a");
            tasks.spawn(async move {
                let (copy, own) = (key(&format!("refused-{round}")), key(&format!("k{round}-{caller}")));
                match caller % 4 {
                    0 => drop(fresh(account.apply_delta(&own, 1).await)),
                    1 => {
                        let other = account.apply_delta(&copy, -1_000_001).remember_refusal().await;
                        let kind = other.expect_err("refused").kind();
                        assert!(matches!(kind, ErrorKind::OutOfBounds | ErrorKind::KeyReused), "{kind:?}");
                    }
                    _ => {
                        let copy = account.apply_delta(&copy, -1_000_000).remember_refusal().await;
                        let kind = copy.expect_err("refused").kind();
                        assert!(matches!(kind, ErrorKind::OutOfBounds | ErrorKind::KeyReused), "{kind:?}");
                    }
                }
            });
        }
        all(tasks).await;
    }
    assert_eq!(ledger.account("a").get().await.expect("readable").expect("open").balance, 8 * 4);
    assert!(ledger.audit().await.expect("an audit").is_sound());
}

/// A call that has an account to itself is dropped by a thread that has no runtime: those who wait for the account are answered.
pub async fn call_dropped_outside_runtime_leaves_waiting_calls_unaffected<S: Subject>(on: &S) {
    let (idem, holder) = (patient(on).await, patient(on).await);
    let account = idem.ledger().account("a");
    let mut tx = holder.begin().await.expect("begun");
    fresh(account.within(&mut tx).apply_delta(&key("holder"), 1).await);
    let change = |name: &str| account.apply_delta(&key(name), 1).into_future();
    let mut alone = change("alone");
    begin(&mut alone).await;
    let mut queued: Vec<_> = (0..16).map(|caller| change(&format!("k{caller}"))).collect();
    for call in &mut queued {
        begin(call).await;
    }
    std::thread::spawn(move || drop(alone)).join().expect("no panic");
    tx.commit().await.expect("committed");
    all_fresh(queued).await;
    account.apply_delta(&key("alone"), 1).await.expect("fresh or a replay");
    assert_eq!(account.get().await.expect("readable").expect("open").balance, 1 + 16 + 1);
}

/// Callers that come and go all the time, two groups of them at once: nobody is left waiting.
pub async fn group_calls_of_many_callers_are_all_answered<S: Subject>(on: &S) {
    let idem = patient(on).await;
    let callers: Vec<_> = (0..64)
        .map(|caller| {
            let ledger = idem.ledger();
            tokio::spawn(async move {
                for nth in 0..100 {
                    let account = ledger.account(format!("a{}", (caller * 7 + nth * 13) % 200));
                    fresh(account.apply_delta(&key(&format!("{caller}-{nth}")), 1).await);
                }
            })
        })
        .collect();
    // Without an end a call that is left would be a test that never ends.
    let answered = async {
        for caller in callers {
            caller.await.expect("answered");
        }
    };
    tokio::time::timeout(Duration::from_mins(1), answered).await.expect("nobody is left waiting");
}

/// Half of the callers go away, queued or in flight, before the transaction that all wait for commits and after.
pub async fn cancelled_caller_leaves_group_unaffected<S: Subject>(on: &S) {
    let (idem, holder) = (patient(on).await, patient(on).await);
    let (subscription, account) = (Subscription::stored(&idem, Shop).at("d"), idem.ledger().account("a"));
    fresh(subscription.start(Natural, subscription::Active).await);
    let mut tx = holder.begin().await.expect("begun");
    fresh(subscription.within(&mut tx).renew(&key("holder"), subscription::Renew { months: 0 }).await);
    fresh(account.within(&mut tx).apply_delta(&key("holder"), 1).await);
    let mut renewals = renewing(&subscription, "k", 16).await;
    let mut changes: Vec<_> =
        (0..16).map(|caller| account.apply_delta(&key(&format!("k{caller}")), 1).into_future()).collect();
    for change in &mut changes {
        begin(change).await;
    }
    let mut number = 0;
    let mut stays = || {
        number += 1;
        number % 4 != 0
    };
    renewals.retain(|_| stays());
    changes.retain(|_| stays());
    tx.commit().await.expect("committed");
    renewals.retain(|_| stays());
    changes.retain(|_| stays());
    // Both at once: a call that nobody polls may have the connection that another waits for.
    let changes = tokio::spawn(all_fresh(changes));
    all_fresh(renewals).await;
    changes.await.expect("no panic");
    for caller in 0..16 {
        let key = key(&format!("k{caller}"));
        let renewed = subscription.renew(&key, subscription::Renew { months: 0 }).await.expect("fresh or a replay");
        // These went away while the first of them had the subscription: before their group was begun.
        assert!(caller % 4 != 3 || renewed.is_fresh(), "{caller} had an effect after it went away");
        account.apply_delta(&key, 1).await.expect("fresh or a replay");
    }
    assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 2 + 16);
    assert!(subscription.verify().await.expect("an audit").differences.is_empty());
    assert_eq!(account.get().await.expect("readable").expect("open").balance, 1 + 16);
    assert!(idem.ledger().audit().await.expect("an audit").is_sound());
}

/// Those whom its tasks worked for are told that nobody knows, and find out by calling again.
pub async fn runtime_that_ends_leaves_no_group_call_waiting<S: Subject>(on: &S) {
    let (idem, holder) = (patient(on).await, patient(on).await);
    let subscription = Subscription::stored(&idem, Shop).at("d");
    fresh(subscription.start(Natural, subscription::Active).await);
    let mut tx = holder.begin().await.expect("begun");
    fresh(subscription.within(&mut tx).renew(&key("holder"), subscription::Renew { months: 0 }).await);
    let ((at_work, begun), (stop, stopped)) = (oneshot::channel(), oneshot::channel::<()>());
    let brief = std::thread::spawn({
        let subscription = subscription.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.spawn(async move {
                let _calls = renewing(&subscription, "there", 16).await;
                at_work.send(()).expect("the test waits");
                std::future::pending::<()>().await;
            });
            runtime.block_on(stopped).expect("the test says when");
        }
    });
    begun.await.expect("begun there");
    let here = renewing(&subscription, "here", 16).await;
    stop.send(()).expect("the runtime is at work");
    brief.join().expect("no panic");
    tx.commit().await.expect("committed");
    for renewed in finish(here).await {
        match renewed {
            Ok(renewed) => assert!(renewed.is_fresh()),
            Err(error) => assert!(error.effect() == Effect::Unknown && error.is_retryable(), "{error}"),
        }
    }
    for caller in 0..16 {
        for side in ["there", "here"] {
            let key = key(&format!("{side}{caller}"));
            subscription.renew(&key, subscription::Renew { months: 0 }).await.expect("fresh or a replay");
        }
    }
    assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 2 + 32);
    assert!(subscription.verify().await.expect("an audit").differences.is_empty());
}
