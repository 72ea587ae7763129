//! Work without a record: what runs, what does not, and that nobody is asked to repeat what may have been done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use idem_core::Idem;
use idem_http::client::{Advice, Retries, verdict};
use idem_http::{Done, Guard, Lease, Problem, scope};
use tests::{At, Backend, Cut, Hangup, Place as _, Postgres, Proxy, Seed};

use crate::service::{App, Script, Then, router};
use crate::site::{Door, KEY, Site, Via, node, nowhere, post as request};

const WHY: &str = "as the test says";

/// A handler that has begun to charge, and how often.
fn charges() -> (axum::routing::MethodRouter, Arc<AtomicU32>) {
    let charged = Arc::new(AtomicU32::new(0));
    let gateway = charged.clone();
    let act = move |lease: Lease| {
        let _ = lease.key("charge");
        gateway.fetch_add(1, SeqCst);
        async move { lease.done("charged") }
    };
    (post(act), charged)
}

#[tokio::test]
async fn store_that_cannot_be_reached_opens_a_guard_that_fails_open() {
    let (act, charged) = charges();
    let acts = |fails_open: bool| {
        let guard = Guard::leased(&nowhere(), scope::single());
        let guard = if fails_open { guard.fail_open_named(WHY) } else { guard };
        Door::Call(Router::new().route("/acts", act.clone()).layer(guard.required()))
    };
    let done = Script::new(Then::Done);
    assert_eq!(acts(false).act(KEY, &done).await.refusal(), (503, "store-away".into(), None, true));
    assert_eq!(acts(true).act(KEY, &done).await.key_status(), Some("ignored"));
    assert_eq!(charged.load(SeqCst), 1);
    let guard = Guard::transactional(&nowhere(), scope::single()).fail_open_named(WHY);
    let transactional = Door::Call(router(App::default(), &guard.required()));
    let scripts = [(done, 201), (Script::new(Then::Problem).status(422), 422)];
    for (script, status) in scripts.map(|(script, status)| (script.untouched(), status)) {
        assert_eq!(transactional.act(KEY, &script).await.verdict(), (status, Some("ignored"), false));
    }
}

#[tokio::test]
async fn unknown_end_without_a_record_is_not_repeated_by_our_client() {
    let idem = nowhere();
    let charges = Arc::new(AtomicU32::new(0));
    let gateway = charges.clone();
    let act = move |lease: Lease| {
        let gateway = gateway.clone();
        async move {
            let _ = lease.key("charge");
            gateway.fetch_add(1, SeqCst);
            std::future::pending::<()>().await;
            lease.done("never")
        }
    };
    let guard = Guard::leased(&idem, scope::single()).fail_open_named(WHY).deadline(Duration::from_millis(50));
    let service = Router::new().route("/acts", post(act)).layer(guard.required());
    let Door::Socket(_, url) = Door::open(service, Via::Socket).await else { unreachable!("a socket") };
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(Retries::default()).build();
    let reply = client.post(format!("{url}/acts")).body("pay").send().await.expect("an answer");
    assert_eq!((reply.status().as_u16(), reply.headers()["idempotency-status"].as_bytes()), (503, &b"ignored"[..]));
    assert_eq!(charges.load(SeqCst), 1);
}

#[tokio::test]
async fn no_header_and_no_look_asks_for_a_repeat_of_it() {
    let idem = nowhere();
    let problem =
        || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "away").header(RETRY_AFTER, HeaderValue::from_static("1"));
    let fails = async move |lease: Lease| {
        let _ = lease.key("charge");
        Err::<Done, _>(problem())
    };
    let is_done = async move |lease: Lease| {
        let _ = lease.key("charge");
        lease.done(problem().retryable(true))
    };
    let guard = || Guard::leased(&idem, scope::single()).fail_open_named(WHY);
    let look = |problem: &Problem| {
        let mut response = problem.response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response.headers_mut().insert("stripe-should-retry", HeaderValue::from_static("true"));
        response
    };
    for guard in [guard(), guard().problems(look)] {
        let layer = guard.required();
        let service = Router::new().route("/fails", post(fails)).route("/done", post(is_done)).layer(layer);
        let door = Door::Call(service);
        for path in ["/fails", "/done"] {
            let got = door.send(request(path, &[("idempotency-key", KEY)], Vec::new())).await;
            assert_eq!(
                (got.status, got.key_status(), got.header("retry-after")),
                (503, Some("ignored"), None),
                "{path}"
            );
            assert_ne!(got.header("stripe-should-retry"), Some("true"));
            let status = StatusCode::from_u16(got.status).expect("a status");
            assert_eq!(verdict(status, &got.headers), Advice::Final);
            assert!(!String::from_utf8_lossy(&got.body).contains("\"retryable\":true"), "{path}: {got:?}");
        }
    }
}

