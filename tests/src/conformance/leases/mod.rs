//! Leases and locks, on every store of them.
//!
//! Times are far apart, so it does not matter how long a clause runs: a lease is 1,000 seconds long where its end is not waited for, and
//! the clock is set by more than that.

pub mod claims;
pub mod closures;
pub mod expiry;
pub mod live;
pub mod locks;
pub mod operators;
mod subjects;

use std::time::Duration;

use idem_core::lease::{Claim, LeasedOperation, Leases, OwnedLease, WhenLost};
use idem_core::operation::Request;

use super::key;
pub use subjects::{LeaseSubject, MemoryLeases, RedisLeases, SqlLeases};

/// A bound on a wait for what comes at once, or when a short lease ends.
const LONG: Duration = Duration::from_mins(1);
/// A bound on a wait for what does not come.
const BRIEF: Duration = Duration::from_millis(50);
/// The length of a lease whose end is not waited for, in seconds.
const LEASE: i64 = 1_000;

/// An operation whose leases outlive the clause.
fn job(leases: &Leases, when_lost: WhenLost) -> LeasedOperation {
    let lease = Duration::from_secs(LEASE.unsigned_abs());
    leases.operation("job").lease(lease).when_lost(when_lost)
}

/// Whether a call is still under way after a while.
async fn is_pending<T>(call: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(BRIEF, call).await.is_err()
}

fn request(of: &str) -> Request {
    Request::to("job").part(of.as_bytes())
}

async fn claim(job: &LeasedOperation, name: &str) -> Claim {
    job.claim(&key(name), &request("tea")).await.expect("answered")
}

/// The lease of a key that must be claimed now.
async fn mine(job: &LeasedOperation, name: &str) -> OwnedLease {
    match claim(job, name).await {
        Claim::Mine(owned) => owned,
        other => panic!("expected the claim of {name:?}, found {other:?}"),
    }
}

/// The outcome of a key that must be completed.
async fn remembered(job: &LeasedOperation, name: &str) -> Vec<u8> {
    match claim(job, name).await {
        Claim::Remembered(remembered) => remembered.outcome,
        other => panic!("expected the outcome of {name:?}, found {other:?}"),
    }
}

async fn is_held(job: &LeasedOperation, name: &str) -> bool {
    matches!(claim(job, name).await, Claim::Held { .. })
}

async fn is_lost(job: &LeasedOperation, name: &str) -> bool {
    matches!(claim(job, name).await, Claim::Lost { .. })
}
