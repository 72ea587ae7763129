//! An operation inside a transaction of the caller.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use idem_core::{Effect, Error, ErrorKind, Natural, Tx};

use super::{LONG, NOTES, SHORT, is_pending, note, noting, other, prepared, run, waiting};
use crate::conformance::machines::{Order, Shop, order};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// The effect, the record and the rest of the transaction: all of it, or nothing.
pub async fn operation_in_transaction_shares_commit_and_rollback<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    for (commits, adopts) in [(false, false), (false, true), (true, false), (true, true)] {
        let name = format!("{commits} {adopts}");
        let before = (stored.number(NOTES).await, stored.rows().await);
        let mut tx = if adopts {
            stored.idem.adopt_tx(on.begin(stored.idem.pool()).await.expect("begins"))
        } else {
            stored.idem.begin().await.expect("begun")
        };
        note(&mut tx).await.expect("noted");
        let first = fresh(create.within(&mut tx).once(&key(&name), "tea", |tx| noting(tx, 17)).await);
        note(&mut tx).await.expect("noted");
        if commits {
            tx.commit().await.expect("committed");
            let again = create.once(&key(&name), "tea", |tx| noting(tx, 18)).await;
            replayed(again, &first);
            assert_eq!((stored.number(NOTES).await, stored.rows().await), (before.0 + 3, before.1 + 1), "{name}");
        } else {
            tx.rollback().await;
            assert_eq!((stored.number(NOTES).await, stored.rows().await), before, "{name}");
            let other = key(&format!("{name} again"));
            fresh(create.once(&other, "tea", |tx| noting(tx, 18)).await);
        }
    }
}

/// A repeat gets the outcome that is not committed yet, another request is refused, and the transaction goes on.
pub async fn operation_repeat_in_same_transaction_is_replayed<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let mut tx = stored.idem.begin().await.expect("begun");
    let first = fresh(create.within(&mut tx).once(&key("k"), "tea", |tx| noting(tx, 17)).await);
    replayed(create.within(&mut tx).once(&key("k"), "tea", |tx| noting(tx, 18)).await, &first);
    refused(create.within(&mut tx).once(&key("k"), "coffee", |tx| noting(tx, 18)).await, ErrorKind::KeyReused);
    fresh(create.within(&mut tx).once(&key("l"), "coffee", |tx| noting(tx, 19)).await);
    tx.commit().await.expect("committed");
    let elsewhere = other(on).await;
    replayed(elsewhere.operation("create").once(&key("k"), "tea", |tx| noting(tx, 18)).await, &first);
    let mut tx = elsewhere.begin().await.expect("begun");
    replayed(elsewhere.operation("create").within(&mut tx).once(&key("k"), "tea", |tx| noting(tx, 18)).await, &first);
    assert_eq!(stored.number(NOTES).await, 2);
}

