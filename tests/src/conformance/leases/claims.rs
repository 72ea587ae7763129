//! A claim, and how it ends.

use std::time::Duration;

use idem_core::lease::{Claim, Completed, WhenLost};
use idem_core::{Error, ErrorKind, Key};

use super::{BRIEF, LEASE, LONG, LeaseSubject, claim, is_held, is_lost, job, mine, remembered, request};
use crate::conformance::{key, refused};

/// Claimed, it is held for all others; completed, its outcome is remembered, byte for byte.
pub async fn completed_claim_is_remembered_by_every_process<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::default()), job(&on.other().await, WhenLost::default()));
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for (number, outcome) in [vec![], vec![0], all.clone(), all.repeat(256)].into_iter().enumerate() {
        let name = number.to_string();
        let owned = mine(&here, &name).await;
        assert_eq!((owned.lease().attempt(), owned.lease().resumed::<u32>().expect("nothing was saved")), (1, None));
        assert_eq!(owned.lease().key().scope(), key(&name).scope());
        owned.lease().check().expect("it is held");
        for job in [&here, &there] {
            let Claim::Held { left } = claim(job, &name).await else { panic!("it is held") };
            assert!(left <= Duration::from_secs(LEASE.unsigned_abs()) && left > LONG, "{left:?}");
            let waited = job.claim_within(&key(&name), &request("tea"), BRIEF).await;
            assert!(matches!(waited, Ok(Claim::Held { .. })), "{waited:?}");
        }
        let Ok(Completed::Fresh { at }) = owned.complete(&outcome).await else { panic!("it was held") };
        for job in [&here, &there] {
            let Claim::Remembered(found) = claim(job, &name).await else { panic!("it is completed") };
            assert_eq!((&found.outcome, found.at, found.superseded), (&outcome, at, false), "{name}");
            let kept = found.expires_at.as_micros() - at.as_micros();
            assert_eq!(kept, 24 * 3_600_000_000);
        }
    }
    // Another operation or scope has keys of its own.
    let elsewhere = Key::new("other", key("0").as_str()).expect("a key");
    assert!(matches!(here.claim(&elsewhere, &request("tea")).await, Ok(Claim::Mine(_))));
    assert!(matches!(on.leases().operation("other").claim(&key("0"), &request("tea")).await, Ok(Claim::Mine(_))));
}

/// While it is claimed, completed or lost: whoever asks. Released, the key is any request's.
pub async fn other_request_under_claimed_key_is_refused<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::default()), job(&on.other().await, WhenLost::Reexecute));
    let refuse = async |name: &str| {
        for job in [&here, &there] {
            for error in [
                refused(job.claim(&key(name), &request("coffee")).await, ErrorKind::KeyReused),
                refused(job.claim_within(&key(name), &request("coffee"), LONG).await, ErrorKind::KeyReused),
            ] {
                assert!(!error.is_retryable() && error.to_string().contains("`job`"), "{error}");
            }
        }
    };
    let owned = mine(&here, "completed").await;
    refuse("completed").await;
    owned.complete(b"done").await.expect("completed");
    refuse("completed").await;
    assert_eq!(remembered(&there, "completed").await, b"done");
    mine(&here, "lost").await.abandon().await.expect("abandoned");
    refuse("lost").await;
    assert!(is_lost(&here, "lost").await);

    mine(&here, "released").await.release().await.expect("released");
    let claimed = there.claim(&key("released"), &request("coffee")).await;
    let Ok(Claim::Mine(owned)) = claimed else { panic!("{claimed:?}") };
    assert_eq!(owned.lease().attempt(), 1);
    refused(here.claim(&key("released"), &request("tea")).await, ErrorKind::KeyReused);
}

/// The end of the work is not known: it is lost, or done again by another owner, a later one.
pub async fn abandoned_claim_is_lost_or_taken_over<S: LeaseSubject>(on: &S) {
    let (here, there) = (on.leases(), on.other().await);
    let waits = job(&there, WhenLost::Indeterminate);
    for (name, drops) in [("abandoned", false), ("dropped", true)] {
        let owned = mine(&job(&here, WhenLost::Indeterminate), name).await;
        let (epoch, kept) = (owned.lease().epoch(), owned.lease().clone());
        kept.save(&17).await.expect("saved");
        let foreign = owned.lease().key();
        if drops {
            drop(owned);
        } else {
            owned.abandon().await.expect("abandoned");
        }
        // What is dropped is abandoned in the background.
        let found = waits.claim_within(&key(name), &request("tea"), LONG).await.expect("answered");
        assert!(matches!(found, Claim::Lost { epoch: lost, .. } if lost == epoch), "{name}: {found:?}");
        refused(kept.check(), ErrorKind::Fenced);
        kept.lost().await;
        let again = mine(&job(&there, WhenLost::Reexecute), name).await;
        assert_eq!((again.lease().attempt(), again.lease().key()), (2, foreign), "{name}");
        assert!(again.lease().epoch() > epoch, "{name}");
        assert_eq!(again.lease().resumed::<u32>().expect("it is not resumed"), None, "{name}");
        assert!(is_held(&waits, name).await, "{name}");
        refused(kept.save(&18).await, ErrorKind::Fenced);
        again.abandon().await.expect("abandoned");
        let resumed = mine(&job(&here, WhenLost::Resume), name).await;
        let saved = resumed.lease().resumed::<u32>().expect("a number");
        assert_eq!((resumed.lease().attempt(), saved), (3, Some(17)), "{name}");
        resumed.complete(b"done").await.expect("completed");
        assert_eq!(remembered(&waits, name).await, b"done");
    }
}

