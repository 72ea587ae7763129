//! Duplicates at the same time, in one process.

use std::time::Duration;

use idem_core::{ErrorKind, Natural, Outcome, RetryPolicy};
use tokio::task::JoinSet;

use crate::conformance::case::as_json;
use crate::conformance::machines::{Order, Shop, Subscription, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key, replayed};

/// How many at once, and how many keys each: 1,000 keys over all.
const CALLERS: [(usize, usize); 4] = [(2, 700), (8, 200), (32, 80), (128, 20)];

/// One of them is fresh, and all have the identical value, number and time.
pub async fn concurrent_repeats_of_command_have_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    // Many callers wait for connections and locks, which is what is tested, not for how long.
    let patient = on
        .builder()
        .acquire_timeout(Duration::from_mins(1))
        .lock_wait(Duration::from_mins(1))
        .open(&on.url())
        .await
        .expect("opened");
    let orders = Order::stored(&patient, Shop);
    let mut effects = 0;
    for (callers, keys) in CALLERS {
        for number in 0..keys {
            let id = format!("{callers}-{number}");
            orders.at(&*id).start(Natural, order::Pending { total: 500 }).await.expect("started");
            let mut tasks = JoinSet::new();
            for _ in 0..callers {
                let (order, key) = (orders.at(&*id), key(&id));
                tasks.spawn(async move { order.pay(&key, order::Pay { amount: 500, rate: 1 }).await });
            }
            let mut outcomes = Vec::with_capacity(callers);
            while let Some(paid) = tasks.join_next().await {
                outcomes.push(paid.expect("no panic").expect("each is answered"));
            }
            one_effect(&outcomes);
            effects += 1;
        }
    }
    assert!(effects >= 1_000, "{effects} keys");
    assert_eq!(stored.number("SELECT count(hash) FROM idem_transitions").await, effects);
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions").await, 2 * effects);
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'sales'").await, 500 * effects);
}

/// As from two processes: each pool has its own connections; half of the requests come without a key.
pub async fn concurrent_repeats_from_two_pools_have_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let mut sides = Vec::new();
    for _ in 0..2 {
        let idem = on.builder().lock_wait(Duration::from_mins(1)).open(&on.url()).await.expect("opened");
        sides.push(Order::stored(&idem, Shop));
    }
    for number in 0..60 {
        let id = format!("o{number}");
        stored.orders().at(&*id).start(Natural, order::Pending { total: 500 }).await.expect("started");
        let mut tasks = JoinSet::new();
        for side in sides.iter().cycle().take(8) {
            let (order, key) = (side.at(&*id), (number % 2 == 0).then(|| key(&id)));
            let pay = order::Command::Pay(order::Pay { amount: 500, rate: 1 });
            tasks.spawn(async move { order.apply(key.as_ref(), pay).await.map(as_json) });
        }
        let mut outcomes = Vec::new();
        while let Some(paid) = tasks.join_next().await {
            outcomes.push(paid.expect("no panic").expect("each is answered"));
        }
        one_effect(&outcomes);
    }
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'sales'").await, 60 * 500);
}

fn one_effect<T: PartialEq + std::fmt::Debug, S: std::fmt::Debug>(outcomes: &[Outcome<T, S>]) {
    let fresh: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_fresh()).collect();
    let [first] = fresh[..] else { panic!("{} effects of one key: {outcomes:?}", fresh.len()) };
    for outcome in outcomes {
        assert_eq!((&**outcome, outcome.seq(), outcome.at()), (&**first, first.seq(), first.at()));
    }
}

/// None is lost, none is answered with another's outcome.
pub async fn concurrent_commands_on_one_machine_each_have_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let patient = on
        .builder()
        .lock_wait(Duration::from_mins(1))
        .retry(RetryPolicy::default().attempts(100))
        .open(&on.url())
        .await
        .expect("opened");
    let subscriptions = Subscription::stored(&patient, Shop);
    let mut tasks = JoinSet::new();
    for number in 0..64_u64 {
        let subscription = subscriptions.at("d");
        tasks.spawn(async move {
            let renewed =
                subscription.renew(&key(&format!("k{number}")), subscription::Renew { months: number * 1_000 }).await;
            (number, fresh(renewed))
        });
    }
    let mut seqs = Vec::new();
    while let Some(renewed) = tasks.join_next().await {
        let (number, renewed) = renewed.expect("no panic");
        assert_eq!(*renewed, number * 1_000 + renewed.seq());
        replayed(
            subscriptions
                .at("d")
                .renew(&key(&format!("k{number}")), subscription::Renew { months: number * 1_000 })
                .await,
            &renewed,
        );
        seqs.push(renewed.seq());
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (2..66).collect::<Vec<_>>());
    assert!(stored.subscriptions().at("d").verify().await.expect("an audit").differences.is_empty());
}

/// Two requests at once under one key: one runs, the other is refused.
pub async fn key_used_on_two_machines_at_once_has_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for number in 0..50 {
        let mut tasks = JoinSet::new();
        for side in ["left", "right"] {
            let (subscription, key) =
                (stored.subscriptions().at(format!("{side} {number}")), key(&format!("k{number}")));
            tasks.spawn(async move { subscription.renew(&key, subscription::Renew { months: 1 }).await });
        }
        let (mut fresh, mut reused) = (0, 0);
        while let Some(renewed) = tasks.join_next().await {
            match renewed.expect("no panic") {
                Ok(outcome) if outcome.is_fresh() => fresh += 1,
                Err(error) if error.kind() == ErrorKind::KeyReused => reused += 1,
                other => panic!("neither fresh nor reused: {other:?}"),
            }
        }
        assert_eq!((fresh, reused), (1, 1));
        assert_eq!(stored.number("SELECT count(*) FROM idem_machines").await, number + 1);
    }
}
