//! Calls that come at the same time and share transactions: each has its own answer.

mod begun;
pub mod callers;
pub mod crowds;
pub mod held;
pub mod limits;

use std::time::Duration;

use idem_core::Idem;
use tokio::task::JoinSet;

use crate::conformance::Subject;

/// A crowd of callers waits for connections and locks, which is what is tested, not for how long.
pub(super) async fn patient<S: Subject>(on: &S) -> Idem<S::DB> {
    let builder = on.builder().lock_wait(Duration::from_mins(1)).acquire_timeout(Duration::from_mins(1));
    builder.max_connections(40).open(&on.url()).await.expect("opened")
}

/// Waits for all; what they gave.
pub(super) async fn all<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(task) = tasks.join_next().await {
        done.push(task.expect("no panic"));
    }
    done
}
