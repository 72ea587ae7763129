//! Work under a lease, as a closure.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use idem_core::lease::{Claim, Failed, LeasedOperation, Leases, WhenLost};
use idem_core::{Effect, Error, ErrorKind, Outcome};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{BRIEF, LONG, LeaseSubject, claim, is_pending, job};
use crate::conformance::{fresh, key, refused, replayed};
use crate::sweep;

/// Runs work on one thread, with a handle on the store of its own: a closure that blocks it keeps all else of it from running.
pub(super) fn on_one_thread<S: LeaseSubject>(on: &S, work: impl AsyncFnOnce(Leases) + Send) {
    let on_thread = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { work(on.other().await).await });
    };
    thread::scope(|scope| scope.spawn(on_thread).join()).expect("no panic");
}

/// What a closure does whose end is not known.
fn unknown<T>() -> Result<T, Failed<Error>> {
    Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
}

/// Of callers in two processes one works, and all get its outcome.
pub async fn concurrent_leased_calls_have_one_effect_and_outcome<S: LeaseSubject>(on: &S) {
    const CALLERS: usize = 32;
    let sides = [on.leases(), on.other().await];
    let (effects, barrier) = (Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(CALLERS)));
    let mut calls = JoinSet::new();
    for caller in 0..CALLERS {
        let charge = sides[caller % 2].operation("charge");
        let (effects, barrier) = (effects.clone(), barrier.clone());
        calls.spawn(async move {
            let k = key("k");
            barrier.wait().await;
            let work = |_| async {
                tokio::task::yield_now().await;
                Ok::<_, Failed<Error>>(effects.fetch_add(1, Ordering::Relaxed))
            };
            charge.leased(&k, "tea", work).wait(LONG).await.expect("answered")
        });
    }
    let answers: Vec<Outcome<u32>> = calls.join_all().await;
    assert_eq!((answers.len(), effects.load(Ordering::Relaxed)), (CALLERS, 1));
    let fresh: Vec<_> = answers.iter().filter(|answer| answer.is_fresh()).collect();
    let [first] = fresh[..] else { panic!("{} were fresh", fresh.len()) };
    assert!(answers.iter().all(|answer| (**answer, answer.at()) == (**first, first.at())), "{answers:?}");
}

/// Another request is refused, the same one waits: by its bound, and for the outcome.
pub async fn leased_call_under_claimed_key_waits_for_its_owner<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::default()), job(&on.other().await, WhenLost::default()));
    for (name, job) in [("here", &here), ("there", &there)] {
        let (entered, opened) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let k = key(name);
        let first = here.leased(&k, "tea", |_| async {
            entered.notify_one();
            opened.notified().await;
            Ok::<_, Failed<Error>>(17)
        });
        let work = |_| async { Ok::<_, Failed<Error>>(18) };
        let others = async {
            entered.notified().await;
            refused(job.leased(&k, "coffee", work).wait(LONG).await, ErrorKind::KeyReused);
            let error = refused(job.leased(&k, "tea", work).wait(BRIEF).await, ErrorKind::InFlight);
            assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            assert!(matches!(error, Error::InFlight { retry_after: Some(_), .. }), "{error:?}");
            let mut second = Box::pin(job.leased(&k, "tea", work).wait(LONG).into_future());
            assert!(is_pending(&mut second).await, "answered while the first one works");
            opened.notify_one();
            second.await
        };
        let (first, second) = tokio::join!(first.into_future(), others);
        let first = fresh(first);
        replayed(second, &first);
        replayed(there.leased(&k, "tea", work).await, &first);
        refused(there.leased(&k, "coffee", work).await, ErrorKind::KeyReused);
    }
}

/// It was not done and will not be: the key is free at once, for any request.
pub async fn leased_work_that_was_not_done_leaves_key_free<S: LeaseSubject>(on: &S) {
    let (here, there) = (on.leases().operation("charge"), on.other().await.operation("charge"));
    let declined = |_| async { Err::<u32, _>(Failed::NotDone(Error::ShutDown)) };
    for _ in 0..2 {
        refused(here.leased(&key("k"), "tea", declined).await, ErrorKind::ShutDown);
    }
    let work = |lease: idem_core::lease::Lease| async move { Ok::<_, Failed<Error>>(lease.attempt()) };
    let first = fresh(there.leased(&key("k"), "coffee", work).await);
    assert_eq!(*first, 1);
    replayed(here.leased(&key("k"), "coffee", work).await, &first);
    assert_eq!(here.lost().await.expect("readable"), []);
}

