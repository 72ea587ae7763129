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
    let output = bare().arg("storm").args(arguments).output().expect("the program starts");
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
        (&["--url", "nowhere"], "no address"),
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