/// What the closure did is undone to where it began: its statements, commands and changes, and its key. The rest commits.
pub async fn failed_operation_in_transaction_is_undone_alone<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (create, wallet) = (stored.idem.operation("create"), &stored.idem.ledger().account("wallet"));
    let order = &stored.orders().at("o");
    fresh(order.start(Natural, order::Pending { total: 5 }).await);
    let before = stored.rows().await;
    let mut tx = stored.idem.begin().await.expect("begun");
    note(&mut tx).await.expect("noted");
    fresh(wallet.within(&mut tx).apply_delta(&key("first"), 1).await);
    let work = async |mut tx: Tx<S::DB>| {
        note(&mut tx).await?;
        fresh(order.within(&mut tx).pay(&key("pay"), order::Pay { amount: 5, rate: 1 }).await);
        fresh(wallet.within(&mut tx).apply_delta(&key("second"), 10).await);
        Err::<u32, _>(Error::ShutDown)
    };
    refused(create.within(&mut tx).once(&key("k"), "tea", work).await, ErrorKind::ShutDown);
    // A statement that fails would end the whole transaction, but for the savepoint.
    let work = async |mut tx: Tx<S::DB>| run(&mut tx, "INSERT INTO nowhere VALUES (1)").await.map(|()| 1);
    refused(create.within(&mut tx).once(&key("k"), "tea", work).await, ErrorKind::Store);
    // So does one whose failure the closure does not pass on.
    let work = async |mut tx: Tx<S::DB>| {
        run(&mut tx, "INSERT INTO nowhere VALUES (1)").await.or(Ok::<_, Error>(())).map(|()| 1)
    };
    let unnoticed = create.within(&mut tx).once(&key("unnoticed"), "tea", work).await;
    assert_eq!(
        unnoticed.is_ok(),
        on.differences().one_writer,
        "PostgreSQL ends the transaction, which is undone: {unnoticed:?}"
    );
    let work = async |tx: Tx<S::DB>| noting(tx, f64::NAN).await;
    refused(create.within(&mut tx).once(&key("k"), "tea", work).await.map(|_| ()), ErrorKind::Unencodable);
    let work = async |tx: Tx<S::DB>| noting(tx, "x".repeat(1 << 20)).await;
    refused(create.within(&mut tx).once(&key("k"), "tea", work).await.map(|_| ()), ErrorKind::TooLarge);
    fresh(wallet.within(&mut tx).apply_delta(&key("third"), 100).await);
    let done = fresh(create.within(&mut tx).once(&key("k"), "coffee", |tx| noting(tx, 17)).await);
    tx.commit().await.expect("committed");
    assert_eq!(wallet.get().await.expect("readable").expect("open").balance, 101);
    assert_eq!(order.get().await.expect("readable").expect("started").version(), 1);
    // An account, two entries, and the claims.
    let claims = if unnoticed.is_ok() { 2 } else { 1 };
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (2, before + 3 + claims));
    replayed(create.once(&key("k"), "coffee", |tx| noting(tx, 18)).await, &done);
    fresh(wallet.apply_delta(&key("second"), 10).await);
    fresh(order.pay(&key("pay"), order::Pay { amount: 5, rate: 1 }).await);
    assert!(stored.idem.ledger().audit().await.expect("an audit").is_sound());
}

/// It is the caller's: one that the closure kept, committed or rolled back cannot go on, and nothing of it is applied.
pub async fn transaction_ended_by_operation_in_it_applies_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let kept = &std::sync::Mutex::new(None);
    for (how, kind) in
        [("keep", ErrorKind::Interrupted), ("roll back", ErrorKind::Interrupted), ("commit", ErrorKind::Config)]
    {
        let mut tx = stored.idem.begin().await.expect("begun");
        note(&mut tx).await.expect("noted");
        let work = async |mut tx: Tx<S::DB>| {
            note(&mut tx).await?;
            match how {
                "keep" => *kept.lock().expect("no panic") = Some(tx),
                "roll back" => tx.rollback().await,
                _ => tx.commit().await?,
            }
            Ok::<_, Error>(1)
        };
        refused(create.within(&mut tx).once(&key("k"), "tea", work).await, kind);
        note(&mut tx).await.expect_err("its connection is gone");
        refused(create.within(&mut tx).once(&key("l"), "tea", |tx| noting(tx, 1)).await, ErrorKind::Interrupted);
        assert_eq!(refused(tx.commit().await, ErrorKind::Interrupted).effect(), Effect::NotApplied, "{how}");
        drop(kept.lock().expect("no panic").take());
        assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0), "{how}");
    }
    fresh(create.once(&key("k"), "coffee", |tx| noting(tx, 1)).await);
}

