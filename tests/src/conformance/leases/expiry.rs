//! What expires, and clocks that are set.

use std::time::Duration;

use idem_core::lease::{Claim, Completed, WhenLost};
use idem_core::{Epoch, ErrorKind};

use super::{LEASE, LeaseSubject, claim, is_held, is_lost, job, mine, remembered, request};
use crate::conformance::{key, refused};

const HOUR: i64 = 3_600;

/// Counted from completion, swept or not: then the key is as free as one that was never used.
pub async fn expired_outcome_is_new_request<S: LeaseSubject>(on: &S) {
    for (name, sweeps) in [("unswept", false), ("swept", true)] {
        let keep = Duration::from_secs(100);
        let here = job(&on.leases(), WhenLost::Resume).remember_for(keep);
        let there = job(&on.other().await, WhenLost::Resume).remember_for(keep);
        let owned = mine(&here, name).await;
        owned.lease().save(&17).await.expect("saved");
        on.set_clock(50).await;
        owned.complete(b"first").await.expect("completed");
        on.set_clock(60).await;
        assert_eq!(remembered(&there, name).await, b"first");
        on.set_clock(41).await;
        if sweeps {
            on.sweep().await;
        }
        let claimed = there.claim(&key(name), &request("coffee")).await.expect("answered");
        let Claim::Mine(anew) = claimed else { panic!("{name}: {claimed:?}") };
        let saved = anew.lease().resumed::<u32>().expect("nothing");
        assert_eq!((anew.lease().attempt(), saved), (1, None), "{name}");
        refused(here.claim(&key(name), &request("tea")).await, ErrorKind::KeyReused);
        anew.complete(b"second").await.expect("completed");
        let found = there.claim(&key(name), &request("coffee")).await.expect("answered");
        assert!(matches!(found, Claim::Remembered(found) if found.outcome == b"second"));
    }
}

/// Neither a claim that is live nor one that is lost expires.
pub async fn claim_is_never_swept<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::default()), job(&on.other().await, WhenLost::default()));
    let live = mine(&here, "live").await;
    mine(&here, "lost").await.abandon().await.expect("abandoned");
    on.sweep().await;
    assert!(is_held(&there, "live").await && is_lost(&there, "lost").await);
    on.set_clock(100 * 24 * HOUR).await;
    on.sweep().await;
    assert!(is_lost(&there, "live").await && is_lost(&there, "lost").await);
    assert_eq!(here.lost().await.expect("readable").len(), 2);
    assert!(matches!(live.complete(b"late").await, Ok(Completed::Fresh { .. })));
}

/// Whatever came between two claims, also where the clock was set back.
pub async fn epochs_of_key_grow<S: LeaseSubject>(on: &S) {
    let keep = Duration::from_secs(1);
    let here = job(&on.leases(), WhenLost::Reexecute).remember_for(keep);
    let there = job(&on.other().await, WhenLost::Reexecute).remember_for(keep);
    let mut last: Option<(Epoch, i64)> = None;
    for back in [0, HOUR] {
        for how in ["released", "completed", "swept", "abandoned", "lease over", "released by operator", "locked"] {
            let owned = mine(&here, "k").await;
            let epoch = owned.lease().epoch();
            if let Some((last, moved)) = last {
                assert!(epoch.as_i64() > last.as_i64() + moved, "{last} {moved} {epoch} before it is {how}, {back}");
            }
            assert!(epoch.as_i64() > 0);
            let mut moved = 0;
            match how {
                "abandoned" => owned.abandon().await.expect("abandoned"),
                "lease over" => drop(on.set_clock(LEASE + 1).await),
                "released by operator" => {
                    on.set_clock(LEASE + 1).await;
                    let listed = here.lost().await.expect("readable");
                    let how = idem_core::lease::Resolved::NotDone;
                    there.resolve(&listed[0].id, how, "asked").await.expect("resolved");
                    moved += on.set_clock(-back).await;
                }
                "released" | "locked" => {
                    owned.release().await.expect("released");
                    moved += on.set_clock(-back).await;
                }
                _ => {
                    owned.complete(b"done").await.expect("completed");
                    moved += on.set_clock(2).await;
                    if how == "swept" {
                        on.sweep().await;
                        moved += on.set_clock(-back).await;
                    }
                }
            }
            last = Some((epoch, moved));
        }
    }
    // Of a lock as well.
    let lock = on.leases().lock("l");
    let mut last = lock.acquire(Duration::ZERO).await.expect("free");
    for back in [0, HOUR] {
        let before = last.epoch().as_i64();
        last.release().await.expect("released");
        let moved = on.set_clock(-back).await;
        on.sweep().await;
        last = lock.acquire(Duration::ZERO).await.expect("free");
        assert!(last.epoch().as_i64() > before + moved);
    }
}

/// The store says that the lease is over, and its owner does not know: it may complete unless another one has taken over.
pub async fn clock_set_on_during_claim_loses_no_outcome<S: LeaseSubject>(on: &S) {
    let (waits, takes) = (WhenLost::Indeterminate, WhenLost::Reexecute);
    let (here, there) = (on.leases(), on.other().await);
    let (first, second) = (mine(&job(&here, waits), "first").await, mine(&job(&here, takes), "second").await);
    on.set_clock(HOUR).await;
    assert!(is_lost(&job(&there, waits), "first").await);
    first.lease().check().expect("it has not heard of it");
    let next = mine(&job(&there, takes), "second").await;
    assert!(matches!(first.complete(b"done").await, Ok(Completed::Fresh { .. })));
    assert_eq!(remembered(&job(&there, waits), "first").await, b"done");
    refused(second.complete(b"old").await, ErrorKind::Fenced);
    next.complete(b"new").await.expect("completed");
    assert_eq!(remembered(&job(&here, waits), "second").await, b"new");
}

/// The lease seems longer than it is: others wait for its owner all the same, which ends it when it is done.
pub async fn clock_set_back_during_claim_loses_no_outcome<S: LeaseSubject>(on: &S) {
    let takes = WhenLost::Reexecute;
    let (here, there) = (job(&on.leases(), takes), job(&on.other().await, takes));
    let first = mine(&here, "first").await;
    let (second, third) = (mine(&here, "second").await, mine(&here, "third").await);
    let epoch = second.lease().epoch();
    on.set_clock(-HOUR).await;
    let Claim::Held { left } = claim(&there, "first").await else { panic!("it is held") };
    assert!(left > Duration::from_secs(HOUR.unsigned_abs()), "{left:?}");
    let Ok(Completed::Fresh { at }) = first.complete(b"done").await else { panic!("it was held") };
    assert_eq!(remembered(&there, "first").await, b"done");
    second.abandon().await.expect("abandoned");
    let next = mine(&there, "second").await;
    assert!(next.lease().attempt() == 2 && next.lease().epoch() > epoch);
    third.release().await.expect("released");
    assert_eq!(mine(&there, "third").await.lease().attempt(), 1);
    // What was recorded after the clock was set back is remembered for as long as it says.
    on.set_clock(23 * HOUR).await;
    let Claim::Remembered(found) = claim(&there, "first").await else { panic!("it is remembered") };
    assert_eq!(found.expires_at.as_micros() - found.at.as_micros(), 24 * HOUR * 1_000_000, "{at}");
    on.set_clock(HOUR + 60).await;
    assert!(matches!(claim(&there, "first").await, Claim::Mine(_)));
}
