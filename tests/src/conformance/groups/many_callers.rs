//! Many callers at once: each is answered as if one came after the other.

use std::time::Duration;

use idem_core::ledger::Bounds;
use idem_core::{ErrorKind, Natural};
use tokio::task::JoinSet;

use super::{all, patient};
use crate::conformance::machines::{Order, Shop, Subscription, order, subscription};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// As if one came after the other: the numbers are dense, and the rules agree with what each was told.
pub async fn grouped_commands_on_one_machine_have_dense_numbers<S: Subject>(on: &S) {
    let subscription = Subscription::stored(&patient(on).await, Shop).at("d");
    let mut tasks = JoinSet::new();
    for caller in 0..256_u64 {
        let subscription = subscription.clone();
        tasks.spawn(async move {
            let (key, renew) = (key(&format!("k{caller}")), subscription::Renew { months: caller * 1_000 });
            let renewed = fresh(subscription.renew(&key, renew.clone()).await);
            assert_eq!(*renewed, caller * 1_000 + renewed.seq());
            replayed(subscription.renew(&key, renew).await, &renewed);
            renewed.seq()
        });
    }
    let mut seqs = all(tasks).await;
    seqs.sort_unstable();
    assert_eq!(seqs, (2..258).collect::<Vec<_>>());
    assert!(subscription.verify().await.expect("an audit").differences.is_empty());
}

/// The entries are dense, each has its own, and the balance after one is the balance before the next.
pub async fn grouped_changes_of_one_account_have_dense_entries<S: Subject>(on: &S) {
    let ledger = patient(on).await.ledger();
    let mut tasks = JoinSet::new();
    for caller in 1..=256_i64 {
        let account = ledger.account("a");
        tasks.spawn(async move {
            let key = key(&format!("k{caller}"));
            let entry = fresh(account.apply_delta(&key, caller).await);
            replayed(account.apply_delta(&key, caller).await, &entry);
            entry.into_inner()
        });
    }
    let mut entries = all(tasks).await;
    entries.sort_unstable_by_key(|entry| entry.seq);
    assert_eq!(ledger.account("a").entries().limit(1_000).await.expect("readable"), entries);
    let mut balance = 0;
    for (entry, seq) in entries.iter().zip(1..) {
        balance += entry.delta;
        assert_eq!((entry.seq, entry.balance), (seq, Some(balance)));
    }
    assert_eq!(balance, 256 * 257 / 2);
}

/// Rejected, out of bounds, known, known for something else: each of them alone, among others that are new.
pub async fn group_call_gets_its_own_answer<S: Subject>(on: &S) {
    let idem = patient(on).await;
    let (orders, ledger) = (Order::stored(&idem, Shop), idem.ledger());
    ledger.account("empty").open(Bounds::at_least(0)).await.expect("opened");
    let known = fresh(ledger.account("known").apply_delta(&key("known"), 7).await);
    let mut tasks = JoinSet::new();
    for caller in 0..96_i64 {
        let (order, ledger, known) = (orders.at(format!("o{caller}")), ledger.clone(), known.clone());
        tasks.spawn(async move {
            let (name, pay) = (key(&format!("k{caller}")), order::Pay { amount: 500 - caller % 2, rate: 1 });
            fresh(order.start(Natural, order::Pending { total: 500 }).await);
            match caller % 2 {
                0 => drop(fresh(order.pay(&name, pay).await)),
                _ => drop(refused(order.pay(&name, pay).await, ErrorKind::Rejected)),
            }
            match caller % 4 {
                0 => drop(refused(ledger.account("empty").apply_delta(&name, -1).await, ErrorKind::OutOfBounds)),
                1 => drop(replayed(ledger.account("known").apply_delta(&key("known"), 7).await, &known)),
                2 => drop(refused(ledger.account("payer").apply_delta(&key("known"), 7).await, ErrorKind::KeyReused)),
                _ => drop(fresh(ledger.transfer(&name, "payer", "shop", caller).await)),
            }
        });
    }
    all(tasks).await;
    let sum: i64 = (0..96).filter(|caller| caller % 4 == 3).sum();
    for (account, balance) in [("empty", 0), ("known", 7), ("payer", -sum), ("shop", sum), ("sales", 48 * 500)] {
        let found = ledger.account(account).get().await.expect("readable").map_or(0, |state| state.balance);
        assert_eq!(found, balance, "{account}");
    }
}

/// A command without a key shares a transaction with a change of an account, which a step of a third call moves meanwhile: the
/// change's key names its own entry.
pub async fn key_of_change_grouped_with_command_names_its_own_entry<S: Subject>(on: &S) {
    let idem = patient(on).await;
    let (orders, sales) = (Order::stored(&idem, Shop), idem.ledger().account("sales"));
    for round in 0..32 {
        let (paid, started, sales) = (orders.at(format!("p{round}")), orders.at(format!("s{round}")), sales.clone());
        fresh(paid.start(Natural, order::Pending { total: 500 }).await);
        let (pays, change) = (key(&format!("pay-{round}")), key(&format!("change-{round}")));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(fresh(paid.pay(&pays, order::Pay { amount: 500, rate: 1 }).await)) });
        tasks.spawn(async move { *fresh(started.start(Natural, order::Pending { total: 500 }).await) });
        let (account, name) = (sales.clone(), change.clone());
        let change_made = tokio::spawn(async move { fresh(account.apply_delta(&name, 1).await) });
        all(tasks).await;
        let first = change_made.await.expect("no panic");
        replayed(sales.apply_delta(&change, 1).await, &first);
    }
    assert!(idem.ledger().audit().await.expect("an audit").is_sound());
}

