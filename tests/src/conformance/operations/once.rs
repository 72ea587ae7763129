//! What a call of an operation is answered with.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use idem_core::{Effect, Error, ErrorKind, Key, Natural};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{NOTES, note, noting, other, prepared};
use crate::conformance::machines::order;
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// Also from another process: the value, the time, and that it is a replay.
pub async fn operation_repeat_returns_first_outcome<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let request = |amount: i64| HashMap::from([("amount", amount), ("to", 7)]);
    let create = stored.idem.operation("create");
    let first =
        fresh(create.once(&key("k"), &request(5), |tx| noting(tx, vec!["made".to_owned(), String::new()])).await);
    assert_eq!(stored.number("SELECT at FROM idem_claims").await, first.at().as_micros());
    for idem in [&stored.idem, &other(on).await] {
        let create = idem.operation("create");
        let again = create.once(&key("k"), &request(5), |tx| noting(tx, vec!["again".to_owned()])).await;
        assert!(!replayed(again, &first).is_superseded());
    }
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (1, 1));
}

/// Whatever it differs in, and from another process as well. Another operation or scope has keys of its own.
pub async fn operation_other_request_under_used_key_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let first = fresh(stored.idem.operation("create").once(&key("k"), "tea", |tx| noting(tx, 1)).await);
    for idem in [&stored.idem, &other(on).await] {
        let create = idem.operation("create");
        let error = refused(create.once(&key("k"), "coffee", |tx| noting(tx, 2)).await, ErrorKind::KeyReused);
        assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        assert!(error.to_string().contains("`create`"), "{error}");
        refused(create.once(&key("k"), &1, |tx| noting(tx, 2)).await, ErrorKind::KeyReused);
        replayed(create.once(&key("k"), "tea", |tx| noting(tx, 2)).await, &first);
    }
    assert_eq!(stored.number(NOTES).await, 1);
    let create = stored.idem.operation("create");
    fresh(create.once(&Key::new("other", key("k").as_str()).expect("a key"), "coffee", |tx| noting(tx, 3)).await);
    fresh(stored.idem.operation("delete").once(&key("k"), "coffee", |tx| noting(tx, 4)).await);
}

/// Committed with the outcome: a command, a change of the ledger, a statement of the caller. Once the machine has moved on, a repeat says
/// so.
pub async fn operation_commits_command_and_change_with_its_outcome<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let (order, wallet) = (&stored.orders().at("o"), &stored.idem.ledger().account("wallet"));
    fresh(order.start(Natural, order::Pending { total: 5 }).await);
    let checkout = stored.idem.operation("checkout");
    let call = async |fails: bool| {
        let work = move |mut tx: idem_core::Tx<S::DB>| async move {
            order.within(&mut tx).pay(&key("pay"), order::Pay { amount: 5, rate: 1 }).await.expect("paid");
            wallet.within(&mut tx).apply_delta(&key("delta"), 7).await?;
            note(&mut tx).await?;
            if fails { Err(Error::ShutDown) } else { Ok(17) }
        };
        checkout.once(&key("k"), "o", work).await
    };
    refused(call(true).await, ErrorKind::ShutDown);
    let version = async || order.get().await.expect("readable").expect("started").version();
    let balance = async || wallet.get().await.expect("readable").map(|account| account.balance);
    assert_eq!((version().await, balance().await, stored.number(NOTES).await), (1, None, 0));
    let first = fresh(call(false).await);
    assert_eq!((version().await, balance().await, stored.number(NOTES).await), (2, Some(7), 1));
    assert!(!replayed(call(false).await, &first).is_superseded());
    fresh(order.ship(&key("ship"), order::Ship { tracking: "T".into() }).await);
    assert!(replayed(call(false).await, &first).is_superseded());
    assert_eq!((version().await, balance().await, stored.number(NOTES).await), (3, Some(7), 1));
}

