//! What operators see of lost claims, and say of them.

use std::time::Duration;

use idem_core::lease::{Claim, ClaimId, Completed, Failed, LeasedOperation, LostClaim, Resolved, WhenLost};
use idem_core::{Effect, Error, ErrorKind, Key};

use super::{LEASE, LeaseSubject, claim, is_lost, job, mine, remembered, request};
use crate::conformance::{key, refused, replayed};

/// The only one that is listed.
async fn only(job: &LeasedOperation) -> LostClaim {
    let lost = job.lost().await.expect("readable");
    let [one] = &lost[..] else { panic!("expected one lost claim, found {lost:?}") };
    one.clone()
}

/// The longest ago first: those of this operation whose owners lost their leases, and no others.
pub async fn lost_claims_of_operation_are_listed<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::Reexecute), job(&on.other().await, WhenLost::Reexecute));
    assert_eq!(here.lost().await.expect("readable"), []);
    let first = mine(&here, "first").await;
    let (epoch, hour) = (first.lease().epoch(), Duration::from_hours(1));
    on.set_clock(LEASE + 1).await;
    let again = mine(&here, "first").await;
    let id = again.lease().id();
    assert_ne!(id, first.lease().id());
    again.abandon().await.expect("abandoned");
    let listed = only(&there).await;
    assert_eq!((listed.attempts, listed.id), (2, id));
    on.set_clock(60).await;
    let scoped = Key::new("tenant", "second").expect("a key");
    let Claim::Mine(second) = here.claim(&scoped, &request("tea")).await.expect("answered") else { panic!("free") };
    let second_epoch = second.lease().epoch();
    drop(first);
    second.abandon().await.expect("abandoned");
    // None of these.
    let live = mine(&here, "live").await;
    mine(&here, "completed").await.complete(b"done").await.expect("completed");
    mine(&here, "released").await.release().await.expect("released");
    let other = on.leases().operation("job 2");
    mine(&other, "other").await.abandon().await.expect("abandoned");
    let _lock = on.leases().lock("job").lease(hour).acquire(Duration::ZERO).await.expect("free");

    for job in [&here, &there] {
        let lost = job.lost().await.expect("readable");
        let seen: Vec<_> = lost.iter().map(|lost| (&*lost.operation, &*lost.scope, lost.attempts)).collect();
        assert_eq!(seen, [("job", key("first").scope(), 2), ("job", "tenant", 1)]);
        assert!(lost[0].epoch > epoch && lost[1].epoch == second_epoch, "{lost:?}");
        assert!(lost[0].since < lost[1].since && lost[0].claimed_at <= lost[0].since, "{lost:?}");
        assert!(lost[0].tag != lost[1].tag && !lost[0].tag.is_empty(), "{lost:?}");
        for claim in &lost {
            let read: ClaimId = claim.id.to_string().parse().expect("as it was written");
            assert_eq!(read, claim.id);
        }
        for text in ["", "-", "12-34", &lost[0].id.to_string()[1..], &format!("{}x", lost[0].id)] {
            refused(text.parse::<ClaimId>(), ErrorKind::Config);
        }
    }
    assert_eq!(only(&other).await.scope, key("other").scope());
    // It is resolved by its own operation, whose outcomes are of its type.
    for how in [Resolved::NotDone, Resolved::Completed(b"done".to_vec())] {
        refused(here.resolve(&only(&other).await.id, how, "found").await, ErrorKind::Config);
    }
    // One whose lease ends comes last.
    on.set_clock(LEASE + 1).await;
    assert_eq!(here.lost().await.expect("readable").len(), 3);
    live.complete(b"done").await.expect("nobody took it over");
    assert_eq!(here.lost().await.expect("readable").len(), 2);
}