/// Two at work on one database, as two processes: nobody deadlocks, nothing is lost.
pub async fn groups_of_two_instances_on_same_rows_lose_no_call<S: Subject>(on: &S) {
    let sides = [patient(on).await, patient(on).await];
    fresh(Subscription::stored(&sides[0], Shop).at("d").start(Natural, subscription::Active).await);
    let mut tasks = JoinSet::new();
    for caller in 0..64_usize {
        let idem = sides[caller % 2].clone();
        tasks.spawn(async move {
            let (subscription, ledger) = (Subscription::stored(&idem, Shop).at("d"), idem.ledger());
            for round in 0..6 {
                let key = key(&format!("k{caller}-{round}"));
                let (from, to) = if caller % 4 < 2 { ("busy", "other") } else { ("other", "busy") };
                fresh(subscription.renew(&key, subscription::Renew { months: 1 }).await);
                fresh(ledger.transfer(&key, from, to, 1).await);
                fresh(ledger.account("busy").apply_delta(&key.derive("delta"), 1).await);
            }
        });
    }
    all(tasks).await;
    let subscription = Subscription::stored(&sides[0], Shop).at("d");
    assert_eq!(subscription.get().await.expect("readable").expect("started").version(), 1 + 64 * 6);
    assert!(subscription.verify().await.expect("an audit").differences.is_empty());
    let busy = sides[1].ledger().account("busy").get().await.expect("readable").expect("open");
    assert_eq!((busy.balance, busy.version), (64 * 6, 2 * 64 * 6));
    assert!(sides[0].ledger().audit().await.expect("an audit").is_sound());
}

/// Wave after wave, of two instances, on one account and on a few that groups of both want: a change and its copy elsewhere have one
/// effect and one answer.
pub async fn change_repeated_on_two_instances_has_one_effect<S: Subject>(on: &S) {
    const CALLERS: i64 = 64;
    const WAVES: i64 = 4;
    let idems = [patient(on).await, patient(on).await];
    let mut tasks = JoinSet::new();
    for caller in 0..CALLERS {
        for idem in &idems {
            let ledger = idem.ledger();
            tasks.spawn(async move {
                let mut answers = Vec::new();
                for wave in 0..WAVES {
                    let name = if wave % 2 == 0 { "busy".to_owned() } else { format!("few-{}", caller % 8) };
                    let key = key(&format!("{caller} {wave}"));
                    answers.push(ledger.account(name).apply_delta(&key, 1).await.expect("answered").into_inner());
                }
                answers
            });
        }
    }
    let mut answers: Vec<_> = all(tasks).await.into_iter().flatten().collect();
    answers.sort_unstable_by(|one, other| (&one.account, one.seq).cmp(&(&other.account, other.seq)));
    let (firsts, copies): (Vec<_>, Vec<_>) = answers.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
    assert_eq!(firsts, copies);
    let ledger = idems[0].ledger();
    let busy = ledger.account("busy").get().await.expect("readable").expect("there");
    assert_eq!(
        (busy.balance, busy.version),
        (CALLERS * WAVES / 2, u64::try_from(CALLERS * WAVES / 2).expect("positive"))
    );
    assert!(ledger.audit().await.expect("an audit").is_sound());
}

/// Changes near 64 bits that fit one after the other, and not in one sum: none is refused for its money, and one that is answered with
/// `Contention` is called again.
pub async fn change_that_fits_alone_is_not_refused_in_group<S: Subject>(on: &S) {
    const ACCOUNTS: usize = 32;
    let idem = patient(on).await;
    let account = |number: usize| idem.ledger().account(format!("a{number}"));
    for number in 0..ACCOUNTS {
        fresh(account(number).apply_delta(&key(&format!("first {number}")), -5).await);
    }
    let mut calls = JoinSet::new();
    for number in 0..ACCOUNTS {
        for (nth, delta) in [i64::MAX, 3, 2].into_iter().enumerate() {
            let (account, key) = (account(number), key(&format!("{number} {nth}")));
            calls.spawn(async move {
                let mut changed = account.apply_delta(&key, delta).remember_refusal().await;
                while changed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Contention) {
                    changed = account.apply_delta(&key, delta).remember_refusal().await;
                }
                fresh(changed)
            });
        }
    }
    assert_eq!(calls.join_all().await.len(), 3 * ACCOUNTS);
    for number in 0..ACCOUNTS {
        let state = account(number).get().await.expect("readable").expect("open");
        assert_eq!(state.balance, i64::MAX);
    }
}

/// A hold that expires when it is made refuses no call of its group.
pub async fn hold_expired_at_once_refuses_no_call_of_its_group<S: Subject>(on: &S) {
    const ACCOUNTS: usize = 32;
    let idem = patient(on).await;
    let account = |number: usize| idem.ledger().account(format!("a{number}"));
    for number in 0..ACCOUNTS {
        account(number).open(Bounds::at_least(0)).await.expect("opened");
        fresh(account(number).apply_delta(&key(&format!("first {number}")), 100).await);
    }
    let mut calls = JoinSet::new();
    for number in 0..ACCOUNTS {
        let (holding, spending) = (account(number), account(number));
        calls.spawn(async move {
            // It comes too late where the money is spent already.
            let held = holding.hold_for(&key(&format!("hold {number}")), 100, Duration::ZERO).await;
            assert!(held.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::OutOfBounds), "{held:?}");
        });
        calls.spawn(async move { drop(fresh(spending.apply_delta(&key(&format!("spend {number}")), -50).await)) });
    }
    calls.join_all().await;
    assert!(idem.ledger().audit().await.expect("readable").is_sound());
}