/// What cannot be undone alone is not committed.
pub async fn operation_without_its_savepoint_breaks_transaction<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    for (statement, fails) in [
        ("RELEASE SAVEPOINT idem_operation", true),
        ("ROLLBACK TO SAVEPOINT mine", true),
        ("ROLLBACK TO SAVEPOINT mine", false),
    ] {
        let mut tx = stored.idem.begin().await.expect("begun");
        run(&mut tx, "SAVEPOINT mine").await.expect("a savepoint");
        let work = async |mut tx: Tx<S::DB>| {
            run(&mut tx, statement).await?;
            note(&mut tx).await?;
            if fails { Err(Error::ShutDown) } else { Ok(1) }
        };
        let refused_as = create.within(&mut tx).once(&key("k"), "tea", work).await.expect_err("refused");
        assert_eq!(refused_as.effect(), Effect::NotApplied, "{statement}: {refused_as}");
        tx.commit().await.expect_err("it cannot go on");
        assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0), "{statement}");
    }
    // A record that the closure takes away is undone with the rest.
    let mut tx = stored.idem.begin().await.expect("begun");
    let work = async |mut tx: Tx<S::DB>| {
        note(&mut tx).await?;
        run(&mut tx, "DELETE FROM idem_claims").await.map(|()| 1)
    };
    refused(create.within(&mut tx).once(&key("k"), "tea", work).await, ErrorKind::Interrupted);
    tx.commit().await.expect("without it");
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    fresh(create.once(&key("k"), "coffee", |tx| noting(tx, 1)).await);
}

/// The second one waits for the first, within the lock wait, and gets its outcome, or works if the first is rolled back.
pub async fn operation_in_second_transaction_waits_for_first<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    if on.differences().one_writer {
        return;
    }
    let (brief, patient) = (waiting(on, SHORT).await, waiting(on, LONG).await);
    for commits in [true, false] {
        let name = key(if commits { "committed" } else { "rolled back" });
        let mut tx = stored.idem.begin().await.expect("begun");
        let first =
            fresh(stored.idem.operation("create").within(&mut tx).once(&name, "tea", |tx| noting(tx, 17)).await);
        for request in ["tea", "coffee"] {
            let mut second = brief.begin().await.expect("begun");
            let answer = brief.operation("create").within(&mut second).once(&name, request, |tx| noting(tx, 18)).await;
            let error = refused(answer, ErrorKind::InFlight);
            assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            // The transaction goes on without it.
            note(&mut second).await.expect("noted");
            second.rollback().await;
            // A call in a transaction of its own is refused, too, within its own bound.
            let runs = AtomicU32::new(0);
            let work = |tx| {
                runs.fetch_add(1, Relaxed);
                noting(tx, 18)
            };
            refused(brief.operation("create").once(&name, request, work).wait(SHORT).await, ErrorKind::InFlight);
            assert_eq!(runs.into_inner(), 1, "it waited for as long as it may");
        }
        let mut second = patient.begin().await.expect("begun");
        let create = patient.operation("create");
        let mut call = Box::pin(create.within(&mut second).once(&name, "tea", |tx| noting(tx, 18)));
        assert!(is_pending(&mut call).await, "answered while another transaction has the key");
        if commits {
            tx.commit().await.expect("committed");
            replayed(call.await, &first);
        } else {
            tx.rollback().await;
            assert_eq!(*fresh(call.await), 18);
        }
        second.commit().await.expect("committed");
    }
    assert_eq!(stored.number(NOTES).await, 2);
}

/// In a closure that runs again as a whole.
pub async fn operation_in_transaction_closure_has_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = &stored.idem.operation("create");
    let call = async || {
        stored
            .idem
            .transaction(|mut tx| async move {
                note(&mut tx).await?;
                create.within(&mut tx).once(&key("k"), "tea", |tx| noting(tx, 17)).await
            })
            .await
    };
    let first = fresh(call().await);
    replayed(call().await, &first);
    assert_eq!(stored.number(NOTES).await, 3);
    replayed(create.once(&key("k"), "tea", |tx| noting(tx, 18)).await, &first);
}

