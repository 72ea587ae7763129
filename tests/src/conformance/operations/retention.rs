//! How long an outcome is remembered, and what erases it.

use std::time::Duration;

use idem_core::{Effect, Error, ErrorKind, Key};

use super::{NOTES, noting, other, prepared};
use crate::conformance::{Subject, fresh, key, refused, replayed};

/// Also while it is not swept: it is as free as one that was never used.
pub async fn expired_key_of_operation_is_new_request<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    for (swept, request) in [(false, "tea"), (false, "coffee"), (true, "coffee"), (true, "tea")] {
        let before = stored.number(NOTES).await;
        let first = fresh(create.once(&key("k"), request, |tx| noting(tx, before)).await);
        replayed(create.once(&key("k"), request, |tx| noting(tx, -1)).await, &first);
        // It is remembered for one hour more.
        stored.execute("UPDATE idem_claims SET expires_at = at + 3600000000").await;
        replayed(create.once(&key("k"), request, |tx| noting(tx, -1)).await, &first);
        stored.execute("UPDATE idem_claims SET expires_at = at").await;
        if swept {
            let swept = stored.idem.sweep(10).await.expect("swept");
            assert_eq!((swept.claims, stored.rows().await), (1, 0));
        }
        let request = idem_core::operation::Request::of(request).expect("it has JSON");
        let seat = create.enter(&key("k"), &request).expect("free");
        assert_eq!(seat.recall().await.expect("readable"), None);
        assert_eq!(stored.number(NOTES).await, before + 1);
    }
}

/// Counted from completion; not for less than a call may take.
pub async fn operation_is_remembered_for_its_retention<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let kept = async |name: &str, create: &idem_core::operation::Operation<S::DB>| {
        fresh(create.once(&key(name), "tea", |tx| noting(tx, 1)).await);
        let kept = stored.number("SELECT expires_at - at FROM idem_claims").await;
        stored.execute("DELETE FROM idem_claims").await;
        Duration::from_micros(kept.try_into().expect("positive"))
    };
    assert_eq!(kept("default", &create).await, Duration::from_hours(24));
    assert_eq!(
        kept("two days", &create.clone().remember_for(Duration::from_hours(48))).await,
        Duration::from_hours(48)
    );
    let shortest = kept("nothing", &create.clone().remember_for(Duration::ZERO)).await;
    assert!(shortest > Duration::from_mins(1) && shortest < Duration::from_hours(24), "{shortest:?}");
    let mut tx = stored.idem.begin().await.expect("begun");
    fresh(
        create
            .clone()
            .remember_for(Duration::from_hours(48))
            .within(&mut tx)
            .once(&key("k"), "tea", |tx| noting(tx, 1))
            .await,
    );
    tx.commit().await.expect("committed");
    assert_eq!(stored.number("SELECT expires_at - at FROM idem_claims").await, 48 * 3_600_000_000);
}

/// Its texts are blanked and the repeat is known; other scopes keep theirs.
pub async fn forgotten_operation_is_known_and_runs_no_second_time<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    let theirs = Key::new("tenant", "k").expect("a key");
    let call = async |key: &Key| create.once(key, "tea", |tx| noting(tx, "Ada".to_owned())).await;
    fresh(call(&theirs).await);
    let mine = fresh(call(&key("k")).await);
    stored.idem.forget("tenant").await.expect("erased");
    for idem in [&stored.idem, &other(on).await] {
        let create = idem.operation("create");
        let error = refused(create.once(&theirs, "tea", |tx| noting(tx, String::new())).await, ErrorKind::Forgotten);
        assert_eq!((error.effect(), error.is_retryable()), (Effect::Applied, false));
        refused(create.once(&theirs, "coffee", |tx| noting(tx, String::new())).await, ErrorKind::KeyReused);
    }
    let mut tx = stored.idem.begin().await.expect("begun");
    refused(create.within(&mut tx).once(&theirs, "tea", |tx| noting(tx, String::new())).await, ErrorKind::Forgotten);
    tx.commit().await.expect("it goes on");
    let left = "SELECT count(*) FROM idem_claims WHERE scope = 'tenant' OR scope = '' AND length(outcome) > 0";
    assert_eq!((stored.number(left).await, stored.number(NOTES).await), (0, 2));
    replayed(call(&key("k")).await, &mine);
    // Past its retention it is as any other.
    stored.execute("UPDATE idem_claims SET expires_at = at").await;
    assert_eq!(stored.idem.sweep(10).await.expect("swept").claims, 2);
    fresh(call(&theirs).await);
}

/// What a later type cannot read is not done again.
pub async fn operation_with_undecodable_outcome_does_not_run_again<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let create = stored.idem.operation("create");
    fresh(create.once(&key("k"), "tea", |tx| noting(tx, "text".to_owned())).await);
    let error = refused(create.once(&key("k"), "tea", |tx| noting(tx, 17)).await.map(|_| ()), ErrorKind::Undecodable);
    assert_eq!(error.effect(), Effect::Applied);
    let mut tx = stored.idem.begin().await.expect("begun");
    refused::<_, Error>(
        create.within(&mut tx).once(&key("k"), "tea", |tx| noting(tx, 17)).await,
        ErrorKind::Undecodable,
    );
    drop(tx);
    assert_eq!(stored.number(NOTES).await, 1);
}