#[tokio::test]
async fn store_that_refuses_does_not_open_a_guard() {
    let Some(place) = Postgres::fresh().await else { return };
    let url = place.address();
    sqlx::Postgres::prepare(&url).await;
    let opened = Idem::<sqlx::Postgres>::open(&url).await.expect("opened");
    let mut conn = sqlx::Postgres::connect(&url).await;
    let role = format!("reads_{:016x}", Seed::new().rng(0).u64(..));
    let make = format!(
        "CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
    );
    sqlx::Postgres::script(&mut conn, &make).await.expect("a role");
    let idem = Idem::<sqlx::Postgres>::open(&url.replace("postgres@", &format!("{role}@"))).await.expect("opened");
    let app = App::default();
    let transactional = Door::Call(router(
        app.clone(),
        &Guard::transactional(&idem, scope::single()).namespace("tx").fail_open_named(WHY).required(),
    ));
    let runs = app.runs.clone();
    let act = move |lease: Lease| {
        runs.fetch_add(1, SeqCst);
        async move {
            let _ = lease.key("charge");
            lease.done("charged")
        }
    };
    let guard = Guard::leased(&idem, scope::single()).fail_open_named(WHY);
    let leased = Door::Call(Router::new().route("/acts", post(act)).layer(guard.required()));
    let done = Script::new(Then::Done);
    for door in [&transactional, &leased] {
        assert_eq!(door.act(KEY, &done).await.key_status(), Some("executed"));
    }
    for refuse in ["SELECT", "INSERT, UPDATE, DELETE"] {
        let revoke = format!("REVOKE {refuse} ON idem_claims FROM {role}");
        sqlx::Postgres::script(&mut conn, &revoke).await.expect("revoked");
        let got = leased.act(KEY, &done).await;
        assert_eq!(got.refusal(), (503, "store-away".into(), None, true), "{got:?}");
        let got = transactional.act(KEY, &done).await;
        assert!([Some("replayed"), None].contains(&got.key_status()), "{got:?}");
        sqlx::Postgres::script(&mut conn, &format!("GRANT ALL ON idem_claims TO {role}")).await.expect("granted");
    }
    assert_eq!(app.runs(), 2);
    let out = format!(
        "ALTER ROLE {role} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"
    );
    sqlx::Postgres::script(&mut conn, &out).await.expect("logged out");
    for door in [&leased, &transactional] {
        assert_eq!(door.act(KEY, &done).await.refusal(), (503, "store-away".into(), None, true));
    }
    assert_eq!(app.runs(), 2);
    idem.shutdown().await;
    opened.shutdown().await;
    sqlx::Postgres::script(&mut conn, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.expect("dropped");
}

#[tokio::test]
async fn lost_commit_without_a_record_is_final() {
    let Some(place) = Postgres::fresh().await else { return };
    let (url, proxy) = (place.address(), Proxy::start(place.url()));
    sqlx::Postgres::prepare(&url).await;
    let idem = node::<sqlx::Postgres>(&place.url().through(proxy.address()).to_string()).await;
    let guard = Guard::transactional(&idem, scope::single());
    let app = App::default();
    let open = Door::Call(router(app.clone(), &guard.clone().fail_open_named(WHY).required()));
    let keyless = Door::Call(router(App::default(), &guard.optional()));
    let done = Script::new(Then::Done);
    let is_final = |got: &crate::site::Got| {
        let status = StatusCode::from_u16(got.status).expect("a status");
        verdict(status, &got.headers) == Advice::Final
    };
    proxy.arm(At::Commit, Cut::LoseReply(Hangup::Reset));
    let got = keyless.send(request("/acts", &[], done.json())).await;
    assert_eq!(got.refusal(), (500, "outcome-unknown".into(), Some("ignored"), false));
    assert!(is_final(&got));
    let (script, gate) = (done.waiting(), &app.gate);
    proxy.arm_for_good(At::Statement("idem_claims".into()), Cut::Before(Hangup::Reset));
    let got = open.begin(KEY, &script);
    gate.reached().await;
    proxy.arm(At::Commit, Cut::LoseReply(Hangup::Reset));
    gate.open();
    let got = got.await.expect("answered");
    assert_eq!(got.refusal(), (500, "outcome-unknown".into(), Some("ignored"), false));
    assert!(is_final(&got));
}

#[tokio::test]
async fn record_that_is_there_and_cannot_be_read_runs_nothing() {
    let Some(site) = Site::<sqlx::Sqlite>::open(Via::Call).await else { return };
    let door = site.serve(|guard| guard.fail_open_named(WHY)).await;
    let done = Script::new(Then::Done);
    door.act(KEY, &done).await;
    site.script("PRAGMA ignore_check_constraints = ON; UPDATE idem_claims SET state = 9").await;
    let got = door.act(KEY, &done).await;
    assert_eq!((got.status, site.effects().await), (500, 1), "{got:?}");
}

#[tokio::test]
async fn namespace_that_does_not_fit_is_misuse() {
    let Some(site) = Site::<sqlx::Sqlite>::open(Via::Call).await else { return };
    for name in ["@mine", "", "a\nb"] {
        let door = site.serve(|guard| guard.fail_open_named(WHY).namespace(name)).await;
        let got = door.act(KEY, &Script::new(Then::Done)).await;
        assert_eq!(got.refusal(), (500, "bad-namespace".into(), None, false), "{name:?}");
    }
    assert_eq!(site.effects().await, 0);
}

#[tokio::test]
async fn store_that_was_shut_down_does_not_open_a_guard() {
    let Some(site) = Site::<sqlx::Sqlite>::open(Via::Call).await else { return };
    let runs = site.app.runs.clone();
    let act = move |lease: Lease| {
        runs.fetch_add(1, SeqCst);
        async move {
            let _ = lease.key("charge");
            lease.done("charged")
        }
    };
    let guard = Guard::leased(&site.idem, scope::single()).fail_open_named(WHY);
    let leased = Door::Call(Router::new().route("/acts", post(act)).layer(guard.required()));
    let transactional = site.serve(|guard| guard.fail_open_named(WHY)).await;
    leased.act(KEY, &Script::new(Then::Done)).await;
    site.idem.shutdown().await;
    let got = leased.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!(got.refusal(), (503, "draining".into(), None, true));
    assert_eq!(site.app.runs(), 1);
    // This one has only read by then, and its handler cannot begin.
    let got = transactional.act("a-key-of-the-other-guard", &Script::new(Then::Done)).await;
    assert_eq!((got.refusal(), site.effects().await), ((503, "draining".into(), Some("released"), true), 0));
}

/// Answers that ask for a repeat, of work that has no record: our client sends them once.
#[tokio::test]
async fn answer_that_asks_for_a_repeat_without_a_record_is_final() {
    let idem = nowhere();
    let charges = Arc::new(AtomicU32::new(0));
    let gateway = charges.clone();
    let act = move |lease: Lease, headers: http::HeaderMap| {
        let _ = lease.key("charge");
        gateway.fetch_add(1, SeqCst);
        async move {
            let status: u16 = headers["x-status"].to_str().expect("a number").parse().expect("a number");
            let again = [("stripe-should-retry", "true"), ("retry-after", "1")];
            (StatusCode::from_u16(status).expect("a status"), again, "again")
        }
    };
    let guard = Guard::leased(&idem, scope::single()).fail_open_named(WHY);
    let service = Router::new().route("/acts", post(act)).layer(guard.required());
    let Door::Socket(_, url) = Door::open(service, Via::Socket).await else { unreachable!("a socket") };
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(Retries::default()).build();
    for (sent, status) in (1..).zip([408, 409, 425, 429, 503]) {
        let request = client.post(format!("{url}/acts")).header("x-status", status).body("pay");
        let reply = request.send().await.expect("an answer");
        assert_eq!((reply.status().as_u16(), charges.load(SeqCst)), (status, sent));
    }
}

#[tokio::test]
async fn keyed_request_without_a_key_is_not_repeated() {
    let guard = Guard::keyed(scope::single()).deadline(Duration::from_millis(50));
    let acts = Router::new().route("/acts", post(async || std::future::pending::<&str>().await));
    let door = Door::Call(acts.layer(guard.optional()));
    let got = door.send(request("/acts", &[], Vec::new())).await;
    assert_eq!(got.refusal(), (503, "deadline".into(), Some("ignored"), false));
    let got = door.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!(got.refusal(), (503, "deadline".into(), None, true));
}
