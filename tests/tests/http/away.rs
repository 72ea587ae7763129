//! Stores that are not there for a while: a PostgreSQL server that is killed, a Redis that is paused.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use idem_core::Idem;
use idem_http::{Done, Guard, Lease, Leases, Problem, scope};
use tests::{Backend as _, PrivatePostgres, PrivateRedis};

use crate::service::{App, Script, Then, router};
use crate::site::{Door, Got, KEY, Via, post as request};

/// The statuses of a service that cannot say yet.
fn may_be_repeated(got: &Got) -> bool {
    got.status == 503 && got.header("retry-after").is_some()
}

#[tokio::test]
async fn request_beside_killed_server_is_done_once_when_it_is_back() {
    let Some(mut server) = PrivatePostgres::start() else { return };
    let url = server.url().to_string();
    let bound = Duration::from_secs(2);
    let idem = Idem::<sqlx::Postgres>::builder().acquire_timeout(bound).lock_wait(bound);
    let idem = idem.open(&url).await.expect("opened");
    sqlx::Postgres::prepare(&url).await;
    let app = App::default();
    let guard = Guard::transactional(&idem, scope::single()).required();
    let door = Door::open(router(app.clone(), &guard), Via::Socket).await;
    let script = Script::new(Then::Done);
    assert_eq!(door.act("a-key-of-before", &script).await.key_status(), Some("executed"));

    // Killed while a handler has its transaction open.
    let begun = door.begin(KEY, &script.clone().waiting());
    app.gate.reached().await;
    server.kill();
    app.gate.open();
    // It cannot be committed, and it is run again as long as it may; a run that waits goes on.
    for _ in 0..3 {
        app.gate.open();
    }
    let got = begun.await.expect("answered");
    assert!(may_be_repeated(&got), "{got:?}");
    let away = door.act("a-key-of-meanwhile", &script).await;
    assert_eq!((away.problem(), may_be_repeated(&away)), ("store-away".to_owned(), true));

    server.restart();
    let mut tries = 0;
    let again = loop {
        app.gate.open();
        let got = door.act(KEY, &script.clone().waiting()).await;
        if got.status == 201 {
            break got;
        }
        assert!(may_be_repeated(&got) && tries < 100, "{got:?}");
        tries += 1;
    };
    assert_eq!(again.key_status(), Some("executed"), "the first was rolled back");
    assert_eq!(door.act("a-key-of-before", &script).await.key_status(), Some("replayed"));
    let mut conn = sqlx::Postgres::connect(&url).await;
    let effects = sqlx::Postgres::ask(&mut conn, "SELECT 'notes', count(*) FROM notes").await;
    assert_eq!(effects, [("notes".to_owned(), 2)]);
}

#[tokio::test]
async fn request_beside_paused_redis_is_refused_and_done_once_after_it() {
    let Some(server) = PrivateRedis::start() else { return };
    let leases = Leases::redis(&server.url()).await.expect("opened");
    let app = App::default();
    let runs = app.runs.clone();
    let charge = move |lease: Lease| {
        let runs = runs.clone();
        async move {
            runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = lease.key("charge");
            Ok::<Done, Problem>(lease.done("charged"))
        }
    };
    let guard = Guard::leased(leases, scope::single()).lease(Duration::from_secs(5)).required();
    let door = Door::open(Router::new().route("/charge", post(charge)).layer(guard), Via::Socket).await;
    let send = async |key: &str| door.send(request("/charge", &[("idempotency-key", key)], Vec::new())).await;
    assert_eq!(send("a-key-of-before").await.key_status(), Some("executed"));
    server.pause();
    let away = send(KEY).await;
    assert!(may_be_repeated(&away), "{away:?}");
    assert_eq!(app.runs(), 1, "the handler does not run without a claim");
    server.resume();
    let mut tries = 0;
    loop {
        let got = send(KEY).await;
        if got.status == 200 {
            break;
        }
        // The claim of the first try may have been made, and is given up in the background.
        assert!(tries < 1_000 && [409, 503].contains(&got.status), "{got:?}");
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(send(KEY).await.key_status(), Some("replayed"));
    assert_eq!(send("a-key-of-before").await.key_status(), Some("replayed"));
    assert_eq!(app.runs(), 2);
}
