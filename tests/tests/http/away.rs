//! Stores that are not there for a while: a PostgreSQL server that is killed, a Redis that is paused.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use futures_util::future::join_all;
use idem_core::Idem;
use idem_http::{Done, Guard, Lease, Leases, Problem, scope};
use tests::{Backend as _, PrivatePostgres, PrivateRedis, Report, scale};

use crate::service::{App, Script, Then, router};
use crate::site::{Door, Got, KEY, Via, post as request};

/// The order of a charge that waits at the gate.
const WAITING: &str = "waits";

/// The statuses of a service that cannot say yet.
fn may_be_repeated(got: &Got) -> bool {
    got.status == 503 && got.header("retry-after").is_some()
}

#[tokio::test]
async fn request_beside_killed_server_is_done_once_when_it_is_back() {
    let Some(mut server) = PrivatePostgres::start() else { return };
    let url = server.url().to_string();
    let bound = Duration::from_millis(500);
    let idem = Idem::<sqlx::Postgres>::builder().acquire_timeout(bound).lock_wait(bound);
    let idem = idem.open(&url).await.expect("opened");
    sqlx::Postgres::prepare(&url).await;
    let app = App::default();
    let guard = Guard::transactional(&idem, scope::single()).required();
    let door = Door::open(router(app.clone(), &guard), Via::Socket).await;
    let script = Script::new(Then::Done);
    assert_eq!(door.act("a-key-of-before", &script).await.key_status(), Some("executed"));

    let mut report = Report::new("PostgreSQL killed under a guarded request", 5);
    let rounds: i64 = scale(5, 50);
    for round in 0..rounds {
        let key = format!("{KEY}-{round}");
        let begun = door.begin(&key, &script.clone().waiting());
        app.gate.reached().await;
        server.kill();
        report.strike("with the transaction of the handler open");
        // It cannot be committed, and it is run again as long as it may; a run that waits goes on.
        for _ in 0..4 {
            app.gate.open();
        }
        let got = begun.await.expect("answered");
        assert!(may_be_repeated(&got), "{got:?}");
        let away = door.act(&format!("a-key-of-meanwhile-{round}"), &script).await;
        assert_eq!((away.problem(), may_be_repeated(&away)), ("store-away".to_owned(), true));
        report.strike("before the look at the record");

        server.restart();
        let mut tries = 0;
        let again = loop {
            app.gate.open();
            let got = door.act(&key, &script.clone().waiting()).await;
            if got.status == 201 {
                break got;
            }
            assert!(may_be_repeated(&got) && tries < 100, "{got:?}");
            tries += 1;
        };
        assert_eq!(again.key_status(), Some("executed"), "the first was rolled back");
        assert_eq!(door.act("a-key-of-before", &script).await.key_status(), Some("replayed"));
        app.gate.close();
    }
    let mut conn = sqlx::Postgres::connect(&url).await;
    let effects = sqlx::Postgres::ask(&mut conn, "SELECT 'notes', count(*) FROM notes").await;
    assert_eq!(effects, [("notes".to_owned(), 1 + rounds)]);
    report.finish(10);
}

#[tokio::test]
async fn request_beside_paused_redis_is_refused_and_done_once_after_it() {
    let Some(server) = PrivateRedis::start() else { return };
    let leases = Leases::redis(&server.url()).await.expect("opened");
    let app = App::default();
    let charge = async |State(app): State<App>, lease: Lease, order: String| -> Result<Done, Problem> {
        app.runs.fetch_add(1, Ordering::SeqCst);
        let _ = lease.key("charge");
        if order == WAITING {
            app.gate.pass().await;
        }
        Ok(lease.done("charged"))
    };
    let guard = Guard::leased(leases, scope::single()).lease(Duration::from_secs(5)).required();
    let router = Router::new().route("/charge", post(charge)).layer(guard).with_state(app.clone());
    let door = Door::open(router, Via::Socket).await;
    let send =
        async |key: &str, order: &str| door.send(request("/charge", &[("idempotency-key", key)], order.into())).await;
    assert_eq!(send("a-key-of-before", "").await.key_status(), Some("executed"));

    let mut report = Report::new("Redis paused under guarded requests", 5);
    for round in 0..scale(1, 10) {
        let keys = |kind: &str| (0..5).map(|at| format!("a-key-{kind}-{round}-{at}")).collect::<Vec<_>>();
        let (claimed, unclaimed) = (keys("claimed"), keys("unclaimed"));
        let (runs, work) = (app.runs(), join_all(claimed.iter().map(|key| send(key, WAITING))));
        let strike = async {
            for _ in &claimed {
                app.gate.reached().await;
            }
            server.pause();
            report.add("before the answer is recorded", 5);
            for _ in &claimed {
                app.gate.open();
            }
            report.add("before a claim", 5);
            for away in join_all(unclaimed.iter().map(|key| send(key, ""))).await {
                assert!(may_be_repeated(&away), "{away:?}");
            }
            assert_eq!(app.runs(), runs + 5, "the handler does not run without a claim");
        };
        let (done, ()) = tokio::join!(work, strike);
        for got in done {
            assert_eq!((got.status, got.key_status()), (200, Some("ignored")), "it was done, and the client learns it");
        }
        server.resume();
        for key in &unclaimed {
            let mut tries = 0;
            loop {
                let got = send(key, "").await;
                if got.status == 200 {
                    break;
                }
                // The claim of the first try may have been made, and is given up in the background.
                assert!(tries < 1_000 && [409, 503].contains(&got.status), "{got:?}");
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(send(key, "").await.key_status(), Some("replayed"));
        }
        // Their records may have been made by what was sent before the end of the pause.
        for repeat in join_all(claimed.iter().map(|key| send(key, WAITING))).await {
            assert!(repeat.key_status() == Some("replayed") || [409, 503].contains(&repeat.status), "{repeat:?}");
        }
        assert_eq!(app.runs(), runs + 10, "each ran once");
    }
    assert_eq!(send("a-key-of-before", "").await.key_status(), Some("replayed"));
    report.finish(10);
}
