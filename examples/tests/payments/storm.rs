//! The storm: it proves a service that does each request once, and finds one that does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tests::scale;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::server::Server;
use crate::support::{Database, bare, text};

/// The exit status, and what was said.
fn storm(arguments: &[&str]) -> (Option<i32>, String) {
    let settle: &[&str] = if arguments.contains(&"--settle") { &[] } else { &["--settle", "100ms"] };
    let output = bare().arg("storm").args(arguments).args(settle).output().expect("the program starts");
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

crate::support::on_each_database! {
    payments_server_is_exact,
}

fn payments_server_is_exact(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    let requests = scale(100, 1_000).to_string();
    let (status, said) = storm(&["--url", &server.url(), "--requests", &requests]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("each request had one effect and one answer"), "{said}");
    // A storm that is repeated has the payments of the first one, and makes no others.
    let again = ["--url", &server.url(), "--requests", "20", "--seed", "7"];
    for _ in 0..2 {
        let (status, said) = storm(&again);
        assert_eq!(status, Some(0), "{said}");
    }
}

/// A service of somebody else: it counts orders, and knows a repeat or not.
struct Orders {
    knows: bool,
    count: AtomicI64,
    answers: Mutex<Vec<(String, Value)>>,
}

async fn order(State(orders): State<Arc<Orders>>, headers: HeaderMap) -> Json<Value> {
    let key = headers["idempotency-key"].to_str().expect("text").to_owned();
    let mut answers = orders.answers.lock().await;
    if orders.knows
        && let Some((_, answer)) = answers.iter().find(|(known, _)| *known == key)
    {
        return Json(answer.clone());
    }
    // The answer does not say that it was done twice.
    let answer = json!({"key": key});
    orders.count.fetch_add(1, SeqCst);
    answers.push((key, answer.clone()));
    Json(answer)
}

async fn count(State(orders): State<Arc<Orders>>) -> Json<Value> {
    Json(json!({"orders": {"count": orders.count.load(SeqCst)}}))
}

#[test]
fn foreign_service_is_proved_by_its_count_and_one_that_charges_twice_is_found() {
    let runtime = Runtime::new().expect("threads");
    for knows in [true, false] {
        let orders = Orders { knows, count: AtomicI64::new(7), answers: Mutex::default() };
        let service = Router::new().route("/orders", post(order)).route("/count", get(count));
        let service = service.with_state(Arc::new(orders));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(async move { axum::serve(listener, service).await });
        let (status, said) = storm(&[
            "--url",
            &url,
            "--requests",
            "50",
            "--path",
            "/orders",
            "--body",
            "{}",
            "--header",
            "Content-Type: application/json",
            "--count",
            "/count",
            "--pointer",
            "/orders/count",
        ]);
        if knows {
            assert_eq!(status, Some(0), "{said}");
        } else {
            assert_eq!(status, Some(1), "{said}");
            assert!(said.contains("effects too many"), "{said}");
        }
    }
}

#[test]
fn other_machines_and_wrong_usage_are_refused() {
    for (arguments, said) in [
        (&["--url", "http://192.0.2.1:80"][..], "--allow-remote"),
        (&["--url", "http://example.com"], "--allow-remote"),
        (&["--url", "https://127.0.0.1"], "http://"),
        (&["--url", "nowhere"], "write http://HOST:PORT"),
        (&["--path", "//192.0.2.1/x", "--count", "/c"], "--allow-remote"),
        (&["--path", "/orders"], "--count"),
        (&["--requests", "0"], "--requests"),
        (&["--header", "nonsense"], "NAME: VALUE"),
    ] {
        let (status, output) = storm(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {output}");
        assert!(output.contains(said), "{arguments:?}: {output}");
    }
    let (status, output) = storm(&["--url", "http://127.0.0.1:1"]);
    assert_eq!(status, Some(1), "{output}");
}

/// A payments server that is not exact, though the sum of its balance may be.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Wrong {
    /// One payment is made twice, another one not at all.
    TwiceAndNever,
    /// Some cents are made of nothing.
    Cents,
    /// Every key gets the first answer.
    OneAnswer,
}

struct Payments {
    wrong: Wrong,
    made: Mutex<Vec<(String, String)>>,
}

async fn pay(State(payments): State<Arc<Payments>>, headers: HeaderMap) -> Json<Value> {
    let key = headers["idempotency-key"].to_str().expect("text").to_owned();
    let mut made = payments.made.lock().await;
    let known = made.iter().find(|(known, _)| *known == key || payments.wrong == Wrong::OneAnswer).cloned();
    let id = known.map_or_else(|| format!("pi_{:04}", made.len()), |(_, id)| id);
    if !made.iter().any(|(known, _)| *known == key) {
        made.push((key, id.clone()));
    }
    Json(json!({"id": id, "status": "succeeded"}))
}

async fn balance(State(payments): State<Arc<Payments>>) -> Json<Value> {
    let made = payments.made.lock().await.len();
    let cents = i64::from(payments.wrong == Wrong::Cents && made > 0) * 98;
    let amount = i64::try_from(made).expect("few") * 100 + cents;
    Json(json!({"available": [{"currency": "eur", "amount": amount}]}))
}

async fn listed(State(payments): State<Arc<Payments>>) -> Json<Value> {
    let mut ids: Vec<String> = payments.made.lock().await.iter().map(|(_, id)| id.clone()).collect();
    if payments.wrong == Wrong::TwiceAndNever && ids.len() > 1 {
        let (first, rest) = ids.split_at_mut(1);
        first[0].clone_from(&rest[0]);
    }
    let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "status": "succeeded"})).collect();
    Json(json!({"data": data, "has_more": false}))
}