/// The end is not known: an operator finds out, or the next repeat does it again, as the operation says.
pub async fn leased_work_of_unknown_end_is_lost_or_done_again<S: LeaseSubject>(on: &S) {
    let (here, there) = (on.leases(), on.other().await);
    let work = |lease: idem_core::lease::Lease| async move { Ok::<_, Failed<Error>>(lease.attempt()) };
    let waits = WhenLost::Indeterminate;
    let error =
        refused(job(&here, waits).leased(&key("k"), "tea", |_| async { unknown::<u64>() }).await, ErrorKind::Lost);
    assert_eq!((error.effect(), error.is_retryable()), (Effect::Unknown, false));
    let Error::Lost { epoch, source: Some(source), .. } = error else { panic!("{error:?}") };
    assert!(source.is::<std::io::Error>(), "{source:?}");
    for leases in [&here, &there] {
        let error = refused(job(leases, waits).leased(&key("k"), "tea", work).await, ErrorKind::Lost);
        assert!(matches!(error, Error::Lost { epoch: found, .. } if found == epoch), "{error:?}");
        assert_eq!(error.effect(), Effect::Unknown);
        refused(job(leases, waits).leased(&key("k"), "coffee", work).await, ErrorKind::KeyReused);
    }
    for (name, when_lost) in [("l", WhenLost::Reexecute), ("m", WhenLost::Resume)] {
        let saving = |lease: idem_core::lease::Lease| async move {
            lease.save(&(lease.attempt() * 10)).await?;
            unknown::<u64>()
        };
        let error = refused(job(&here, when_lost).leased(&key(name), "tea", saving).await, ErrorKind::Indeterminate);
        assert!(error.is_retryable() && error.effect() == Effect::Unknown, "{error}");
        let resuming = |lease: idem_core::lease::Lease| async move {
            Ok::<_, Failed<Error>>((lease.attempt(), lease.resumed::<u64>()?))
        };
        let done = fresh(job(&there, when_lost).leased(&key(name), "tea", resuming).await);
        assert_eq!(*done, (2, (when_lost == WhenLost::Resume).then_some(10)), "{name}");
        replayed(job(&here, waits).leased(&key(name), "tea", resuming).await, &done);
    }
}

/// As one of unknown end.
pub async fn leased_work_that_panics_is_lost<S: LeaseSubject>(on: &S) {
    let here = job(&on.leases(), WhenLost::Indeterminate);
    let panicking = tokio::spawn({
        let here = here.clone();
        async move { here.leased(&key("k"), "tea", |_| async { panic_on_purpose() }).await }
    });
    assert!(panicking.await.expect_err("it panicked").is_panic());
    let there = job(&on.other().await, WhenLost::Indeterminate);
    // It is abandoned in the background.
    let work = |_| async { Ok::<_, Failed<Error>>(18) };
    refused(there.leased(&key("k"), "tea", work).wait(LONG).await, ErrorKind::Lost);
    assert_eq!(here.lost().await.expect("readable").len(), 1);
    let again = job(&on.leases(), WhenLost::Reexecute);
    fresh(again.leased(&key("k"), "tea", work).await);
}

fn panic_on_purpose() -> Result<u32, Failed<Error>> {
    panic!("a bug in the closure, on purpose")
}

/// It was done, and its outcome cannot be recorded: nobody takes it for not done.
pub async fn leased_work_whose_outcome_cannot_be_recorded_is_unknown<S: LeaseSubject>(on: &S) {
    let here = job(&on.leases(), WhenLost::Indeterminate);
    let there = job(&on.other().await, WhenLost::Indeterminate);
    let unfit = here.leased(&key("k"), "tea", |_| async { Ok::<_, Failed<Error>>(f64::NAN) }).await.map(drop);
    let large =
        here.leased(&key("l"), "tea", |_| async { Ok::<_, Failed<Error>>("x".repeat(1 << 21)) }).await.map(drop);
    for (name, answer) in [("k", unfit), ("l", large)] {
        assert_eq!(refused(answer, ErrorKind::Indeterminate).effect(), Effect::Unknown, "{name}");
        let found = there.claim_within(&key(name), &request_of("tea"), LONG).await.expect("answered");
        assert!(matches!(found, Claim::Lost { .. }), "{name}: {found:?}");
    }
    // A request that has no form to be compared by: nothing is begun.
    let m = key("m");
    let refused_before = here.leased(&m, &HashMap::from([((1, 2), 3)]), |_| async { Ok::<_, Failed<Error>>(1) });
    refused(refused_before.await, ErrorKind::Unencodable);
    assert!(matches!(claim(&there, "m").await, Claim::Mine(_)));
}

