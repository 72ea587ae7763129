//! A call in another process works under the key.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use idem_core::operation::Request;
use idem_core::{Effect, Error, ErrorKind, Idem};

use super::{LONG, NOTES, SHORT, is_pending, later, note, noting, other, prepared, waiting};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// The request of a closure, for the open form.
fn request(of: &str) -> Request {
    Request::of(of).expect("it has JSON")
}

/// An outcome as a closure has it, in the bytes of the open form: taken from one that was recorded.
async fn outcome_bytes<DB: idem_core::Database>(idem: &Idem<DB>, value: u32) -> Vec<u8> {
    let copied = idem.operation("copied");
    fresh(copied.once(&key("k"), "tea", |_| async move { Ok::<_, Error>(value) }).await);
    let seat = copied.enter(&key("k"), &request("tea")).expect("free");
    seat.recall().await.expect("readable").expect("recorded").outcome
}

/// Within the bound it is waited for, past it the answer is `InFlight`. A transaction that was begun for nothing is rolled back, and its
/// connection serves the next call.
pub async fn call_of_operation_under_held_key_is_in_flight_after_its_wait<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let brief = on.builder().acquire_timeout(LONG).lock_wait(SHORT).max_connections(1);
    let brief = brief.open(&on.url()).await.expect("opened");
    let create = brief.operation("create");
    let seat = stored.idem.operation("create").enter(&key("k"), &request("tea")).expect("free");
    let mut unit = seat.begin().await.expect("nobody else works on it");
    note(&mut unit).await.expect("noted");
    for _ in 0..3 {
        let error = refused(create.once(&key("k"), "tea", |tx| noting(tx, 1)).wait(SHORT).await, ErrorKind::InFlight);
        assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
    }
    if !on.differences().one_writer {
        fresh(create.once(&key("l"), "tea", |tx| noting(tx, 1)).await);
    }
    let before = stored.number(NOTES).await;
    unit.abort().await;
    drop(seat);
    fresh(create.once(&key("k"), "tea", |tx| noting(tx, 1)).await);
    assert_eq!(stored.number(NOTES).await, before + 1);
}

/// The holder completes meanwhile: its outcome is the answer. It gives up: the call works.
pub async fn call_of_operation_gets_outcome_that_holder_records_meanwhile<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (elsewhere, seventeen) = (other(on).await, outcome_bytes(&stored.idem, 17).await);
    for completes in [true, false] {
        let name = key(if completes { "completed" } else { "aborted" });
        let seat = stored.idem.operation("create").enter(&name, &request("tea")).expect("free");
        let mut unit = seat.begin().await.expect("nobody else works on it");
        note(&mut unit).await.expect("noted");
        let create = elsewhere.operation("create");
        let mut call = Box::pin(create.once(&name, "tea", |tx| noting(tx, 18_u32)).wait(LONG).into_future());
        assert!(is_pending(&mut call).await, "answered while another process works on it");
        if completes {
            unit.complete(&seventeen).await.expect("completed");
            let answer = call.await.expect("answered");
            assert!(answer.is_replay() && *answer == 17, "{answer:?}");
            replayed(create.once(&name, "tea", |tx| noting(tx, 19)).await, &answer);
        } else {
            unit.abort().await;
            assert_eq!(*fresh(call.await), 18);
        }
    }
    assert_eq!(stored.number(NOTES).await, 2);
}

/// Where the whole database has one writer, a call that waited for it looks at the record once more before it works.
pub async fn call_of_operation_that_waited_for_writer_does_not_work_again<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    if !on.differences().one_writer {
        return;
    }
    let (elsewhere, seventeen) = (other(on).await, outcome_bytes(&stored.idem, 17).await);
    let seat = stored.idem.operation("create").enter(&key("k"), &request("tea")).expect("free");
    let unit = seat.begin().await.expect("nobody else works on it");
    let (create, runs, k) = (elsewhere.operation("create"), AtomicU32::new(0), key("k"));
    let work = |tx| {
        runs.fetch_add(1, Relaxed);
        noting(tx, 18_u32)
    };
    let mut call = Box::pin(create.once(&k, "tea", work).wait(LONG).into_future());
    assert!(is_pending(&mut call).await, "answered while another process works on it");
    // Its look at the record, before it waited, is this old at least.
    later(SHORT).await;
    unit.complete(&seventeen).await.expect("completed");
    assert!(call.await.expect("answered").is_replay());
    assert_eq!(runs.load(Relaxed), 0, "a repeat does not work");
}

/// At once, where the key has a lock of its own; where the whole database has one, after the lock wait. The connection serves the next
/// call.
pub async fn unit_under_key_of_other_process_is_in_flight<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let one_writer = on.differences().one_writer;
    let brief = waiting(on, if one_writer { SHORT } else { LONG }).await;
    let holder = stored.idem.operation("http").enter(&key("k"), &request("tea")).expect("free");
    let unit = holder.begin().await.expect("nobody else works on it");
    let seat = brief.operation("http").enter(&key("k"), &request("tea")).expect("another process");
    for _ in 0..3 {
        assert_eq!(seat.recall().await.expect("readable"), None);
        let error = refused(seat.begin().await, ErrorKind::InFlight);
        assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        refused(seat.remember(b"mine").await, ErrorKind::InFlight);
    }
    if !one_writer {
        let another = brief.operation("http").enter(&key("l"), &request("tea")).expect("free");
        another.begin().await.expect("another key").complete(b"").await.expect("completed");
    }
    unit.complete(b"done").await.expect("completed");
    let remembered = seat.recall().await.expect("readable").expect("recorded");
    assert_eq!(remembered.outcome, b"done");
}
