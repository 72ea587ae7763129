//! The engine's calls and the user's own statements in one transaction.

use std::convert::Infallible;
use std::future::{Future, IntoFuture as _};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use idem_core::{Effect, Error, ErrorKind, Natural, Retry};

use super::case::{fresh, key, refused, replayed};
use super::machines::{door, order};
use super::subject::{Stored, Subject};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };
const NOTES: &str = "SELECT count(*) FROM notes";

/// With a table of the user's own and an order that was started.
async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE notes (note text)").await;
    stored.orders().at("o").start(order::Pending { total: 500 }).await.expect("started");
    stored
}

async fn version<S: Subject>(stored: &Stored<'_, S>) -> u64 {
    stored.orders().at("o").get().await.expect("readable").map_or(0, |machine| machine.version())
}

/// The user's row and the command, in either order.
pub async fn commit_keeps_both_sides<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    stored.execute_on(tx.conn(), "INSERT INTO notes VALUES ('before')").await;
    let paid = fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    stored.execute_on(tx.conn(), "INSERT INTO notes VALUES ('after')").await;
    assert_eq!(order.within(&mut tx).get().await.expect("readable").expect("started").version(), 2);
    tx.commit().await.expect("committed");
    assert_eq!((stored.number(NOTES).await, version(&stored).await), (2, 2));
    replayed(order.pay(&key("k"), PAY).await, &paid);
}

/// Rolled back, dropped, or dropped with its work unread: the key is free again, and the pool is clean.
pub async fn rollback_and_drop_keep_neither<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let rows = stored.rows().await;
    for round in 0..6 {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.conn(), "INSERT INTO notes VALUES ('never')").await;
        fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
        if round % 2 == 0 {
            tx.rollback().await;
        } else {
            drop(tx);
        }
        assert_eq!((stored.number(NOTES).await, version(&stored).await, stored.rows().await), (0, 1, rows));
    }
    fresh(order.pay(&key("k"), PAY).await);
}

/// Inside, a repeat is a repeat, `Natural` finds the state reached, and a batch of steps builds on itself.
pub async fn a_repeat_inside_sees_what_ran_inside<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    let paid = fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    replayed(order.within(&mut tx).pay(&key("k"), PAY).await, &paid);
    replayed(order.within(&mut tx).pay(Natural, PAY).await, &paid);
    refused(order.within(&mut tx).ship(&key("k"), order::Ship { tracking: "T".into() }).await, ErrorKind::KeyReused);
    let shipped = fresh(order.within(&mut tx).ship(Natural, order::Ship { tracking: "T".into() }).await);
    assert_eq!(shipped.seq(), 3);
    let door = stored.doors().at("d");
    assert_eq!(fresh(door.within(&mut tx).knock(&key("k"), door::Knock { times: 1 }).await).seq(), 2);
    tx.commit().await.expect("committed");
    assert!(replayed(order.pay(&key("k"), PAY).await, &paid).is_superseded());
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'sales'").await, 500);
}

/// A rejection, an illegal command, a reused key: the transaction goes on and commits the rest.
pub async fn a_refused_call_leaves_the_transaction_usable<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    refused(order.within(&mut tx).pay(&key("k"), order::Pay { amount: 1, rate: 1 }).await, ErrorKind::Rejected);
    refused(order.within(&mut tx).ship(Natural, order::Ship { tracking: "T".into() }).await, ErrorKind::Invalid);
    refused(stored.orders().at("nobody").within(&mut tx).pay(&key("k"), PAY).await, ErrorKind::NotStarted);
    refused(order.within(&mut tx).start(order::Pending { total: 1 }).await, ErrorKind::AlreadyStarted);
    stored.execute_on(tx.conn(), "INSERT INTO notes VALUES ('kept')").await;
    fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    tx.commit().await.expect("committed");
    assert_eq!((stored.number(NOTES).await, version(&stored).await), (1, 2));
}

/// One that the user began with sqlx, to commit and to roll back.
pub async fn an_adopted_transaction_is_the_same<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    for commit in [false, true] {
        let mut begun = on.begin(stored.idem.pool()).await.expect("begun");
        stored.execute_on(&mut begun, "INSERT INTO notes VALUES ('mine')").await;
        let mut tx = stored.idem.adopt_tx(begun);
        fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
        if commit {
            tx.commit().await.expect("committed");
        } else {
            tx.rollback().await;
        }
        assert_eq!(stored.number(NOTES).await, i64::from(commit));
        assert_eq!(version(&stored).await, if commit { 2 } else { 1 });
    }
}