/// The request of a closure.
fn request_of(value: &str) -> idem_core::operation::Request {
    idem_core::operation::Request::of(value).expect("it has JSON")
}

/// More awaits than the number of polls of a claim varies by, so that some drops come here.
async fn awaits() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

fn count(effects: &std::sync::Mutex<Vec<u32>>, number: usize) {
    let mut effects = effects.lock().expect("no panic");
    let length = effects.len().max(number + 1);
    effects.resize(length, 0);
    effects[number] += 1;
}

/// Dropped at each await: a repeat never does it a second time, and is never kept out for longer than the lease.
pub async fn leased_call_dropped_at_each_poll_has_no_second_effect<S: LeaseSubject>(on: &S) {
    let lease = Duration::from_secs(2);
    let here = job(&on.leases(), WhenLost::Indeterminate).lease(lease);
    let there = job(&on.other().await, WhenLost::Indeterminate).lease(lease);
    let effects = Arc::new(std::sync::Mutex::new(Vec::<u32>::new()));
    let attempt = |job: &LeasedOperation, number: usize| {
        let (job, effects, k) = (job.clone(), effects.clone(), key(&number.to_string()));
        async move {
            let work = |_| async move {
                awaits().await;
                count(&effects, number);
                awaits().await;
                Ok::<_, Failed<Error>>(number)
            };
            job.leased(&k, "tea", work).wait(LONG).await
        }
    };
    let (mut lost, mut done) = (0, 0);
    let dropped = sweep(
        |limit| attempt(&here, limit),
        async |number, answer: Option<Result<Outcome<usize>, Error>>| {
            let had_effect = || effects.lock().expect("no panic").get(number).copied().unwrap_or_default();
            let before = had_effect();
            let again = attempt(if number % 2 == 0 { &here } else { &there }, number).await;
            match again {
                Ok(outcome) if outcome.is_fresh() => assert_eq!(before, 0, "{number}: done before"),
                Ok(outcome) => assert_eq!((*outcome, before), (number, 1)),
                Err(Error::Lost { .. }) => lost += 1,
                Err(error) => panic!("{number}: {error}"),
            }
            assert!(had_effect() <= 1, "{number}: {} effects", had_effect());
            if let Some(answer) = answer {
                assert_eq!(*answer.expect("it was not dropped"), number);
                done += 1;
            }
        },
    )
    .await;
    assert!(dropped >= 2 && lost >= 1 && done >= 1, "{dropped} dropped, {lost} lost, {done} done");
}

/// The poll after that finds that the lease cannot be relied on, and drops the work: what comes after would be nobody's.
pub async fn leased_work_that_blocks_beyond_its_lease_is_not_polled_again<S: LeaseSubject>(on: &S) {
    let effects = &AtomicU32::new(0);
    on_one_thread(on, async |leases| {
        let lease = Duration::from_millis(150);
        let charge = leases.operation("charge").lease(lease);
        let work = |_| async {
            // As a computation that is longer than it should be.
            thread::sleep(lease * 2);
            tokio::task::yield_now().await;
            effects.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Failed<Error>>(17)
        };
        refused(charge.leased(&key("k"), "tea", work).await, ErrorKind::Lost);
        let charge = leases.operation("charge").when_lost(WhenLost::Reexecute).lease(lease);
        refused(charge.leased(&key("l"), "tea", work).await, ErrorKind::Indeterminate);
    });
    assert_eq!(effects.load(Ordering::Relaxed), 0);
    let there = on.other().await.operation("charge");
    refused(there.leased(&key("k"), "tea", |_| async { Ok::<_, Failed<Error>>(18) }).await, ErrorKind::Lost);
}

/// Its process dies, which is as if it were never heard of again: once its lease is over a repeat gets on.
pub async fn repeat_gets_on_when_lease_of_silent_owner_is_over<S: LeaseSubject>(on: &S) {
    let takes = job(&on.other().await, WhenLost::Reexecute);
    let k = key("k");
    let silent = job(&on.leases(), WhenLost::Reexecute).claim(&k, &request_of("tea")).await.expect("answered");
    let work = |lease: idem_core::lease::Lease| async move { Ok::<_, Failed<Error>>(lease.attempt()) };
    refused(takes.leased(&k, "tea", work).wait(BRIEF).await, ErrorKind::InFlight);
    on.set_clock(super::LEASE + 1).await;
    assert_eq!(*fresh(takes.leased(&k, "tea", work).wait(BRIEF).await), 2);
    drop(silent);
}
