//! Calls that happen only while a lease or lock is its owner's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use idem_core::lease::{Claim, Lease, Leases};
use idem_core::ledger::Bounds;
use idem_core::operation::Request;
use idem_core::update::{ConditionalDelete, ConditionalUpdate, Upsert};
use idem_core::{CommandError, Effect, Error, ErrorKind, Idem, Natural, Timestamp};

use super::{other, taken_over};
use crate::conformance::machines::{Shop, order, refund, subscription};
use crate::conformance::{Stored, Subject, fresh, key};

/// With documents and an order that calls change.
async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE documents (id bigint PRIMARY KEY, body text, version bigint DEFAULT 1)").await;
    for id in [1, 3] {
        stored.execute(&format!("INSERT INTO documents (id, body) VALUES ({id}, 'draft')")).await;
    }
    fresh(stored.orders().at("o").start(Natural, order::Pending { total: 5 }).await);
    fresh(stored.subscriptions().at("s").start(Natural, subscription::Active).await);
    stored
}

/// One call of each kind, fenced: whether it was fresh, or its error.
async fn calls<S: Subject>(stored: &Stored<'_, S>, by: &impl AsRef<Lease>) -> Vec<(&'static str, Result<bool, Error>)> {
    let (ledger, order) = (stored.idem.ledger(), stored.orders().at("o"));
    let pay = order.pay(&key("pay"), order::Pay { amount: 5, rate: 1 }).fenced_by(by).await;
    let renew =
        stored.subscriptions().at("s").renew(&key("renew"), subscription::Renew { months: 1 }).fenced_by(by).await;
    let start = stored.orders().at("p").start(&key("start"), order::Pending { total: 1 }).fenced_by(by).await;
    let delta = ledger.account("wallet").apply_delta(&key("delta"), 5).fenced_by(by).await;
    let transfer = ledger.transfer(&key("transfer"), "one", "two", 5).fenced_by(by).await;
    let hold = ledger.account("three").hold(&key("hold"), 5).fenced_by(by).await;
    let update = ConditionalUpdate::table("documents").key("id", 1).set("body", "final").expect_version(1);
    let update = update.once(&key("update")).fenced_by(by).execute(&stored.idem).await;
    let upsert = Upsert::table("documents").key("id", 2).set("body", "new").once(&key("upsert"));
    let upsert = upsert.fenced_by(by).execute(&stored.idem).await;
    let delete = ConditionalDelete::table("documents").key("id", 3).expect_version(1).once(&key("delete"));
    let delete = delete.fenced_by(by).execute(&stored.idem).await;
    vec![
        ("pay", pay.map(|one| one.is_fresh()).map_err(error_of)),
        ("renew", renew.map(|one| one.is_fresh())),
        ("start", start.map(|one| one.is_fresh()).map_err(error_of)),
        ("delta", delta.map(|one| one.is_fresh())),
        ("transfer", transfer.map(|one| one.is_fresh())),
        ("hold", hold.map(|one| one.is_fresh())),
        ("update", update.map(|one| one.is_fresh())),
        ("upsert", upsert.map(|one| one.is_fresh())),
        ("delete", delete.map(|one| one.is_fresh())),
    ]
}

fn error_of<R: std::fmt::Debug>(error: idem_core::CommandError<R>) -> Error {
    match error {
        idem_core::CommandError::Failed(error) => error,
        rejected @ idem_core::CommandError::Rejected { .. } => panic!("{rejected:?}"),
    }
}