/// Calls an operation with an outcome that cannot be remembered.
async fn unfit<S: Subject, T>(stored: &Stored<'_, S>, outcome: impl Fn() -> T + Send + Sync, kind: ErrorKind) -> Error
where
    T: Serialize + DeserializeOwned + Send + std::fmt::Debug,
{
    let outcome = &outcome;
    let create = stored.idem.operation("create");
    refused(create.once(&key("k"), "tea", |tx| async move { noting(tx, outcome()).await }).await, kind)
}

/// Too large, or another one when it is read back: nothing is applied, and the key is free.
pub async fn operation_outcome_that_cannot_be_remembered_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    unfit(&stored, || f64::NAN, ErrorKind::Unencodable).await;
    unfit(&stored, || Some(Some(f64::INFINITY)), ErrorKind::Unencodable).await;
    unfit(&stored, || HashMap::from([((1, 2), 3)]), ErrorKind::Unencodable).await;
    // The set that is read back has another order, but for one case in very many.
    unfit(&stored, || (0..1_000).collect::<HashSet<u32>>(), ErrorKind::Unencodable).await;
    unfit(&stored, || "x".repeat(1 << 20), ErrorKind::TooLarge).await;
    let error = refused(
        stored.idem.operation("create").once(&key("k"), &f64::NAN, |tx| noting(tx, 1)).await.map(|_| ()),
        ErrorKind::Unencodable,
    );
    assert!(error.to_string().contains("the request"), "{error}");
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    let small = on.builder().max_payload(20).open(&on.url()).await.expect("opened");
    let call = async |length: usize| {
        small.operation("create").once(&key("k"), "tea", |tx| noting(tx, "x".repeat(length))).await
    };
    let Error::TooLarge { what: "the outcome", bytes, limit: 20 } = refused(call(20).await, ErrorKind::TooLarge) else {
        panic!("another error")
    };
    assert!(bytes > 20, "{bytes}");
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    fresh(call(20 - (bytes - 20)).await);
}

/// Before anything is begun: a name that is idem's own or not fit. A key of such a text cannot be made.
pub async fn operation_with_unfit_name_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let runs = &AtomicU32::new(0);
    let long = "x".repeat(256);
    for (name, kind) in [
        ("@lock", ErrorKind::Config),
        ("@", ErrorKind::Config),
        ("", ErrorKind::Key),
        ("a\nb", ErrorKind::Key),
        ("a\0b", ErrorKind::Key),
        (&*long, ErrorKind::Key),
    ] {
        let operation = stored.idem.operation(name);
        let work = |_| async {
            runs.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Error>(1)
        };
        let error = refused(operation.once(&key("k"), "tea", work).await, kind);
        assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        refused(operation.lost().await, kind);
        let request = idem_core::operation::Request::to(name);
        refused(operation.enter(&key("k"), &request).expect("free").recall().await, kind);
        refused(operation.as_leased().claim(&key("k"), &request).await, kind);
        let mut tx = stored.idem.begin().await.expect("begun");
        refused(operation.within(&mut tx).once(&key("k"), "tea", work).await, kind);
        tx.commit().await.expect("it goes on");
    }
    assert_eq!((runs.load(Ordering::Relaxed), stored.rows().await), (0, 0));
    fresh(stored.idem.operation("x".repeat(255)).once(&key("k"), "tea", |tx| noting(tx, 1)).await);
}

/// Whatever it would do.
pub async fn operation_after_shutdown_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let request = idem_core::operation::Request::to("tea");
    let seat = create.enter(&key("open"), &request).expect("free");
    fresh(create.once(&key("k"), "tea", |tx| noting(tx, 1)).await);
    stored.idem.shutdown().await;
    refused(create.once(&key("k"), "tea", |tx| noting(tx, 2)).wait(Duration::from_secs(1)).await, ErrorKind::ShutDown);
    refused(create.once(&key("l"), "tea", |tx| noting(tx, 2)).await, ErrorKind::ShutDown);
    let work = |_| async { Err::<u32, _>(idem_core::lease::Failed::NotDone(Error::Interrupted)) };
    refused(create.leased(&key("l"), "tea", work).await, ErrorKind::ShutDown);
    refused(create.as_leased().claim(&key("l"), &request).await, ErrorKind::ShutDown);
    refused(stored.idem.lock("job").try_acquire().await, ErrorKind::ShutDown);
    refused(seat.begin().await, ErrorKind::ShutDown);
    refused(seat.remember(b"done").await, ErrorKind::ShutDown);
    assert_eq!(seat.recall().await.expect("it reads"), None);
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (1, 1));
}
