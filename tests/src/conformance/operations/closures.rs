//! How the closure of an operation may end.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use idem_core::{Effect, Error, ErrorKind};

use super::{NOTES, note, noting, prepared, run};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// Its own error comes out, what it wrote is undone, and the key is free for any request.
pub async fn operation_closure_that_fails_leaves_key_free<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let (runs, k) = (&AtomicU32::new(0), key("k"));
    let failed = create.once(&k, "tea", |mut tx| async move {
        runs.fetch_add(1, Ordering::Relaxed);
        note(&mut tx).await?;
        Err::<u32, Box<dyn std::error::Error + Send + Sync>>("on second thoughts".into())
    });
    assert_eq!(failed.await.expect_err("it failed").to_string(), "on second thoughts");
    assert_eq!((runs.load(Ordering::Relaxed), stored.number(NOTES).await, stored.rows().await), (1, 0, 0));
    fresh(create.once(&key("k"), "coffee", |tx| noting(tx, 1)).await);
    assert_eq!(stored.number(NOTES).await, 1);
}

/// As an error does.
pub async fn operation_closure_that_panics_leaves_key_free<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let panicking = tokio::spawn({
        let create = create.clone();
        async move {
            let work = |mut tx| async move {
                note::<S::DB>(&mut tx).await?;
                panic!("a bug in the closure, on purpose")
            };
            create.once::<u32, Error, _, _, _>(&key("k"), "tea", work).await
        }
    });
    assert!(panicking.await.expect_err("it panicked").is_panic());
    fresh(create.once(&key("k"), "coffee", |tx| noting(tx, 1)).await);
    assert_eq!(stored.number(NOTES).await, 1);
}

/// The outcome alone is remembered, as for a refusal that a repeat is to get, too.
pub async fn operation_closure_that_rolls_back_is_remembered<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let call = async || {
        let work = |mut tx| async move {
            note::<S::DB>(&mut tx).await?;
            tx.rollback().await;
            Ok::<_, Error>("declined".to_owned())
        };
        create.once(&key("k"), "tea", work).await
    };
    let first = fresh(call().await);
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 1));
    replayed(call().await, &first);
    refused(create.once(&key("k"), "coffee", |tx| noting(tx, String::new())).await, ErrorKind::KeyReused);
    assert_eq!(stored.number(NOTES).await, 0);
}

/// The operation commits, with the outcome.
pub async fn operation_closure_that_commits_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    for answers_ok in [false, true] {
        let work = |mut tx| async move {
            note::<S::DB>(&mut tx).await?;
            let committed = tx.commit().await;
            if answers_ok {
                refused(committed, ErrorKind::Config);
                return Ok(1);
            }
            committed.map(|()| 1)
        };
        let answer = create.once::<_, Error, _, _, _>(&key("k"), "tea", work).await;
        // Also where it did not look at the answer, and took it for done.
        assert_eq!(refused(answer, ErrorKind::Config).effect(), Effect::NotApplied);
        assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    }
    fresh(create.once(&key("k"), "coffee", |tx| noting(tx, 1)).await);
}

/// Nothing of it is applied, it takes no more calls, and the key is free.
pub async fn operation_closure_that_keeps_transaction_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (create, kept) = (stored.idem.operation("create"), &Mutex::new(None));
    let work = |mut tx| async move {
        note::<S::DB>(&mut tx).await?;
        *kept.lock().expect("no panic") = Some(tx);
        Ok::<_, Error>(1)
    };
    let error = refused(create.once(&key("k"), "tea", work).await, ErrorKind::Interrupted);
    assert_eq!(error.effect(), Effect::NotApplied);
    let mut tx = kept.lock().expect("no panic").take().expect("kept");
    let wallet = stored.idem.ledger().account("wallet");
    refused(wallet.within(&mut tx).apply_delta(&key("l"), 1).await, ErrorKind::Interrupted);
    assert_eq!(tx.commit().await.expect_err("it is over").effect(), Effect::NotApplied);
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    fresh(create.once(&key("k"), "coffee", |tx| noting(tx, 1)).await);
}

/// Another writer was faster: the closure runs again, in a new transaction, and only its last run counts.
pub async fn operation_that_loses_race_runs_again_with_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let one_writer = on.differences().one_writer;
    for (name, by_database) in [("noted", false), ("answered", true)] {
        if by_database && one_writer {
            continue;
        }
        let runs = &AtomicU32::new(0);
        let work = |mut tx| async move {
            note::<S::DB>(&mut tx).await?;
            if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                if by_database {
                    run(&mut tx, "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$").await?;
                }
                tx.note(&sqlx::Error::Io(io::ErrorKind::ConnectionReset.into()));
                return Err(Error::Missing { table: "any".into(), key: Vec::new() });
            }
            Ok(17)
        };
        let before = stored.number(NOTES).await;
        let first = fresh(create.once(&key(name), "tea", work).await);
        assert_eq!((*first, runs.load(Ordering::Relaxed)), (17, 3), "{name}");
        assert_eq!(stored.number(NOTES).await, before + 1, "{name}");
        replayed(create.once(&key(name), "tea", work).await, &first);
        assert_eq!(runs.load(Ordering::Relaxed), 3, "{name}");
    }
}

/// What it failed of may be that another call was faster: that one's outcome is the answer.
pub async fn operation_closure_that_fails_after_another_call_is_replayed<S: Subject>(on: &S) {
    let stored = &prepared(on).await;
    let create = stored.idem.operation("create");
    let first = fresh(create.once(&key("k"), "tea", |tx| noting(tx, 17)).await);
    stored.execute("CREATE TABLE recorded AS SELECT * FROM idem_claims").await;
    stored.execute("DELETE FROM idem_claims").await;
    let work = |mut tx| async move {
        note::<S::DB>(&mut tx).await?;
        tx.rollback().await;
        // As if another process had recorded it meanwhile.
        stored.execute("INSERT INTO idem_claims SELECT * FROM recorded").await;
        Err::<i32, _>(Error::Missing { table: "any".into(), key: Vec::new() })
    };
    replayed(create.once(&key("k"), "tea", work).await, &first);
    stored.execute("DELETE FROM idem_claims").await;
    // Of another request it is its own error.
    refused(create.once(&key("k"), "coffee", work).await, ErrorKind::Missing);
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (1, 1));
}
