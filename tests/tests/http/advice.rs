//! What our client makes of what our service answers: each row of both tables, side by side.

use std::time::Duration;

use http::StatusCode;
use idem_http::client::{Advice, verdict};
use idem_http::{Guard, scope};
use tests::Backend;

use crate::on_each;
use crate::service::{App, Script, Then, router};
use crate::site::{Door, Got, KEY, Site, Via, nowhere, post};

on_each! {
    client_repeats_what_the_service_says_can_be_repeated
}

/// Whether the client sends it again: `None` if not, else whether it counts as a failure of the host.
fn again(got: &Got) -> Option<bool> {
    match verdict(StatusCode::from_u16(got.status).expect("a status"), &got.headers) {
        Advice::Final => None,
        Advice::Again { counts, .. } => Some(counts),
    }
}

async fn client_repeats_what_the_service_says_can_be_repeated<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let door = site.serve(|guard| guard.deadline(Duration::from_secs(20))).await;
    let done = Script::new(Then::Done);
    let counts = async |door: &Door, key: &str, script: &Script| again(&door.act(key, script).await);

    // Done, now or before, with whatever status.
    for status in [200, 402, 409, 422] {
        let (key, script) = (format!("key-of-status-{status}"), done.clone().status(status));
        assert_eq!(counts(&door, &key, &script).await, None, "fresh {status}");
        assert_eq!(counts(&door, &key, &script).await, None, "replayed {status}");
    }
    // Refused for what no repeat changes.
    assert_eq!(counts(&door, "key-of-status-200", &done.clone().amount(6)).await, None, "reused");
    assert_eq!(counts(&door, "a,b", &done).await, None, "malformed");
    assert_eq!(again(&door.send(post("/acts", &[], done.json())).await), None, "missing");
    assert_eq!(again(&door.send(post("/unguarded", &[("idempotency-key", KEY)], done.json())).await), Some(true));
    // Released: a client error is the handler's word; a server error is tried again, as nothing was done.
    assert_eq!(counts(&door, KEY, &Script::new(Then::Problem).status(422)).await, None);
    for status in [500, 502, 503, 504] {
        assert_eq!(counts(&door, KEY, &Script::new(Then::Problem).status(status)).await, Some(true), "{status}");
    }
    assert_eq!(counts(&door, KEY, &Script::new(Then::Panic)).await, Some(true));
    assert_eq!(counts(&door, KEY, &done.clone().losing(9)).await, Some(true), "contended");
    // In flight: again, and the host is well.
    let waiting = done.clone().waiting();
    let first = door.begin(KEY, &waiting);
    site.app.gate.reached().await;
    assert_eq!(counts(&door, KEY, &waiting).await, Some(false));
    site.app.gate.open();
    first.await.expect("answered");
    // Without its records: where it runs all the same, a failure is not repeated, as it may have been done.
    let guard = Guard::transactional(&nowhere(), scope::single()).fail_open_named("as the test says");
    let open = Door::open(router(App::default(), &guard.required()), via).await;
    site.script("ALTER TABLE idem_claims RENAME TO claims_away").await;
    assert_eq!(counts(&door, "a-key-without-a-record", &done).await, Some(true), "store away");
    let failing = Script::new(Then::Problem).status(500).untouched();
    assert_eq!(counts(&open, "a-key-without-a-record", &failing).await, None, "ignored");
}