/// However far the call had come: the transaction says that it is interrupted, or goes on as if the call had not been; it
/// never commits half a call.
pub async fn a_dropped_call_breaks_the_transaction_or_leaves_no_trace<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let rows = stored.rows().await;
    let (mut broken, mut whole, mut polls) = (0, 0, 0);
    // On a busy machine every answer may be there at the first poll, and nothing is dropped: then once more.
    let mut rounds = 100;
    loop {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.conn(), "INSERT INTO notes VALUES ('unit')").await;
        if polled(order.within(&mut tx).pay(&key("k"), PAY).into_future(), polls).await.is_some() {
            tx.rollback().await;
            rounds -= 1;
            if broken > 0 || rounds == 0 {
                break;
            }
            polls = 0;
            continue;
        }
        match tx.commit().await {
            Ok(()) => whole += 1,
            Err(Error::Interrupted) => broken += 1,
            Err(error) => panic!("a commit after a dropped call: {error}"),
        }
        assert_eq!((stored.rows().await, version(&stored).await), (rows, 1), "after {polls} polls");
        polls += 1;
    }
    assert_eq!(stored.number(NOTES).await, whole, "a broken transaction keeps nothing of the user's either");
    assert!(broken > 0, "no poll fell between the first write and the last");
    fresh(order.pay(&key("k"), PAY).await);
}

/// Polls a future at most so often, with the runtime's other work in between, then drops it.
pub(super) async fn polled<T>(future: impl Future<Output = T>, polls: u32) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Another transaction holds the key and the machine: within the bound its outcome is waited for, past it the answer is
/// `InFlight`, and the next try gets the outcome.
pub async fn a_duplicate_waits_for_the_first_within_its_bound<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    let first = fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    let bound = Duration::from_millis(50);
    for _ in 0..2 {
        let error = refused(order.pay(&key("k"), PAY).deadline(bound).await, ErrorKind::InFlight);
        assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        refused(order.cancel(Natural, order::Cancel { reason: "?".into() }).deadline(bound).await, ErrorKind::InFlight);
    }
    let waiting = tokio::spawn({
        let order = order.clone();
        async move { order.pay(&key("k"), PAY).deadline(Duration::from_mins(1)).await }
    });
    tokio::task::yield_now().await;
    tx.commit().await.expect("committed");
    replayed(waiting.await.expect("no panic"), &first);
    replayed(order.pay(&key("k"), PAY).deadline(bound).await, &first);
}

/// Where one transaction writes at a time a second one cannot begin; elsewhere two that touch different machines commit.
pub async fn two_transactions_wait_only_where_they_must<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let brief = on.builder().lock_wait(Duration::from_millis(50)).open(&on.url()).await.expect("opened");
    let order = stored.orders().at("o");
    let mut first = brief.begin().await.expect("begun");
    fresh(order.within(&mut first).pay(&key("k"), PAY).await);
    match brief.begin().await {
        Ok(mut second) => {
            assert!(!on.differences().one_writer);
            fresh(stored.doors().at("d").within(&mut second).knock(&key("k"), door::Knock { times: 1 }).await);
            second.commit().await.expect("committed");
        }
        Err(error) => assert!(on.differences().one_writer && error.kind() == ErrorKind::InFlight, "{error}"),
    }
    first.commit().await.expect("committed");
    assert_eq!(version(&stored).await, 2);
}

/// Its own error comes out, and nothing of it is applied.
pub async fn a_unit_that_fails_leaves_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let unit: Result<(), Box<dyn std::error::Error + Send + Sync>> = stored
        .idem
        .transaction(Retry::default(), |tx| {
            let order = order.clone();
            Box::pin(async move {
                order.within(tx).pay(&key("k"), PAY).await?;
                Err("on second thoughts".into())
            })
        })
        .await;
    assert_eq!(unit.expect_err("it failed").to_string(), "on second thoughts");
    assert_eq!(version(&stored).await, 1);
}

/// Each unit reads, decides and writes; what loses a race runs again, and all of them have their effect once.
pub async fn units_that_race_all_succeed<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    // What is not there yet cannot be locked by reading it.
    stored.doors().at("d").start(door::Shut).await.expect("started");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (idem, door) = (stored.idem.clone(), stored.doors().at("d"));
        tasks.spawn(async move {
            idem.transaction::<_, Error<Infallible>, _>(Retry::default().attempts(50), |tx| {
                let door = door.clone();
                Box::pin(async move {
                    let seen = door.within(tx).get().await?.map_or(0, |machine| machine.version());
                    let knocked = door.within(tx).knock(&key(&format!("k{number}")), door::Knock { times: 0 }).await?;
                    // What was read is what the command ran on: nobody came between.
                    assert_eq!(knocked.seq(), seen + 1);
                    Ok(())
                })
            })
            .await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic").expect("each unit commits");
    }
    let machine = stored.doors().at("d").get().await.expect("readable").expect("started");
    assert_eq!(machine.version(), 9);
}
