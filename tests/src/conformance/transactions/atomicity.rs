//! A transaction keeps all of it or nothing, however it ends.

use std::future::IntoFuture as _;

use idem_core::Error;

use super::{NOTES, PAY, polled, prepared, version};
use crate::conformance::{Subject, fresh, key, replayed};

/// The user's row and the command, in either order.
pub async fn transaction_commit_keeps_command_and_row_of_caller<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let mut tx = stored.idem.begin().await.expect("begun");
    stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('before')").await;
    let paid = fresh(order.within(&mut tx).pay(&key("k"), PAY).await);
    stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('after')").await;
    assert_eq!(order.within(&mut tx).get().await.expect("readable").expect("started").version(), 2);
    tx.commit().await.expect("committed");
    assert_eq!((stored.number(NOTES).await, version(&stored).await), (2, 2));
    replayed(order.pay(&key("k"), PAY).await, &paid);
}

/// Rolled back, dropped, or dropped with its work unread: the key is free again, and the pool is clean.
pub async fn transaction_rollback_or_drop_keeps_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let rows = stored.rows().await;
    for round in 0..6 {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('never')").await;
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

/// One that the user began with sqlx, to commit and to roll back.
pub async fn adopted_transaction_commits_and_rolls_back_commands<S: Subject>(on: &S) {
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
pub async fn command_dropped_in_transaction_breaks_it_or_has_no_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let order = stored.orders().at("o");
    let rows = stored.rows().await;
    let (mut broken, mut whole, mut polls) = (0, 0, 0);
    // On a busy machine every answer may be there at the first poll, and nothing is dropped: then once more.
    let mut rounds = 100;
    loop {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored.execute_on(tx.bare().await.expect("open"), "INSERT INTO notes VALUES ('unit')").await;
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
