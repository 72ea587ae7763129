//! Each row of the table of answers under a leased guard: leases in memory, in both databases, in Redis.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use idem_core::Idem;
use idem_http::{Guard, Lease, Leased, Leases, Problem, WhenLost, recorded, scope};
use tests::conformance::leases::{LeaseSubject as _, RedisLeases};
use tests::{Place as _, Postgres, Sqlite};

use crate::service::{App, Script, Then, answer};
use crate::site::{Door, KEY, Via, act, post as request};

/// Each clause on each store of leases; on one of them over a socket as well.
macro_rules! on_each_store {
    ($($clause:ident)*) => { $(
        mod $clause {
            use super::*;

            #[tokio::test]
            async fn memory() {
                super::$clause(&Site::memory(Via::Call)).await;
            }

            #[tokio::test]
            async fn memory_over_socket() {
                super::$clause(&Site::memory(Via::Socket)).await;
            }

            #[tokio::test]
            async fn sqlite() {
                let place = Sqlite::fresh();
                let idem = Idem::<sqlx::Sqlite>::open(&place.url()).await.expect("opened");
                super::$clause(&Site::new(Leases::from(&idem), Via::Call)).await;
            }

            #[tokio::test]
            async fn postgres() {
                let Some(place) = Postgres::fresh().await else { return };
                let idem = Idem::<sqlx::Postgres>::open(&place.address()).await.expect("opened");
                super::$clause(&Site::new(Leases::from(&idem), Via::Call)).await;
            }

            #[tokio::test]
            async fn redis() {
                let Some(store) = RedisLeases::fresh().await else { return };
                super::$clause(&Site::new(store.leases(), Via::Call)).await;
            }
        }
    )* };
}

on_each_store! {
    done_is_executed_and_repeat_is_replayed
    not_done_is_released
    untouched_answer_is_released
    unknown_end_is_lost_and_resolved
    unknown_end_runs_again_where_asked
    duplicate_is_refused_for_seconds_or_waits
    client_that_went_away_has_its_effect
    optional_key_and_second_lease
}

const OTHER: &str = "clkyoesmbgybucifusbbtdsbohtyuuwz";

struct Site {
    leases: Leases,
    app: App,
    via: Via,
}

impl Site {
    fn new(leases: Leases, via: Via) -> Self {
        Self { leases, app: App::default(), via }
    }

    fn memory(via: Via) -> Self {
        Self::new(Leases::memory(), via)
    }

    async fn serve(&self, settings: impl FnOnce(Guard<Leased>) -> Guard<Leased>) -> Door {
        self.route(settings(Guard::leased(self.leases.clone(), scope::single())).required()).await
    }

    async fn route(&self, guard: idem_http::GuardLayer<Leased>) -> Door {
        let acts = Router::new().route("/acts", post(charge)).route("/twice", post(twice));
        Door::open(acts.layer(guard).with_state(self.app.clone()), self.via).await
    }

    fn runs(&self) -> u32 {
        self.app.runs()
    }
}

/// What `writes` is for a transaction, the key for the foreign side is here.
async fn charge(State(app): State<App>, lease: Lease, Json(script): Json<Script>) -> Result<Response, Problem> {
    app.runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    if script.writes {
        let key = lease.key("charge");
        assert!(!key.as_str().contains(KEY), "nothing of the client's key goes out");
    }
    if script.waits {
        app.gate.pass().await;
    }
    Ok(match script.then {
        Then::Done => lease.done(answer(&script)).into_response(),
        Then::Refused => lease.not_done(answer(&script)).into_response(),
        Then::Answer => answer(&script),
        Then::Panic => panic!("as the script says"),
        _ => return Err(Problem::bad_gateway("the gateway did not answer")),
    })
}

async fn twice(_one: Lease, _other: Lease) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn done_is_executed_and_repeat_is_replayed(site: &Site) {
    let door = site.serve(|guard| guard).await;
    // Whatever the status: it happened.
    for status in [201, 402, 502] {
        let (key, script) = (format!("key-of-status-{status}"), Script::new(Then::Done).status(status));
        let first = door.act(&key, &script).await;
        assert_eq!(first.verdict(), (status, Some("executed"), false));
        let again = door.act(&key, &script).await;
        assert_eq!((again.verdict(), &again.body), ((status, Some("replayed"), true), &first.body));
        assert_eq!((again.header("set-cookie"), again.header("location")), (None, Some("/acts/1")));
        let other = door.act(&key, &script.amount(6)).await;
        assert_eq!(other.refusal(), (422, "key-reused".into(), None, false));
    }
    assert_eq!(site.runs(), 3);
    let door = site.serve(|guard| guard.max_answer(100)).await;
    let long = Script::new(Then::Done).bytes(1_000);
    assert_eq!(door.act(KEY, &long).await.body.len(), 1_000);
    assert_eq!(door.act(KEY, &long).await.problem(), "answer-not-kept");
}

