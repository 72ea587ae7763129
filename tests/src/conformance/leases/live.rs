//! Leases that their owners' process renews.

use std::time::{Duration, Instant};

use idem_core::ErrorKind;
use idem_core::lease::{Claim, Completed, Lease, WhenLost};
use tokio::time::timeout;

use super::{LONG, LeaseSubject, claim, is_held, job, mine, remembered, request};
use crate::conformance::{key, refused};

/// Waits until a lease was renewed.
async fn renewed(lease: &Lease, before: Instant) -> Instant {
    let renewed = async {
        while lease.ends() <= before {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        lease.ends()
    };
    timeout(LONG, renewed).await.expect("it is renewed")
}

/// While its owner works, though it is shorter than the work; others wait.
pub async fn lease_is_renewed_while_its_owner_works<S: LeaseSubject>(on: &S) {
    // Long enough for a busy machine to renew it in time.
    let lease = Duration::from_secs(2);
    let here = job(&on.leases(), WhenLost::Reexecute).lease(lease);
    let there = job(&on.other().await, WhenLost::Reexecute).lease(lease);
    let guard = on.leases().lock("k").lease(lease).acquire(LONG).await.expect("free");
    let owned = mine(&here, "k").await;
    let first = owned.lease().ends();
    let second = renewed(owned.lease(), first).await;
    renewed(owned.lease(), second).await;
    assert!(is_held(&there, "k").await && is_held(&here, "k").await);
    owned.lease().check().expect("it is held");
    assert!(matches!(owned.complete(b"done").await, Ok(Completed::Fresh { .. })));
    assert_eq!(remembered(&there, "k").await, b"done");
    assert!(on.other().await.lock("k").try_acquire().await.expect("answered").is_none());
    guard.release().await.expect("it is held");
    assert!(on.other().await.lock("k").try_acquire().await.expect("answered").is_some());
}

/// When its process finds out that another owner has taken over.
pub async fn owner_learns_that_another_has_taken_over<S: LeaseSubject>(on: &S) {
    let lease = Duration::from_secs(1);
    let here = job(&on.leases(), WhenLost::Reexecute).lease(lease);
    let there = job(&on.other().await, WhenLost::Reexecute);
    let owned = mine(&here, "k").await;
    let next = loop {
        on.set_clock(2).await;
        // A renewal may have come between.
        if let Claim::Mine(next) = claim(&there, "k").await {
            break next;
        }
    };
    timeout(LONG, owned.lease().lost()).await.expect("it learns it by its next renewal");
    let error = refused(owned.lease().check(), ErrorKind::Fenced);
    assert!(!error.is_retryable(), "{error}");
    refused(owned.complete(b"old").await, ErrorKind::Fenced);
    next.complete(b"new").await.expect("completed");
}

/// An owner whose process is not served for as long as its lease: it stops relying on it, and may not go on once it has.
pub async fn owner_whose_thread_was_blocked_beyond_its_lease_stops<S: LeaseSubject>(on: &S) {
    let lease = Duration::from_millis(150);
    super::closures::on_one_thread(on, async |leases| {
        let owned = mine(&job(&leases, WhenLost::Indeterminate).lease(lease), "k").await;
        std::thread::sleep(lease);
        refused(owned.lease().check(), ErrorKind::Fenced);
        owned.lease().lost().await;
    });
    // How much of the work was done is not known.
    on.set_clock(1).await;
    let there = job(&on.other().await, WhenLost::Indeterminate);
    let found = there.claim_within(&key("k"), &request("tea"), LONG).await.expect("answered");
    assert!(matches!(found, Claim::Lost { .. }), "{found:?}");
}
