//! Locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use idem_core::{Effect, Error, ErrorKind};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{BRIEF, LONG, LeaseSubject, is_pending};
use crate::conformance::{key, refused};
use crate::scale;

/// Of all tasks of two processes one is inside at a time, and each comes in as often as it wants.
pub async fn lock_lets_one_in_at_a_time<S: LeaseSubject>(on: &S) {
    const TASKS: u32 = 16;
    let rounds = scale(20, 200);
    let sides = [on.leases(), on.other().await];
    let (inside, entered, newest) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)), Arc::default());
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let lock = sides[(task % 2) as usize].lock("report");
        let (inside, entered) = (inside.clone(), entered.clone());
        let newest: Arc<std::sync::Mutex<Option<idem_core::Epoch>>> = Arc::clone(&newest);
        tasks.spawn(async move {
            for round in 0..rounds {
                let guard = lock.acquire(LONG).await.expect("others end");
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                let before = newest.lock().expect("no panic").replace(guard.epoch());
                assert!(before.is_none_or(|before| before < guard.epoch()), "{before:?} {guard:?}");
                tokio::task::yield_now().await;
                entered.fetch_add(1, Ordering::Relaxed);
                guard.check().expect("it is held");
                assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1, "two are inside");
                if (task + round) % 4 == 0 {
                    drop(guard);
                } else {
                    guard.release().await.expect("it is held");
                }
            }
        });
    }
    timeout(2 * LONG, async { while tasks.join_next().await.transpose().expect("no panic").is_some() {} })
        .await
        .expect("each of them comes in");
    assert_eq!(entered.load(Ordering::Relaxed), TASKS * rounds);
}

/// Held, others do not get it, and learn for how long it holds. Released or dropped, the next one does.
pub async fn lock_that_is_held_is_in_flight_until_it_is_released<S: LeaseSubject>(on: &S) {
    let (here, there) = (on.leases(), on.other().await);
    let lease = Duration::from_secs(1_000);
    let [mine, same, theirs] = [&here, &here, &there].map(|leases| leases.lock("report").lease(lease));
    let mut last = None;
    for drops in [false, true, false] {
        // What was dropped is released in the background.
        let guard = theirs.acquire(LONG).await.expect("nobody has it");
        assert!(last < Some(guard.epoch()));
        for lock in [&mine, &same, &theirs] {
            assert!(lock.try_acquire().await.expect("answered").is_none());
            let error = refused(lock.acquire(BRIEF).await, ErrorKind::InFlight);
            assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            let Error::InFlight { waited, retry_after: Some(left), .. } = error else { panic!("{error}") };
            assert!(waited >= BRIEF && left <= lease && left > lease / 2, "{waited:?} {left:?}");
        }
        assert!(here.lock("report 2").try_acquire().await.expect("answered").is_some(), "another lock");
        last = Some(guard.epoch());
        if drops {
            drop(guard);
        } else {
            guard.release().await.expect("it is held");
            let next = mine.try_acquire().await.expect("answered").expect("it is free");
            next.release().await.expect("it is held");
        }
    }
}

/// As one of the longest length.
pub async fn lock_of_endless_length_holds<S: LeaseSubject>(on: &S) {
    for lease in [Duration::ZERO, Duration::MAX] {
        let lock = on.leases().lock("report").lease(lease);
        let guard = lock.acquire(LONG).await.expect("nobody has it");
        assert!(guard.ends() > std::time::Instant::now());
        guard.check().expect("it is held");
        guard.release().await.expect("it is held");
    }
    let endless = on.leases().operation("job").lease(Duration::MAX).remember_for(Duration::MAX);
    let k = key("k");
    let done = endless.leased(&k, "tea", |lease| async move {
        lease.check().map_err(idem_core::lease::Failed::NotDone)?;
        Ok::<_, idem_core::lease::Failed<Error>>(1)
    });
    assert!(done.wait(Duration::MAX).await.expect("done").is_fresh());
}

/// One that waits in this process is woken.
pub async fn lock_is_acquired_by_caller_that_waits_for_it<S: LeaseSubject>(on: &S) {
    let (here, there) = (on.leases(), on.other().await);
    for leases in [&here, &there] {
        let guard = here.lock("report").acquire(LONG).await.expect("nobody has it");
        let (lock, epoch) = (leases.lock("report"), guard.epoch());
        let mut waiting = Box::pin(lock.acquire(LONG));
        assert!(is_pending(&mut waiting).await, "acquired while it is held");
        guard.release().await.expect("it is held");
        let next = waiting.await.expect("it is free");
        assert!(next.epoch() > epoch);
        next.release().await.expect("it is held");
    }
    // One that no longer waits keeps nobody out.
    let guard = here.lock("report").acquire(LONG).await.expect("nobody has it");
    let lock = here.lock("report");
    let mut waiting = Box::pin(lock.acquire(LONG));
    assert!(is_pending(&mut waiting).await, "acquired while it is held");
    drop(waiting);
    guard.release().await.expect("it is held");
    there.lock("report").acquire(LONG).await.expect("nobody has it").release().await.expect("it is held");
}

/// Its owner was paused for longer than its lease: the next one gets it, and the old one is fenced.
pub async fn lock_whose_lease_is_over_is_taken_over<S: LeaseSubject>(on: &S) {
    let lock = on.leases().lock("report").lease(Duration::from_secs(1_000));
    let theirs = on.other().await.lock("report");
    let old = lock.acquire(Duration::ZERO).await.expect("nobody has it");
    on.set_clock(1_001).await;
    let new = theirs.try_acquire().await.expect("answered").expect("its lease is over");
    assert!(new.epoch() > old.epoch());
    let Error::Fenced { mine, current, .. } = refused(old.release().await, ErrorKind::Fenced) else { unreachable!() };
    assert!(mine < new.epoch() && current == Some(new.epoch()), "{mine} {current:?}");
    assert!(lock.try_acquire().await.expect("answered").is_none(), "the new owner has it");
    new.release().await.expect("it is held");
    // A lost lock is nothing that an operator resolves: it is free.
    let old = lock.acquire(Duration::ZERO).await.expect("nobody has it");
    on.set_clock(1_001).await;
    old.release().await.expect("nobody took it over");
}

/// Before anything is sent.
pub async fn lock_with_unfit_name_is_refused<S: LeaseSubject>(on: &S) {
    for name in [String::new(), "a\nb".into(), "a\0".into(), "x".repeat(256)] {
        refused(on.leases().lock(&*name).acquire(LONG).await, ErrorKind::Key);
        refused(on.leases().lock(&*name).try_acquire().await, ErrorKind::Key);
    }
    let longest = on.leases().lock("x".repeat(255)).try_acquire().await.expect("answered");
    longest.expect("nobody has it").release().await.expect("it is held");
    for name in ["@lock", ""] {
        let kind = if name.is_empty() { ErrorKind::Key } else { ErrorKind::Config };
        let operation = on.leases().operation(name);
        refused(operation.claim(&crate::conformance::key("k"), &super::request("tea")).await, kind);
        refused(operation.lost().await, kind);
    }
}