/// One in another: each has its record, and they commit together. Of the inner one that fails the outer one may go on.
pub async fn operation_within_operation_commits_with_it<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (outer, inner) = (&stored.idem.operation("outer"), &stored.idem.operation("inner"));
    let call = async |name: &'static str, inner_fails: bool, outer_fails: bool| {
        let work = move |mut tx: Tx<S::DB>| async move {
            let of_inner = key(name);
            let made = inner.within(&mut tx).once(&of_inner, "tea", |tx| async move {
                let made = noting(tx, 17).await?;
                if inner_fails { Err(Error::ShutDown) } else { Ok(made) }
            });
            let made = made.await.map_or(-1, idem_core::Outcome::into_inner);
            note(&mut tx).await?;
            if outer_fails { Err(Error::Interrupted) } else { Ok(made) }
        };
        outer.once(&key(name), "tea", work).await
    };
    refused(call("k", false, true).await, ErrorKind::Interrupted);
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    let first = fresh(call("k", false, false).await);
    assert_eq!((*first, stored.number(NOTES).await, stored.rows().await), (17, 2, 2));
    replayed(call("k", false, false).await, &first);
    assert!(inner.once(&key("k"), "tea", |tx| noting(tx, 18)).await.expect("recorded").is_replay());
    assert_eq!((*fresh(call("l", true, false).await), stored.number(NOTES).await), (-1, 3));
    fresh(inner.once(&key("l"), "tea", |tx| noting(tx, 18)).await);
    // Under the key of the closure that it is in, it would wait for itself.
    let mut tx = stored.idem.begin().await.expect("begun");
    let work = move |mut tx: Tx<S::DB>| async move {
        let inside = inner.within(&mut tx).once(&key("m"), "tea", |tx| noting(tx, 19)).await;
        assert_eq!(refused(inside, ErrorKind::InFlight).effect(), Effect::NotApplied);
        noting(tx, 18).await
    };
    fresh(inner.within(&mut tx).once(&key("m"), "tea", work).await);
    tx.commit().await.expect("committed");
    assert_eq!(*inner.once(&key("m"), "tea", |tx| noting(tx, 19)).await.expect("recorded"), 18);
}

/// The outcome says which machine moved last in it, and a repeat that it has moved since.
pub async fn operation_in_transaction_is_superseded_once_its_machine_moves<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (checkout, order) = (stored.idem.operation("checkout"), &Order::stored(&stored.idem, Shop).at("o"));
    fresh(order.start(Natural, order::Pending { total: 5 }).await);
    let mut tx = stored.idem.begin().await.expect("begun");
    let work = async |mut tx: Tx<S::DB>| {
        fresh(order.within(&mut tx).pay(&key("pay"), order::Pay { amount: 5, rate: 1 }).await);
        Ok::<_, Error>(17)
    };
    let first = fresh(checkout.within(&mut tx).once(&key("k"), "o", work).await);
    tx.commit().await.expect("committed");
    assert!(!replayed(checkout.once(&key("k"), "o", |tx| noting(tx, 18)).await, &first).is_superseded());
    fresh(order.ship(&key("ship"), order::Ship { tracking: "T".into() }).await);
    assert!(replayed(checkout.once(&key("k"), "o", |tx| noting(tx, 18)).await, &first).is_superseded());
    // What was undone has moved nothing.
    let other = &Order::stored(&stored.idem, Shop).at("p");
    fresh(other.start(Natural, order::Pending { total: 5 }).await);
    let mut tx = stored.idem.begin().await.expect("begun");
    let work = async |mut tx: Tx<S::DB>| {
        fresh(other.within(&mut tx).pay(&key("undone"), order::Pay { amount: 5, rate: 1 }).await);
        Err::<u32, _>(Error::ShutDown)
    };
    refused(checkout.within(&mut tx).once(&key("l"), "p", work).await, ErrorKind::ShutDown);
    let second = fresh(checkout.within(&mut tx).once(&key("m"), "p", |tx| noting(tx, 17)).await);
    tx.commit().await.expect("committed");
    fresh(other.pay(&key("pay p"), order::Pay { amount: 5, rate: 1 }).await);
    fresh(other.ship(&key("ship p"), order::Ship { tracking: "T".into() }).await);
    assert!(!replayed(checkout.once(&key("m"), "p", |tx| noting(tx, 18)).await, &second).is_superseded());
}
