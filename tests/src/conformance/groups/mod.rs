//! Calls that come at the same time and share transactions: each has its own answer.

mod begun;
pub mod callers;
pub mod held;
pub mod limits;
pub mod many_callers;

use std::time::Duration;

use begun::begin;
use idem_core::{Database, Idem, Tx};
use tokio::task::JoinSet;

use crate::conformance::{Subject, fresh, key};

/// Many callers wait for connections and locks, which is what is tested, not for how long.
pub(super) async fn patient<S: Subject>(on: &S) -> Idem<S::DB> {
    let builder = on.builder().lock_wait(Duration::from_mins(1)).acquire_timeout(Duration::from_mins(1));
    builder.max_connections(40).open(&on.url()).await.expect("opened")
}

/// Calls that wait for what another transaction holds, so that all others come in groups.
pub(super) struct HeldUp<DB: Database> {
    waiting: JoinSet<()>,
    tx: Tx<DB>,
}

/// A process whose calls come in groups until [`HeldUp::end`]. Not where one transaction writes at a time.
pub(super) async fn held_up<S: Subject>(on: &S) -> (Idem<S::DB>, HeldUp<S::DB>) {
    let (idem, other) = (patient(on).await, patient(on).await);
    let held = idem.ledger().account("held up");
    fresh(held.apply_delta(&key("held up"), 1).await);
    let mut tx = other.begin().await.expect("begun");
    fresh(other.ledger().account("held up").within(&mut tx).apply_delta(&key("holds up"), 1).await);
    let mut waiting = JoinSet::new();
    for number in 0..16 {
        let (account, key) = (held.clone(), key(&format!("held up {number}")));
        let mut call = Box::pin(async move { drop(fresh(account.apply_delta(&key, 1).await)) });
        begin(&mut call).await;
        waiting.spawn(call);
    }
    (idem, HeldUp { waiting, tx })
}

impl<DB: Database> HeldUp<DB> {
    /// Lets them go on.
    pub(super) async fn end(self) {
        self.tx.commit().await.expect("committed");
        all(self.waiting).await;
    }
}

/// Waits for all; what they gave.
pub(super) async fn all<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(task) = tasks.join_next().await {
        done.push(task.expect("no panic"));
    }
    done
}
