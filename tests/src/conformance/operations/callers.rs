//! Many callers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use idem_core::{Error, ErrorKind, Outcome};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Gate, LONG, NOTES, is_pending, note, noting, other, prepared};
use crate::conformance::groups::{all, patient};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// All of them get the outcome of the one that worked.
#[track_caller]
fn of_one(answers: &[Outcome<i64>]) {
    let fresh: Vec<_> = answers.iter().filter(|answer| answer.is_fresh()).collect();
    let [first] = fresh[..] else { panic!("{} of {} had the effect", fresh.len(), answers.len()) };
    assert!(answers.iter().all(|answer| (**answer, answer.at()) == (**first, first.at())), "{answers:?}");
}

/// In one process and in two, on a few keys.
pub async fn concurrent_calls_of_operation_have_one_effect_and_outcome<S: Subject>(on: &S) {
    const CALLERS: usize = 32;
    const KEYS: usize = 3;
    let stored = prepared(on).await;
    let runs = Arc::new(AtomicI64::new(0));
    let sides = [patient(on).await, patient(on).await];
    for (nth, processes) in [1, 2].into_iter().enumerate() {
        let barrier = Arc::new(Barrier::new(CALLERS * KEYS));
        let mut calls = JoinSet::new();
        for caller in 0..CALLERS * KEYS {
            let (create, barrier) = (sides[caller / KEYS % processes].operation("create"), barrier.clone());
            let (name, runs) = (format!("{nth} {}", caller % KEYS), runs.clone());
            calls.spawn(async move {
                let key = key(&name);
                barrier.wait().await;
                let work = |tx| noting(tx, runs.fetch_add(1, Ordering::Relaxed));
                let answer = create.once::<_, Error, _, _, _>(&key, "tea", work).wait(LONG).await;
                (caller % KEYS, answer.expect("answered"))
            });
        }
        let answers = all(calls).await;
        for wanted in 0..KEYS {
            let of_key: Vec<_> = answers.iter().filter(|(key, _)| *key == wanted).map(|(_, one)| one.clone()).collect();
            assert_eq!(of_key.len(), CALLERS);
            of_one(&of_key);
        }
        assert_eq!(stored.number(NOTES).await, i64::try_from((nth + 1) * KEYS).expect("small"));
    }
}

/// In this process it is refused at once, and the same request waits. Another process waits for the first to end, and is refused then.
pub async fn other_request_during_first_call_of_operation_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (create, elsewhere, gate) = (stored.idem.operation("create"), other(on).await, &Gate::new());
    let (one, two) = (key("k"), key("k"));
    let first = create.once(&one, "tea", |mut tx| async move {
        note(&mut tx).await?;
        gate.pass().await;
        Ok::<_, Error>(17)
    });
    let others = async {
        gate.entered().await;
        let refusal = timeout(LONG, create.once(&two, "coffee", |tx| noting(tx, 1)).wait(LONG).into_future());
        refused(refusal.await.expect("it does not wait"), ErrorKind::KeyReused);
        let create = elsewhere.operation("create");
        let mut late = Box::pin(create.once(&two, "coffee", |tx| noting(tx, 1)).wait(LONG).into_future());
        assert!(is_pending(&mut late).await, "answered before the first call has ended");
        gate.open();
        refused(late.await, ErrorKind::KeyReused);
    };
    let (first, ()) = tokio::join!(first.into_future(), others);
    let first = fresh(first);
    replayed(create.once(&two, "tea", |tx| noting(tx, 1)).await, &first);
    assert_eq!(stored.number(NOTES).await, 1);
}

/// When the first fails, one of those that waited for it works.
pub async fn repeat_that_waited_for_failed_call_of_operation_works<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (create, gate) = (stored.idem.operation("create"), Arc::new(Gate::new()));
    let first = tokio::spawn({
        let (create, gate) = (create.clone(), gate.clone());
        async move {
            let (k, gate) = (key("k"), &*gate);
            let work = |mut tx| async move {
                note::<S::DB>(&mut tx).await?;
                gate.pass().await;
                Err::<i64, _>(Error::Interrupted)
            };
            create.once(&k, "tea", work).await
        }
    });
    gate.entered().await;
    refused(create.once(&key("k"), "tea", |tx| noting(tx, 1)).wait(super::SHORT).await, ErrorKind::InFlight);
    let mut calls = JoinSet::new();
    for caller in 0..16 {
        let create = create.clone();
        calls.spawn(async move {
            create
                .once::<_, Error, _, _, _>(&key("k"), "tea", |tx| noting(tx, caller))
                .wait(LONG)
                .await
                .expect("answered")
        });
    }
    tokio::task::yield_now().await;
    gate.open();
    refused(first.await.expect("no panic"), ErrorKind::Interrupted);
    of_one(&all(calls).await);
    assert_eq!(stored.number(NOTES).await, 1);
}