/// The newest that was saved; of another type it is not guessed; too large, what was saved before stays.
pub async fn checkpoint_is_seen_by_owner_that_resumes<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::Resume), job(&on.other().await, WhenLost::Resume));
    let owned = mine(&here, "k").await;
    assert_eq!(owned.lease().resumed::<Vec<u32>>().expect("nothing was saved"), None);
    owned.lease().save(&[1, 2]).await.expect("saved");
    owned.lease().save(&[1, 2, 3]).await.expect("saved");
    refused(owned.lease().save(&"x".repeat(1 << 21)).await, ErrorKind::TooLarge);
    refused(owned.lease().save(&std::collections::HashMap::from([((1, 2), 3)])).await, ErrorKind::Unencodable);
    owned.abandon().await.expect("abandoned");
    let next = mine(&there, "k").await;
    assert_eq!(next.lease().resumed::<Vec<u32>>().expect("a list"), Some(vec![1, 2, 3]));
    refused(next.lease().resumed::<String>(), ErrorKind::Undecodable);
    // Released: whoever comes next begins anew.
    next.release().await.expect("released");
    let anew = mine(&here, "k").await;
    assert_eq!((anew.lease().attempt(), anew.lease().resumed::<Vec<u32>>().expect("nothing")), (1, None));
    assert_eq!(
        refused(anew.complete(&vec![0; (1 << 20) + 1]).await, ErrorKind::TooLarge).effect(),
        idem_core::Effect::NotApplied
    );
}

/// Its owner was paused for longer than its lease: it is none any more, whatever it tries, and the new owner's record stays as it is.
pub async fn owner_whose_claim_was_taken_over_is_fenced<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::Resume), job(&on.other().await, WhenLost::Resume));
    for how in ["complete", "release", "abandon", "save", "drop"] {
        let old = mine(&here, how).await;
        let (lease, epoch) = (old.lease().clone(), old.lease().epoch());
        lease.save(&1).await.expect("saved");
        on.set_clock(LEASE + 1).await;
        let new = mine(&there, how).await;
        assert!(new.lease().epoch() > epoch && new.lease().attempt() == 2, "{how}");
        new.lease().save(&2).await.expect("saved");
        let fenced = match how {
            "complete" => old.complete(b"old").await.map(drop),
            "release" => old.release().await,
            "abandon" => old.abandon().await,
            "save" => lease.save(&3).await,
            _ => {
                drop(old);
                lease.save(&3).await
            }
        };
        let Error::Fenced { mine: found, current, .. } = refused(fenced, ErrorKind::Fenced) else { unreachable!() };
        assert_eq!((found, current), (epoch, Some(new.lease().epoch())), "{how}");
        // It knows from now on, though its lease would last.
        refused(lease.check(), ErrorKind::Fenced);
        lease.lost().await;
        assert!(is_held(&here, how).await && is_held(&there, how).await, "{how}");
        new.abandon().await.expect("it is the owner's");
        let newest = mine(&here, how).await;
        assert_eq!(newest.lease().resumed::<u32>().expect("a number"), Some(2), "{how}");
        newest.complete(b"new").await.expect("completed");
        assert_eq!(remembered(&there, how).await, b"new");
    }
}

/// It gets what the winner recorded.
pub async fn owner_that_completes_after_winner_gets_its_outcome<S: LeaseSubject>(on: &S) {
    let (here, there) = (job(&on.leases(), WhenLost::Reexecute), job(&on.other().await, WhenLost::Reexecute));
    let old = mine(&here, "k").await;
    on.set_clock(LEASE + 1).await;
    let new = mine(&there, "k").await;
    let Ok(Completed::Fresh { at }) = new.complete(b"winner").await else { panic!("it was held") };
    match old.complete(b"late").await {
        Ok(Completed::Remembered(found)) => assert_eq!((found.outcome, found.at), (b"winner".to_vec(), at)),
        other => panic!("{other:?}"),
    }
    assert_eq!(remembered(&here, "k").await, b"winner");
    // Released by the winner, there is no outcome to get.
    let old = mine(&here, "l").await;
    on.set_clock(LEASE + 1).await;
    mine(&there, "l").await.release().await.expect("released");
    refused(old.complete(b"late").await, ErrorKind::Fenced);
    mine(&here, "l").await.complete(b"in time").await.expect("the key was free");
}

/// Nobody else worked on it, and it knows what it did.
pub async fn late_owner_that_nobody_took_over_completes<S: LeaseSubject>(on: &S) {
    let there = job(&on.other().await, WhenLost::Indeterminate);
    for (name, when_lost) in [("k", WhenLost::Indeterminate), ("l", WhenLost::Reexecute)] {
        let late = mine(&job(&on.leases(), when_lost), name).await;
        on.set_clock(LEASE + 1).await;
        assert!(is_lost(&there, name).await);
        late.lease().save(&1).await.expect("it is still the owner's");
        assert!(matches!(late.complete(b"late").await, Ok(Completed::Fresh { .. })));
        assert_eq!(remembered(&there, name).await, b"late");
    }
    let late = mine(&job(&on.leases(), WhenLost::Indeterminate), "m").await;
    on.set_clock(LEASE + 1).await;
    late.release().await.expect("it is still the owner's");
    let claimed = there.claim(&key("m"), &request("coffee")).await;
    assert!(matches!(claimed, Ok(Claim::Mine(_))), "{claimed:?}");
}