async fn not_done_is_released(site: &Site) {
    let door = site.serve(|guard| guard).await;
    let script = Script::new(Then::Refused).status(503);
    assert_eq!(door.act(KEY, &script).await.verdict(), (503, Some("released"), false));
    assert_eq!(door.act(KEY, &Script::new(Then::Done).amount(9)).await.verdict(), (201, Some("executed"), false));
    assert_eq!(site.runs(), 2);
}

async fn untouched_answer_is_released(site: &Site) {
    let door = site.serve(|guard| guard).await;
    for (script, status) in [
        (Script::new(Then::Problem), 502),
        (Script::new(Then::Answer).status(422), 422),
        (Script::new(Then::Answer), 500),
        (Script::new(Then::Panic), 500),
    ] {
        assert_eq!(door.act(KEY, &script.untouched()).await.verdict(), (status, Some("released"), false));
    }
    let broken = door.send(request("/acts", &[("idempotency-key", KEY)], b"{".to_vec())).await;
    assert_eq!(broken.verdict(), (400, Some("released"), false));
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}

async fn unknown_end_is_lost_and_resolved(site: &Site) {
    let door = site.serve(|guard| guard.deadline(Duration::from_millis(300))).await;
    let ends = [
        (Script::new(Then::Problem), 502, "bad-gateway"),
        (Script::new(Then::Answer), 500, "not-committed"),
        (Script::new(Then::Panic), 500, "panic"),
        (Script::new(Then::Done).waiting(), 503, "deadline"),
    ];
    for (number, (script, status, kind)) in ends.into_iter().enumerate() {
        let key = format!("key-of-unknown-end-{number}");
        let first = door.act(&key, &script).await;
        assert_eq!((first.status, first.problem(), first.key_status()), (status, kind.to_owned(), None));
        let again = door.act(&key, &script).await;
        assert_eq!(again.refusal(), (409, "outcome-unknown".into(), None, false));
    }
    let operation = site.leases.operation("http");
    let lost = operation.lost().await.expect("listed");
    assert_eq!(lost.len(), 4);
    let found = http::Response::builder().status(201).body(Bytes::from_static(b"charged")).expect("an answer");
    let script = Script::new(Then::Problem);
    for claim in lost {
        operation.resolve(&claim.id, recorded(&found), "looked it up at the gateway").await.expect("resolved");
    }
    let got = door.act("key-of-unknown-end-0", &script).await;
    assert_eq!((got.verdict(), &*got.body), ((201, Some("replayed"), true), b"charged".as_slice()));
}

async fn unknown_end_runs_again_where_asked(site: &Site) {
    let door = site.serve(|guard| guard.when_lost(WhenLost::Reexecute)).await;
    let script = Script::new(Then::Problem);
    assert_eq!(door.act(KEY, &script).await.key_status(), None);
    assert_eq!(door.act(KEY, &script).await.status, 502);
    assert_eq!(site.runs(), 2);
    // The request that is done again is the same one.
    assert_eq!(door.act(KEY, &script.amount(6)).await.problem(), "key-reused");
}

async fn duplicate_is_refused_for_seconds_or_waits(site: &Site) {
    let script = Script::new(Then::Done).waiting();
    let door = site.serve(|guard| guard).await;
    let first = door.begin(KEY, &script);
    site.app.gate.reached().await;
    let refused = door.act(KEY, &script).await;
    assert_eq!(refused.refusal(), (409, "in-flight".into(), None, true));
    let left: u64 = refused.header("retry-after").expect("seconds").parse().expect("a number");
    assert!((1..=2).contains(&left), "soon: {left}");
    assert_eq!(door.act(KEY, &script.clone().amount(6)).await.problem(), "key-reused");
    let waiting = site.serve(|guard| guard.wait(Duration::from_mins(1))).await;
    let second = waiting.begin(KEY, &script);
    site.app.gate.open();
    assert_eq!(first.await.expect("answered").verdict(), (201, Some("executed"), false));
    assert_eq!(second.await.expect("answered").verdict(), (201, Some("replayed"), true));
    assert_eq!(site.runs(), 1);
}

async fn client_that_went_away_has_its_effect(site: &Site) {
    let guard = Guard::leased(site.leases.clone(), scope::single());
    let drain = guard.drain();
    let door = site.route(guard.required()).await;
    let script = Script::new(Then::Done).waiting();
    door.give_up(KEY, &script, site.app.gate.reached()).await;
    site.app.gate.open();
    drain.finished().await;
    let after = site.serve(|guard| guard).await;
    assert_eq!(after.act(KEY, &script).await.verdict(), (201, Some("replayed"), true));
    assert_eq!(site.runs(), 1);
}

async fn optional_key_and_second_lease(site: &Site) {
    let door = site.route(Guard::leased(site.leases.clone(), scope::single()).optional()).await;
    let body = Script::new(Then::Done).json();
    for _ in 0..2 {
        assert_eq!(door.send(request("/acts", &[], body.clone())).await.verdict(), (201, None, false));
    }
    let twice = door.send(request("/twice", &[("idempotency-key", OTHER)], Vec::new())).await;
    assert_eq!(twice.refusal(), (500, "taken-twice".into(), Some("released"), false));
    assert_eq!(door.send(act(OTHER, &Script::new(Then::Done))).await.key_status(), Some("executed"));
}