/// Each of them must have been answered so.
#[track_caller]
fn all_answered(answers: Vec<(&'static str, Result<bool, Error>)>, fresh: bool) {
    for (call, answer) in answers {
        assert!(matches!(answer, Ok(found) if found == fresh), "{call}: {answer:?}, fresh was expected to be {fresh}");
    }
}

#[track_caller]
fn all_fenced(answers: Vec<(&'static str, Result<bool, Error>)>, mine: i64, newest: Option<i64>) {
    for (call, answer) in answers {
        let Err(error @ Error::Fenced { .. }) = answer else { panic!("{call}: {answer:?}") };
        assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{call}: {error}");
        let Error::Fenced { mine: found, current, .. } = error else { unreachable!() };
        assert_eq!((found.as_i64(), current.map(idem_core::Epoch::as_i64)), (mine, newest), "{call}");
    }
}

/// The documents as they are.
async fn documents<S: Subject>(stored: &Stored<'_, S>) -> (i64, i64, i64) {
    let sum = "SELECT coalesce(sum(id * 100 + version), 0) FROM documents";
    let bodies = "SELECT count(*) FROM documents WHERE body = 'draft'";
    (stored.number(sum).await, stored.number(bodies).await, stored.rows().await)
}

/// As if they were not fenced, and repeats as well.
pub async fn fenced_calls_of_owner_have_their_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    all_answered(calls(&stored, &guard).await, true);
    all_answered(calls(&stored, &guard).await, false);
    // Its time is over, and nobody took it over: it still is the owner's.
    stored.execute("UPDATE idem_claims SET until = 0 WHERE state = 1").await;
    all_answered(calls(&stored, &guard).await, false);
    let more = stored.idem.ledger().account("wallet").apply_delta(&key("more"), 1).fenced_by(&guard).await;
    fresh(more);
    assert!(stored.idem.ledger().audit().await.expect("an audit").is_sound());
}

/// Another owner has taken over while this one was paused: it writes nothing any more. The new owner does.
pub async fn fenced_calls_after_take_over_write_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    let elsewhere = other(on).await;
    let next = taken_over(&stored, &elsewhere, "job").await;
    assert!(next.epoch() > guard.epoch());
    let before = documents(&stored).await;
    all_fenced(calls(&stored, &guard).await, guard.epoch().as_i64(), Some(next.epoch().as_i64()));
    assert_eq!(documents(&stored).await, before);
    all_answered(calls(&stored, &next).await, true);
}

/// What had its effect before is answered: nothing is written for it.
pub async fn fenced_repeat_after_take_over_is_replayed<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    all_answered(calls(&stored, &guard).await, true);
    let elsewhere = other(on).await;
    let next = taken_over(&stored, &elsewhere, "job").await;
    let before = documents(&stored).await;
    all_answered(calls(&stored, &guard).await, false);
    assert_eq!(documents(&stored).await, before);
    // Another request under a known key is as refused as ever, and has no effect.
    let changed = stored.idem.ledger().account("wallet").apply_delta(&key("delta"), 6).fenced_by(&guard).await;
    let kind = changed.expect_err("another request").kind();
    assert!(matches!(kind, ErrorKind::KeyReused | ErrorKind::Fenced), "{kind}");
    next.release().await.expect("released");
}

/// What a rule rejects under a fence is remembered as without one: fresh at first, and then replayed, also to an owner that has lost its
/// lease. So is a change of the ledger that is refused. In each of the ways in which it is written: the first call of a process finds out
/// which database this is.
pub async fn refusal_under_fence_is_remembered<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let guard = stored.idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    stored.idem.ledger().account("bounded").open(Bounds::at_least(0)).await.expect("opened");
    let reject = async |idem: &Idem<S::DB>, name: &str, limit: i64| {
        let refund = refund::first::Refund::stored(idem, Shop).at("l");
        let approve = refund::first::refund::Approve { amount: 50, limit };
        refund.approve(&key(name), approve).fenced_by(&guard).await.expect_err("rejected")
    };
    let refuse = async |idem: &Idem<S::DB>, name: &str| {
        let wallet = idem.ledger().account("bounded");
        wallet.apply_delta(&key(name), -5).remember_refusal().fenced_by(&guard).await.expect_err("below 0").kind()
    };
    for name in ["first", "later"] {
        let [one, other] = if name == "first" {
            [other(on).await, other(on).await]
        } else {
            [stored.idem.clone(), stored.idem.clone()]
        };
        assert!(matches!(reject(&one, name, 10).await, CommandError::Rejected { remembered: None, .. }), "{name}");
        assert!(matches!(reject(&one, name, 100).await, CommandError::Rejected { remembered: Some(_), .. }), "{name}");
        assert_eq!(refuse(&other, name).await, ErrorKind::OutOfBounds, "{name}");
    }
    fresh(stored.idem.ledger().account("bounded").apply_delta(&key("more"), 100).await);
    let elsewhere = other(on).await;
    let _next = taken_over(&stored, &elsewhere, "job").await;
    for name in ["first", "later"] {
        let [one, other] = [other(on).await, other(on).await];
        assert!(matches!(reject(&one, name, 100).await, CommandError::Rejected { remembered: Some(_), .. }), "{name}");
        assert_eq!(refuse(&other, name).await, ErrorKind::OutOfBounds, "{name}");
        assert_eq!(reject(&one, "late", 10).await.kind(), ErrorKind::Fenced);
        assert_eq!(refuse(&other, "late").await, ErrorKind::Fenced);
    }
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'bounded'").await, 100);
}