/// It was done: repeats get the outcome, and its owner, should it come back, gets it as well.
pub async fn lost_claim_resolved_as_completed_is_remembered<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::default()), job(&on.other().await, WhenLost::default()));
    let owner = mine(&here, "k").await;
    let lease = owner.lease().clone();
    on.set_clock(LEASE + 1).await;
    let lost = only(&there).await;
    there.resolve(&lost.id, Resolved::completed(&17).expect("a number"), "found in the log").await.expect("resolved");
    assert_eq!(there.lost().await.expect("readable"), []);
    let recorded = remembered(&here, "k").await;
    refused(lease.save(&1).await, ErrorKind::Fenced);
    match owner.complete(b"late").await {
        Ok(Completed::Remembered(found)) => assert_eq!(found.outcome, recorded),
        other => panic!("{other:?}"),
    }
    refused(here.claim(&key("k"), &request("coffee")).await, ErrorKind::KeyReused);
    // As the outcome of a closure.
    let work = |_| async { Err::<i32, _>(Failed::NotDone(Error::ShutDown)) };
    let lost = here.leased(&key("l"), "tea", |_| async { Err::<i32, Failed<Error>>(std::fmt::Error.into()) }).await;
    refused(lost, ErrorKind::Lost);
    let lost = only(&here).await;
    here.resolve(&lost.id, Resolved::completed(&18).expect("a number"), "found").await.expect("resolved");
    let first = there.leased(&key("l"), "tea", work).await.expect("recorded");
    assert!(first.is_replay() && *first == 18, "{first:?}");
    replayed(here.leased(&key("l"), "tea", work).await, &first);
}

/// It was not done: the key is free for any request, and its owner, should it come back, is none.
pub async fn lost_claim_resolved_as_not_done_is_free<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::default()), job(&on.other().await, WhenLost::default()));
    let owner = mine(&here, "k").await;
    let epoch = owner.lease().epoch();
    on.set_clock(LEASE + 1).await;
    there.resolve(&only(&there).await.id, Resolved::NotDone, "asked the bank").await.expect("resolved");
    assert_eq!(here.lost().await.expect("readable"), []);
    refused(owner.complete(b"late").await, ErrorKind::Fenced);
    let claimed = there.claim(&key("k"), &request("coffee")).await.expect("answered");
    let Claim::Mine(anew) = claimed else { panic!("{claimed:?}") };
    assert!(anew.lease().attempt() == 1 && anew.lease().epoch() > epoch, "{anew:?}");
    anew.complete(b"done").await.expect("completed");
}

/// Not of a claim that is live, resolved, completed, released, taken over, or none.
pub async fn claim_that_is_not_lost_cannot_be_resolved<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::Reexecute), job(&on.other().await, WhenLost::Reexecute));
    let resolve = async |id: &ClaimId| {
        for how in [Resolved::NotDone, Resolved::Completed(b"resolved".to_vec())] {
            let error = refused(there.resolve(id, how, "a mistake").await, ErrorKind::Fenced);
            assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        }
    };
    let owner = mine(&here, "k").await;
    on.set_clock(LEASE + 1).await;
    let id = only(&here).await.id;
    // It is the owner's again.
    let back = on.set_clock(-LEASE - 1).await;
    assert_eq!(here.lost().await.expect("readable"), []);
    resolve(&id).await;
    on.set_clock(LEASE + 1).await;
    for unfit in ["", "a\nb", &"x".repeat(256)] {
        refused(there.resolve(&id, Resolved::NotDone, unfit).await, ErrorKind::Key);
    }
    let too_large = Resolved::Completed(vec![0; (1 << 20) + 1]);
    refused(there.resolve(&id, too_large, "found").await, ErrorKind::TooLarge);
    assert_eq!(only(&here).await.id, id, "{back}");
    let next = mine(&there, "k").await;
    resolve(&id).await;
    next.abandon().await.expect("abandoned");
    resolve(&id).await;
    let newest = only(&here).await.id;
    assert_ne!(newest, id);
    there.resolve(&newest, Resolved::Completed(b"done".to_vec()), "found").await.expect("resolved");
    resolve(&newest).await;
    assert_eq!(remembered(&here, "k").await, b"done");
    drop(owner);
    mine(&here, "l").await.abandon().await.expect("abandoned");
    let id = only(&here).await.id;
    there.resolve(&id, Resolved::NotDone, "asked").await.expect("resolved");
    resolve(&id).await;
    let tag = id.to_string().rsplit('-').next().expect("of the operation").to_owned();
    let none: ClaimId = format!("{}-1-{tag}", "0".repeat(46)).parse().expect("an id");
    resolve(&none).await;
    assert!(matches!(claim(&here, "l").await, Claim::Mine(_)));
    assert!(!is_lost(&job(&on.leases(), WhenLost::Indeterminate), "k").await);
}
