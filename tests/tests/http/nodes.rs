//! Two processes on one database, as far as the database can see: two pools, two registries.

use std::time::Duration;

use idem_http::{Guard, scope};
use tests::Backend;

use crate::on_each;
use crate::service::{Script, Then, router};
use crate::site::{Door, KEY, Site, Via, node};

on_each! {
    duplicate_on_another_node_is_refused_or_waits
    record_of_another_node_is_found_late
    duplicates_on_two_nodes_have_one_effect
}

const OTHER: &str = "clkyoesmbgybucifusbbtdsbohtyuuwz";

/// A second node, which waits so long for duplicates.
async fn second<DB: Backend>(site: &Site<DB>, wait: Duration) -> Door {
    let guard = Guard::transactional(&node::<DB>(&site.url).await, scope::single()).wait(wait);
    site.serve_router(router(site.app.clone(), &guard.required())).await
}

async fn duplicate_on_another_node_is_refused_or_waits<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let script = Script::new(Then::Done).waiting();
    let door = site.serve(|guard| guard).await;
    let first = door.begin(KEY, &script);
    site.app.gate.reached().await;
    if DB::TITLE == "PostgreSQL" {
        let refusing = second(&site, Duration::ZERO).await;
        assert_eq!(refusing.act(KEY, &script).await.refusal(), (409, "in-flight".into(), None, true));
    }
    // On SQLite it waits for the one writer, whatever it is set to.
    let waiting = second(&site, Duration::from_mins(1)).await;
    let repeat = waiting.begin(KEY, &script);
    site.app.gate.open();
    assert_eq!(first.await.expect("answered").verdict(), (201, Some("executed"), false));
    assert_eq!(repeat.await.expect("answered").verdict(), (201, Some("replayed"), true));
    assert_eq!(site.effects().await, 1);
}

/// Between the look and the transaction of one node the other one does all of its work.
async fn record_of_another_node_is_found_late<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    site.script("CREATE TABLE made (id bigint PRIMARY KEY)").await;
    let other = second(&site, Duration::ZERO).await;
    let ends = [
        Script::new(Then::Unique).untouched(),
        Script::new(Then::Done),
        Script::new(Then::Refused).status(402),
        Script::new(Then::Problem).status(422),
        Script::new(Then::Done).untouched(),
    ];
    for (number, script) in ends.into_iter().enumerate() {
        let key = format!("key-of-late-end-{number}");
        // The same request for both: only here its handler waits before it begins its transaction.
        let waits = LateDoor::open(&site).await;
        let late = waits.begin(&key, &script);
        waits.looked().await;
        let done = other.act(&key, &script).await;
        waits.go_on();
        let late = late.await.expect("answered");
        if done.key_status() == Some("executed") {
            assert_eq!((late.status, late.key_status()), (done.status, Some("replayed")), "{script:?}");
            assert_eq!(late.body, done.body);
        } else {
            assert_eq!((late.status, late.key_status()), (done.status, Some("released")));
        }
    }
}

/// A node whose handler waits before it does anything.
struct LateDoor {
    door: Door,
    gate: crate::service::Gate,
}

impl LateDoor {
    async fn open<DB: Backend>(site: &Site<DB>) -> Self {
        let gate = crate::service::Gate::default();
        let waits = gate.clone();
        let wait = axum::middleware::from_fn(move |request: axum::extract::Request, next: axum::middleware::Next| {
            let gate = waits.clone();
            async move {
                gate.pass().await;
                next.run(request).await
            }
        });
        let guard = Guard::transactional(&node::<DB>(&site.url).await, scope::single());
        // Inside the guard: it has looked by then.
        let acts = crate::service::inner::<DB>().layer(wait).layer(guard.required()).with_state(site.app.clone());
        Self { door: site.serve_router(acts).await, gate }
    }

    fn begin(&self, key: &str, script: &Script) -> tokio::task::JoinHandle<crate::site::Got> {
        self.door.begin(key, script)
    }

    async fn looked(&self) {
        self.gate.reached().await;
    }

    fn go_on(&self) {
        self.gate.open();
    }
}

async fn duplicates_on_two_nodes_have_one_effect<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let nodes = [second(&site, Duration::ZERO).await, second(&site, Duration::from_mins(1)).await];
    let script = Script::new(Then::Done);
    for key in [KEY, OTHER] {
        let calls: Vec<_> = (0..30).map(|number| nodes[number % 2].begin(key, &script)).collect();
        let mut executed = 0;
        for (number, call) in calls.into_iter().enumerate() {
            let got = call.await.expect("answered");
            executed += usize::from(got.key_status() == Some("executed"));
            assert!(got.status == 201 || (got.status == 409 && number % 2 == 0), "{got:?}");
        }
        assert_eq!(executed, 1);
    }
    assert_eq!(site.effects().await, 2);
}