#[test]
fn payments_server_whose_sum_alone_is_right_is_found() {
    let runtime = Runtime::new().expect("threads");
    for (wrong, found) in [
        (Wrong::TwiceAndNever, "do not belong to each other"),
        (Wrong::Cents, "beside whole effects"),
        (Wrong::OneAnswer, "do not belong to each other"),
    ] {
        let payments = Arc::new(Payments { wrong, made: Mutex::default() });
        let service = Router::new()
            .route("/v1/payment_intents", post(pay).get(listed))
            .route("/v1/balance", get(balance))
            .with_state(payments);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(async move { axum::serve(listener, service).await });
        let (status, said) = storm(&["--url", &url, "--requests", "20"]);
        assert_eq!(status, Some(1), "{wrong:?}: {said}");
        assert!(said.contains(found), "{wrong:?}: {said}");
    }
}

/// A service that works on after its answer is watched until it has come to an end.
#[test]
fn late_effect_and_other_status_and_impossible_count_are_found() {
    #[derive(Clone, Copy, Debug)]
    enum Odd {
        Late,
        Status,
        Count,
    }
    let runtime = Runtime::new().expect("threads");
    for (odd, found) in
        [(Odd::Late, "effects too many"), (Odd::Status, "answers differed"), (Odd::Count, "no service counts")]
    {
        let known = Arc::new(Mutex::new(std::collections::BTreeMap::<String, u16>::new()));
        let (made, looked) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let counted = made.clone();
        let order = move |headers: HeaderMap| async move {
            let key = headers["idempotency-key"].to_str().expect("text").to_owned();
            let mut known = known.lock().await;
            let times = known.entry(key).or_insert(0);
            *times += 1;
            if *times == 1 {
                made.fetch_add(1, SeqCst);
            }
            let status = if matches!(odd, Odd::Status) { 200 + (*times - 1).min(1) } else { 200 };
            axum::http::StatusCode::from_u16(status).expect("a status")
        };
        let count = move || async move {
            let looks = looked.fetch_add(1, SeqCst);
            match odd {
                // The last effect is made after the first look at the end.
                Odd::Late if looks > 1 => counted.load(SeqCst) + 1,
                Odd::Count if looks == 0 => i64::MIN,
                Odd::Count => i64::MAX,
                _ => counted.load(SeqCst),
            }
            .to_string()
        };
        let service = Router::new().route("/orders", post(order)).route("/count", get(count));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(async move { axum::serve(listener, service).await });
        let (status, said) = storm(&["--url", &url, "--requests", "50", "--path", "/orders", "--count", "/count"]);
        assert_eq!(status, Some(1), "{odd:?}: {said}");
        assert!(said.contains(found), "{odd:?}: {said}");
    }
}

/// A redirect leads to no other service: its answer is one that the storm does not take.
#[test]
fn storm_follows_no_redirect() {
    let runtime = Runtime::new().expect("threads");
    let reached = Arc::new(AtomicI64::new(0));
    let counts = reached.clone();
    let elsewhere = Router::new().fallback(move || {
        counts.fetch_add(1, SeqCst);
        async { "1" }
    });
    let other = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let to = format!("http://{}/x", other.local_addr().expect("an address"));
    runtime.spawn(async move { axum::serve(other, elsewhere).await });
    let redirect = move || async move { (axum::http::StatusCode::TEMPORARY_REDIRECT, [("location", to)]) };
    let service = Router::new().route("/orders", post(redirect)).route("/count", get(|| async { "1" }));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    runtime.spawn(async move { axum::serve(listener, service).await });
    let (status, said) = storm(&["--url", &url, "--requests", "5", "--path", "/orders", "--count", "/count"]);
    assert_eq!((status, reached.load(SeqCst)), (Some(1), 0), "{said}");
    assert!(said.contains("307"), "{said}");
}
