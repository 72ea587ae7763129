//! Transactions that commit only while a lease or lock is its owner's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use idem_core::lease::{Claim, Failed, Leases, Resolved, WhenLost};
use idem_core::operation::Request;
use idem_core::{Effect, Error, ErrorKind, Natural, Timestamp};

use super::{NOTES, SHORT, is_pending, later, note, noting, other, prepared, run, taken_over, waiting};
use crate::conformance::machines::order;
use crate::conformance::{Subject, fresh, key, refused};

/// Every later call and the commit are answered as the fence was, and nothing is applied.
pub async fn transaction_that_met_fence_cannot_commit<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    fresh(stored.orders().at("o").start(Natural, order::Pending { total: 5 }).await);
    let wallet = stored.idem.ledger().account("wallet");
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(&guard).await.expect("it is the owner's");
    note(&mut tx).await.expect("noted");
    fresh(wallet.within(&mut tx).apply_delta(&key("k"), 1).await);
    tx.commit().await.expect("committed");

    let next = taken_over(&stored, &other(on).await, "job").await;
    for by_call in [false, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        note(&mut tx).await.expect("noted");
        fresh(wallet.within(&mut tx).apply_delta(&key("before"), 1).await);
        if by_call {
            let fenced = wallet.within(&mut tx).apply_delta(&key("l"), 1).fenced_by(&guard).await;
            refused(fenced, ErrorKind::Fenced);
        } else {
            let error = refused(tx.fenced_by(&guard).await, ErrorKind::Fenced);
            assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            let Error::Fenced { mine, current, .. } = error else { unreachable!() };
            assert_eq!((mine, current), (guard.epoch(), Some(next.epoch())));
        }
        refused(wallet.within(&mut tx).apply_delta(&key("m"), 1).await, ErrorKind::Fenced);
        let pay = order::Pay { amount: 5, rate: 1 };
        refused(stored.orders().at("o").within(&mut tx).pay(&key("pay"), pay).await, ErrorKind::Fenced);
        refused(tx.fenced_by(&next).await, ErrorKind::Fenced);
        let create = stored.idem.operation("create");
        refused(create.within(&mut tx).once(&key("k"), "tea", |tx| noting(tx, 1)).await, ErrorKind::Fenced);
        assert_eq!(refused(tx.commit().await, ErrorKind::Fenced).effect(), Effect::NotApplied);
    }
    let unit: Result<(), Error> = stored
        .idem
        .transaction(|mut tx| {
            let guard = &guard;
            async move {
                note(&mut tx).await?;
                // An error that the closure hides is found at the end.
                let _ = tx.fenced_by(guard).await;
                Ok(())
            }
        })
        .await;
    refused(unit, ErrorKind::Fenced);
    assert_eq!(stored.number(NOTES).await, 1);
    assert_eq!(wallet.get().await.expect("readable").expect("open").balance, 1);
}

/// Inside an operation as well: its record is written with the fence, or not at all.
pub async fn operation_that_met_fence_leaves_key_free<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    let next = taken_over(&stored, &other(on).await, "job").await;
    let call = async |hides: bool, by: &idem_core::lease::LockGuard| {
        let work = move |mut tx| async move {
            note::<S::DB>(&mut tx).await?;
            let fenced = tx.fenced_by(by).await;
            if !hides {
                fenced?;
            }
            Ok::<_, Error>(17)
        };
        create.once(&key("k"), "tea", work).await
    };
    for hides in [false, true] {
        refused(call(hides, &guard).await, ErrorKind::Fenced);
        let claims = stored.number("SELECT count(*) FROM idem_claims WHERE state = 2").await;
        assert_eq!((stored.number(NOTES).await, claims), (0, 0));
    }
    fresh(call(false, &next).await);
    assert_eq!(stored.number(NOTES).await, 1);
}

/// A claim waits for the transaction that is fenced by the claim before it, within its lock wait.
pub async fn take_over_waits_for_fenced_transaction<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (brief, patient) = (waiting(on, SHORT).await, other(on).await);
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    stored.execute("UPDATE idem_claims SET until = 0").await;
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(&guard).await.expect("nobody took it over");
    note(&mut tx).await.expect("noted");
    let error = refused(brief.lock("job").acquire(Duration::ZERO).await, ErrorKind::InFlight);
    assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
    let lock = patient.lock("job");
    let mut taking = Box::pin(lock.acquire(Duration::ZERO));
    assert!(is_pending(&mut taking).await, "claimed while a fenced transaction is under way");
    tx.commit().await.expect("committed");
    let next = taking.await.expect("its lease is over");
    assert!(next.epoch() > guard.epoch());
    assert_eq!(stored.number(NOTES).await, 1);
    let mut late = stored.idem.begin().await.expect("begun");
    refused(late.fenced_by(&guard).await, ErrorKind::Fenced);
    refused(late.commit().await, ErrorKind::Fenced);
}

