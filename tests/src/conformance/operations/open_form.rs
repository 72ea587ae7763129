//! Seats and units: an operation without a closure.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use idem_core::operation::{Completed, Request, Seat, Taken, Unit};
use idem_core::{Database, Error, ErrorKind, Idem};
use tokio::time::timeout;

use super::{LONG, NOTES, note, other, prepared};
use crate::conformance::{Subject, key, refused};

fn request(of: &str) -> Request {
    Request::to("POST /notes").part(of.as_bytes())
}

fn enter<DB: Database>(idem: &Idem<DB>, name: &str) -> Seat<DB> {
    idem.operation("http").enter(&key(name), &request("tea")).expect("nobody works on it")
}

/// Begins a unit, after one that was dropped: the database ends that when it notices.
async fn begun<DB: Database>(seat: &Seat<DB>) -> Unit<DB> {
    let begun = async {
        loop {
            match seat.begin().await {
                Err(Error::InFlight { .. }) => tokio::task::yield_now().await,
                begun => return begun.expect("begun"),
            }
        }
    };
    timeout(LONG, begun).await.expect("the key is free")
}

/// What cannot have a record is refused before anything is begun.
pub async fn seat_of_unfit_name_begins_nothing<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for unfit in ["", "a\0b", "@lock", &"x".repeat(10_000)] {
        let kinds = [ErrorKind::Key, ErrorKind::Config];
        let seat = stored.idem.operation(unfit).enter(&key("k"), &request("tea")).expect("nobody works on it");
        let begun = seat.begin().await.expect_err("refused");
        let remembered = seat.remember(b"done").await.expect_err("refused");
        assert!(kinds.contains(&begun.kind()) && kinds.contains(&remembered.kind()), "{begun} {remembered}");
    }
    assert_eq!(stored.rows().await, 0);
}

async fn remembered<DB: Database>(idem: &Idem<DB>, name: &str) -> Option<Vec<u8>> {
    enter(idem, name).recall().await.expect("readable").map(|remembered| remembered.outcome)
}

/// The place of a key is taken until the seat and its unit are dropped; those that wait are woken then.
pub async fn seat_is_taken_until_it_and_its_unit_are_dropped<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let http = stored.idem.operation("http");
    let same = || match http.enter(&key("k"), &request("tea")) {
        Err(Taken::SameRequest(ended)) => Some(ended),
        Err(Taken::OtherRequest) => panic!("it is the same request"),
        Ok(_) => None,
    };
    let is_over = |ended: &mut idem_core::operation::Ended| {
        pin!(ended).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    };
    let seat = enter(&stored.idem, "k");
    let mut ended = same().expect("it is taken");
    assert!(matches!(http.enter(&key("k"), &request("coffee")), Err(Taken::OtherRequest)));
    assert!(stored.idem.operation("other").enter(&key("k"), &request("coffee")).is_ok());
    let unit = seat.begin().await.expect("begun");
    drop(seat);
    assert!(!is_over(&mut ended), "its unit is under way");
    assert!(matches!(http.enter(&key("k"), &request("coffee")), Err(Taken::OtherRequest)));
    drop(unit);
    ended.await;
    let seat = http.enter(&key("k"), &request("coffee")).expect("it is free");
    let Err(Taken::OtherRequest) = http.enter(&key("k"), &request("tea")) else { panic!("it is taken") };
    drop(seat);
    assert!(same().is_none());
}

/// Given up by `abort` or by a drop: nothing is applied, and the key is free.
pub async fn unit_that_is_given_up_leaves_key_free<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for aborts in [true, false] {
        let seat = enter(&stored.idem, "k");
        let mut unit = begun(&seat).await;
        note(&mut unit).await.expect("noted");
        if aborts {
            unit.abort().await;
        } else {
            drop(unit);
        }
        assert_eq!(seat.recall().await.expect("readable"), None);
    }
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 0));
    let other_request = stored.idem.operation("http").enter(&key("k"), &request("coffee")).expect("free");
    let mut unit = begun(&other_request).await;
    note(&mut unit).await.expect("noted");
    assert!(matches!(unit.complete(b"201").await, Ok(Completed::Fresh { .. })));
    drop(other_request);
    refused(enter(&stored.idem, "k").recall().await, ErrorKind::KeyReused);
    refused(enter(&stored.idem, "k").begin().await, ErrorKind::KeyReused);
    assert_eq!((stored.number(NOTES).await, stored.rows().await), (1, 1));
}

