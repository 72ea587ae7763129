//! What the closure of a transaction may do with it.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use idem_core::{Effect, Error, ErrorKind, RetryPolicy, Tx};

use super::{NOTES, PAY, polled, prepared, version};
use crate::conformance::{Subject, fresh, key, refused};

/// An error that shows nothing of what it came from.
#[derive(Debug)]
struct Opaque;

impl From<Error> for Opaque {
    fn from(_: Error) -> Self {
        Self
    }
}

/// An error that keeps one of idem's.
#[derive(Debug)]
struct Seen(Option<Error>);

impl From<Error> for Seen {
    fn from(error: Error) -> Self {
        Self(Some(error))
    }
}

/// Generic over the database: sqlx runs the statement on `tx.conn()` without a bound on `S::DB` here.
async fn note<S: Subject>(tx: &mut Tx<S::DB>) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("INSERT INTO notes VALUES ('mine')").execute(tx.conn()).await.map(drop)
}

/// A lost connection, noted by the caller, whatever error the closure makes of it.
pub async fn transaction_closure_with_noted_failure_runs_again<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let lost = || sqlx::Error::Io(io::ErrorKind::ConnectionReset.into());
    let refusal = || sqlx::Error::RowNotFound;
    for (tolerated, error, expected) in [(false, lost(), 3), (true, lost(), 1), (false, refusal(), 1)] {
        let (runs, error) = (&AtomicU32::new(0), &error);
        let answer = stored.idem.transaction_with(RetryPolicy::default().attempts(3), |mut tx| async move {
            runs.fetch_add(1, Ordering::Relaxed);
            tx.note(error);
            if tolerated {
                note::<S>(&mut tx).await.expect("the transaction is usable");
            }
            Err::<(), _>(Opaque)
        });
        answer.await.expect_err("opaque");
        assert_eq!(runs.load(Ordering::Relaxed), expected, "{error}, tolerated: {tolerated}");
    }
    assert_eq!(stored.number(NOTES).await, 0);
}

/// A call that the closure gave up on is its own decision: a timeout within it is not multiplied by the attempts.
pub async fn transaction_closure_that_dropped_a_call_runs_once<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let wallet = &stored.idem.ledger().account("wallet");
    for answers_ok in [false, true] {
        let runs = &AtomicU32::new(0);
        let answer = stored.idem.transaction(|mut tx| async move {
            runs.fetch_add(1, Ordering::Relaxed);
            // The answer may be there at the first poll, and nothing is dropped: then once more.
            for number in 0.. {
                let call = wallet.within(&mut tx).apply_delta(&key(&format!("k{number}")), 1).into_future();
                if polled(call, 1).await.is_none() {
                    break;
                }
            }
            if answers_ok { Ok(()) } else { Err(Seen(None)) }
        });
        let answer = answer.await.expect_err("half-way");
        let kind = answer.0.map(|error| (error.kind(), error.effect()));
        assert_eq!(kind, answers_ok.then_some((ErrorKind::Interrupted, Effect::NotApplied)));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }
    assert_eq!(wallet.get().await.expect("readable"), None);
}

/// Called and not awaited, it rolls back all the same.
pub async fn rollback_that_is_not_awaited_applies_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = &stored.orders().at("o");
    let answer = stored.idem.transaction(|mut tx| async move {
        order.within(&mut tx).pay(&key("k"), PAY).await.map_err(|_| Opaque)?;
        drop(tx.rollback());
        Ok::<_, Opaque>(7)
    });
    assert_eq!(answer.await.expect("its answer is given back"), 7);
    assert_eq!(version(&stored).await, 1);
    fresh(order.pay(&key("k"), PAY).await);
}

/// Committed by the closure, or rolled back: its answer is given back as it is.
pub async fn transaction_ended_by_its_closure_runs_once<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = &stored.orders().at("o");
    for (commits, fails) in [(false, false), (false, true), (true, true), (true, false)] {
        let runs = &AtomicU32::new(0);
        let answer = stored.idem.transaction(|mut tx| async move {
            runs.fetch_add(1, Ordering::Relaxed);
            order.within(&mut tx).pay(&key("k"), PAY).await.map_err(|_| Opaque)?;
            if commits {
                tx.commit().await?;
            } else {
                tx.rollback().await;
            }
            if fails { Err(Opaque) } else { Ok(()) }
        });
        assert_eq!((answer.await.is_err(), runs.load(Ordering::Relaxed)), (fails, 1));
        assert_eq!(version(&stored).await, if commits { 2 } else { 1 });
    }
}

/// Kept beyond its closure: nothing of it is applied, and it takes no more calls.
pub async fn transaction_kept_beyond_its_closure_is_rolled_back<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (order, kept) = (&stored.orders().at("o"), &Mutex::new(None));
    let answer = stored.idem.transaction(|mut tx| async move {
        order.within(&mut tx).pay(&key("k"), PAY).await.expect("paid");
        *kept.lock().expect("no panic") = Some(tx);
        Ok::<_, Error>(())
    });
    let error = refused(answer.await, ErrorKind::Interrupted);
    assert_eq!(error.effect(), Effect::NotApplied);
    let mut tx = kept.lock().expect("no panic").take().expect("kept");
    refused(order.within(&mut tx).pay(&key("l"), PAY).await, ErrorKind::Interrupted);
    refused(tx.commit().await, ErrorKind::Interrupted);
    assert_eq!(version(&stored).await, 1);
    fresh(order.pay(&key("k"), PAY).await);
}

/// Dropped while it was under way, a commit may have happened: nothing else is said.
pub async fn commit_dropped_by_its_closure_has_unknown_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = &stored.orders().at("o");
    // On a busy machine the answer may be there at the first poll, and nothing is dropped: then once more.
    let mut dropped = 0;
    for polls in [1; 100] {
        let answer = stored.idem.transaction(|mut tx| async move {
            order.within(&mut tx).pay(&key("k"), PAY).await.expect("paid");
            polled(tx.commit(), polls).await;
            Ok::<_, Error>(())
        });
        if let Err(error) = answer.await {
            assert_eq!(error.effect(), Effect::Unknown, "{error}");
            dropped += 1;
            break;
        }
    }
    assert_eq!(dropped, 1, "no commit was dropped half-way");
    order.pay(&key("k"), PAY).await.expect("a repeat finds out");
    assert_eq!(version(&stored).await, 2);
}

/// What a closure borrows it may use in a task of its own.
pub async fn transaction_closure_runs_in_spawned_task<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (idem, order) = (stored.idem.clone(), stored.orders().at("o"));
    let task = tokio::spawn(async move {
        let (order, k) = (&order, &key("k"));
        idem.transaction(|mut tx| async move {
            let paid = order.within(&mut tx).pay(k, PAY).await?;
            if paid.is_fresh() {
                note::<S>(&mut tx).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(paid)
        })
        .await
    });
    assert!(task.await.expect("no panic").expect("paid").is_fresh());
    assert_eq!((version(&stored).await, stored.number(NOTES).await), (2, 1));
}