/// A lease that its owner ended lets nothing in: released, completed.
pub async fn fenced_calls_under_ended_lease_write_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let job = stored.idem.operation("job");
    for completes in [false, true] {
        let claim = job.as_leased().claim(&key(&completes.to_string()), &Request::to("job")).await.expect("answered");
        let Claim::Mine(owned) = claim else { panic!("{claim:?}") };
        let (lease, epoch) = (owned.lease().clone(), owned.lease().epoch().as_i64());
        if completes {
            owned.complete(b"done").await.expect("completed");
        } else {
            owned.release().await.expect("released");
        }
        let before = documents(&stored).await;
        all_fenced(calls(&stored, &lease).await, epoch, Some(epoch));
        assert_eq!(documents(&stored).await, before);
    }
    let claim = job.as_leased().claim(&key("held"), &Request::to("job")).await.expect("answered");
    let Claim::Mine(owned) = claim else { panic!("{claim:?}") };
    all_answered(calls(&stored, owned.lease()).await, true);
    owned.complete(b"done").await.expect("completed");
}

/// A lease of another store: the highest epoch that has written here is stored, and a lower one is refused from then on.
pub async fn fenced_calls_under_lease_of_other_store_go_by_epoch<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let seconds = Arc::new(AtomicI64::new(1_000));
    let clock = seconds.clone();
    let leases = Leases::memory_with(move || Timestamp::from_micros(clock.load(Ordering::Relaxed) * 1_000_000));
    let first = leases.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    seconds.store(2_000, Ordering::Relaxed);
    let second = leases.lock("job").acquire(Duration::ZERO).await.expect("its lease is over");
    let delta = async |name: &str, by: &idem_core::lease::LockGuard| {
        stored.idem.ledger().account("wallet").apply_delta(&key(name), 1).fenced_by(by).await
    };
    // Nobody newer has written here.
    fresh(delta("first", &first).await);
    fresh(delta("second", &second).await);
    assert_eq!(stored.number("SELECT epoch FROM idem_fences").await, second.epoch().as_i64());
    let before = documents(&stored).await;
    all_fenced(calls(&stored, &first).await, first.epoch().as_i64(), Some(second.epoch().as_i64()));
    assert!(delta("first", &first).await.expect("it happened before").is_replay());
    assert_eq!(documents(&stored).await, before);
    all_answered(calls(&stored, &second).await, true);
    // One that its owner has ended lets nothing in, though no newer one has written here.
    let ended = second.as_ref().clone();
    second.release().await.expect("it is held");
    let late = stored.idem.ledger().account("wallet").apply_delta(&key("late"), 1).fenced_by(&ended).await;
    all_fenced(vec![("late", late.map(|one| one.is_fresh()))], ended.epoch().as_i64(), Some(ended.epoch().as_i64()));
    // Another lock has epochs of its own.
    let other = Leases::memory_with(|| Timestamp::from_micros(1)).lock("other").acquire(Duration::ZERO).await;
    fresh(delta("other", &other.expect("it is free")).await);
    assert_eq!(stored.number("SELECT count(*) FROM idem_fences").await, 2);
}