/// An outcome is bytes: none, all of them, what is no text.
pub async fn unit_outcome_is_remembered_byte_for_byte<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let outcomes =
        [vec![], vec![0], vec![0; 3], b"{\"a\": 1}".to_vec(), vec![0xff, 0xfe], all.clone(), all.repeat(256)];
    let elsewhere = other(on).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        let name = number.to_string();
        let completed = match number % 2 {
            0 => enter(&stored.idem, &name).begin().await.expect("begun").complete(outcome).await,
            _ => enter(&stored.idem, &name).remember(outcome).await,
        };
        let Ok(Completed::Fresh { at }) = completed else { panic!("{completed:?}") };
        for idem in [&stored.idem, &elsewhere] {
            let found = enter(idem, &name).recall().await.expect("readable").expect("recorded");
            assert_eq!((&found.outcome, found.at, found.superseded), (outcome, at, false), "{number}");
        }
    }
    let too_large = vec![0; (1 << 20) + 1];
    let mut unit = enter(&stored.idem, "large").begin().await.expect("begun");
    note(&mut unit).await.expect("noted");
    refused(unit.complete(&too_large).await, ErrorKind::TooLarge);
    refused(enter(&stored.idem, "larger").remember(&too_large).await, ErrorKind::TooLarge);
    assert_eq!((stored.number(NOTES).await, remembered(&stored.idem, "large").await), (0, None));
    assert!(matches!(enter(&stored.idem, "large").remember(&too_large[1..]).await, Ok(Completed::Fresh { .. })));
}

/// Of a refusal: what the unit wrote is undone, the outcome is remembered.
pub async fn seat_remembers_outcome_without_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let seat = enter(&stored.idem, "k");
    let mut unit = seat.begin().await.expect("begun");
    note(&mut unit).await.expect("noted");
    unit.abort().await;
    assert!(matches!(seat.remember(b"422").await, Ok(Completed::Fresh { .. })));
    drop(seat);
    assert_eq!(remembered(&other(on).await, "k").await, Some(b"422".to_vec()));
    assert_eq!(stored.number(NOTES).await, 0);
    // Of the second one of one place the first is the outcome.
    let seat = enter(&stored.idem, "k");
    let again = seat.remember(b"200").await;
    assert!(matches!(again, Err(Error::InFlight { retry_after: Some(wait), .. }) if wait.is_zero()), "{again:?}");
}

/// A record that appears before the unit begins is found when it does, if nobody has looked just before; otherwise when it completes.
pub async fn outcome_recorded_before_unit_begins_is_found<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let elsewhere = other(on).await;
    for looks in [false, true] {
        let name = if looks { "looked" } else { "not looked" };
        let seat = enter(&stored.idem, name);
        if looks {
            assert_eq!(seat.recall().await.expect("readable"), None);
        }
        let theirs = enter(&elsewhere, name).remember(b"theirs").await.expect("recorded");
        assert!(matches!(theirs, Completed::Fresh { .. }));
        match seat.begin().await {
            Err(Error::InFlight { retry_after: Some(wait), .. }) => assert!(wait.is_zero()),
            Ok(mut unit) if looks => {
                note(&mut unit).await.expect("noted");
                let completed = unit.complete(b"mine").await.expect("answered");
                assert!(matches!(completed, Completed::Remembered(theirs) if theirs.outcome == b"theirs"));
            }
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(seat.recall().await.expect("readable").expect("recorded").outcome, b"theirs");
        let other_request = stored.idem.operation("http").enter(&key(&format!("{name} 2")), &request("tea"));
        let other_request = other_request.expect("free");
        let theirs = elsewhere.operation("http").enter(&key(&format!("{name} 2")), &request("coffee")).expect("free");
        theirs.remember(b"theirs").await.expect("recorded");
        refused(other_request.begin().await, ErrorKind::KeyReused);
    }
    assert_eq!(stored.number(NOTES).await, 0);
}

/// Where a lock of the key did not keep the two from working at once, the record decides: the second one is undone, and gets the first
/// one's outcome, or learns that the key is another request's.
pub async fn unit_that_completes_second_is_undone_and_gets_first_outcome<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    if on.differences().one_writer {
        return;
    }
    let elsewhere = other(on).await;
    for (name, of) in [("same", "tea"), ("another", "coffee")] {
        // As if it had been recorded while this one works, by a process that takes no lock.
        let theirs = elsewhere.operation("http").enter(&key(name), &request(of)).expect("free");
        theirs.remember(b"theirs").await.expect("recorded");
        stored.execute("CREATE TABLE recorded AS SELECT * FROM idem_claims").await;
        stored.execute("DELETE FROM idem_claims").await;
        let seat = enter(&stored.idem, name);
        assert_eq!(seat.recall().await.expect("readable"), None);
        let mut unit = seat.begin().await.expect("begun");
        note(&mut unit).await.expect("noted");
        stored.execute("INSERT INTO idem_claims SELECT * FROM recorded").await;
        stored.execute("DROP TABLE recorded").await;
        match (of, unit.complete(b"mine").await) {
            ("tea", Ok(Completed::Remembered(theirs))) => assert_eq!(theirs.outcome, b"theirs"),
            ("coffee", Err(error)) => assert_eq!(error.kind(), ErrorKind::KeyReused, "{error}"),
            (_, completed) => panic!("{name}: {completed:?}"),
        }
        assert_eq!((stored.number(NOTES).await, stored.rows().await), (0, 1));
        stored.execute("DELETE FROM idem_claims").await;
    }
}