/// Nor does an operator resolve a lost claim while a transaction that it fences is under way.
pub async fn resolve_waits_for_fenced_transaction<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (job, brief) = (stored.idem.operation("job"), waiting(on, SHORT).await.operation("job"));
    let claim = job.as_leased().claim(&key("k"), &Request::to("tea")).await.expect("answered");
    let Claim::Mine(owned) = claim else { panic!("{claim:?}") };
    stored.execute("UPDATE idem_claims SET until = 0").await;
    let lost = brief.lost().await.expect("listed").pop().expect("its lease is over");
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(owned.lease()).await.expect("nobody took it over");
    note(&mut tx).await.expect("noted");
    refused(brief.resolve(&lost.id, Resolved::NotDone, "looked it up").await, ErrorKind::InFlight);
    tx.commit().await.expect("committed");
    brief.resolve(&lost.id, Resolved::NotDone, "looked it up").await.expect("resolved");
    let mut late = stored.idem.begin().await.expect("begun");
    refused(late.fenced_by(owned.lease()).await, ErrorKind::Fenced);
    assert_eq!(stored.number(NOTES).await, 1);
}

/// A claim that waited for one for longer than its own lease is given back: the work is not begun, and the key is free.
pub async fn claim_that_comes_after_its_lease_begins_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (job, patient) = (stored.idem.operation("job"), other(on).await);
    let request = Request::of("tea").expect("it has JSON");
    let claim = job.as_leased().claim(&key("k"), &request).await.expect("answered");
    let Claim::Mine(owned) = claim else { panic!("{claim:?}") };
    stored.execute("UPDATE idem_claims SET until = 0").await;
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(owned.lease()).await.expect("nobody took it over");
    let (next, runs, k) = (patient.operation("job").when_lost(WhenLost::Reexecute), AtomicU32::new(0), key("k"));
    let work = |_| async {
        runs.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Failed<Error>>(1)
    };
    let next = next.lease(2 * SHORT);
    let mut call = Box::pin(next.leased(&k, "tea", work).into_future());
    assert!(is_pending(&mut call).await, "claimed while a fenced transaction is under way");
    later(2 * SHORT).await;
    tx.rollback().await;
    let error = refused(call.await, ErrorKind::NotApplied);
    assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    assert_eq!(next.lost().await.expect("readable"), []);
    fresh(patient.operation("job").leased(&k, "coffee", work).await);
}

/// Transactions of one owner are not in each other's way, but for the one writer of a database that has one.
pub async fn fenced_transactions_of_one_owner_share_their_claim<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    if on.differences().one_writer {
        return;
    }
    let brief = waiting(on, SHORT).await;
    let (mut one, mut two) = (brief.begin().await.expect("begun"), brief.begin().await.expect("begun"));
    one.fenced_by(&guard).await.expect("it is the owner's");
    two.fenced_by(&guard).await.expect("it is the owner's");
    fresh(brief.ledger().account("wallet").apply_delta(&key("k"), 1).fenced_by(&guard).await);
    for mut tx in [two, one] {
        note(&mut tx).await.expect("noted");
        tx.commit().await.expect("committed");
    }
    assert_eq!(stored.number(NOTES).await, 2);
}

/// A lease of another store: of two transactions the one of the newer owner comes first, or the older one is refused.
pub async fn transaction_fenced_by_lease_of_other_store_goes_by_epoch<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let seconds = Arc::new(AtomicI64::new(1_000));
    let clock = seconds.clone();
    let leases = Leases::memory_with(move || Timestamp::from_micros(clock.load(Ordering::Relaxed) * 1_000_000));
    let lock = leases.lock("job");
    let lease = lock.acquire(Duration::ZERO).await.expect("it is free");
    let epoch = lease.epoch();
    seconds.store(2_000, Ordering::Relaxed);
    let second = lock.acquire(Duration::ZERO).await.expect("its lease is over");
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(&second).await.expect("the newest");
    note(&mut tx).await.expect("noted");
    tx.rollback().await;
    // What was rolled back has not fenced anybody.
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(&lease).await.expect("nobody newer has written here");
    run(&mut tx, "INSERT INTO notes VALUES ('first')").await.expect("noted");
    tx.commit().await.expect("committed");
    let mut tx = stored.idem.begin().await.expect("begun");
    tx.fenced_by(&second).await.expect("the newest");
    tx.commit().await.expect("committed");
    let mut tx = stored.idem.begin().await.expect("begun");
    let error = refused(tx.fenced_by(&lease).await, ErrorKind::Fenced);
    let Error::Fenced { mine, current, .. } = error else { unreachable!() };
    assert_eq!((mine, current), (epoch, Some(second.epoch())));
    refused(tx.commit().await, ErrorKind::Fenced);
    assert_eq!(stored.number(NOTES).await, 1);
}
