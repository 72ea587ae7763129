//! Webhooks of the payments server: each event arrives, in its order, signed, also where the receiver fails and the server is killed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use idem_http::webhook::Verifier;
use serde_json::Value;
use tests::{Report, Seed, scale};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::server::Server;
use crate::support::Database;

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

/// What a receiver has seen: each event once, in the order of its first arrival.
struct Receiver {
    verifier: Verifier,
    seen: Mutex<Seen>,
    arrived: Notify,
}

struct Seen {
    random: fastrand::Rng,
    order: Vec<String>,
    known: HashSet<String>,
    repeats: u64,
    refused: u64,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receiver.verifier.verify(&headers, &body).expect("signed by the server");
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    let id = event["id"].as_str().expect("an id").to_owned();
    let mut seen = receiver.seen.lock().expect("not poisoned");
    // Before it is taken, or after it.
    let (fails, forgets) = (seen.random.u8(0..100) < 20, seen.random.u8(0..100) < 20);
    if fails {
        seen.refused += 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if seen.known.insert(id.clone()) {
        seen.order.push(id);
    } else {
        seen.repeats += 1;
    }
    receiver.arrived.notify_waiters();
    if forgets {
        seen.refused += 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

crate::support::on_each_database! {
    events_arrive_in_order_over_failures_and_kills,
}

fn events_arrive_in_order_over_failures_and_kills(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let (runtime, random, url) = (Runtime::new().expect("threads"), Seed::new().rng(1), database.url());
    let seen = Seen { random, order: Vec::new(), known: HashSet::new(), repeats: 0, refused: 0 };
    let verifier = Verifier::stripe(SECRET).expect("a secret");
    let receiver = Arc::new(Receiver { verifier, seen: Mutex::new(seen), arrived: Notify::new() });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let endpoint = format!("http://{}/events={SECRET}", listener.local_addr().expect("an address"));
    let service = Router::new().route("/events", post(receive)).with_state(receiver.clone());
    runtime.spawn(async move { axum::serve(listener, service).await });

    let mut report = Report::new("Webhooks", 5);
    let rounds = scale(5, 50);
    let client = reqwest::Client::new();
    for round in 0..rounds {
        let server = Server::start_with(&url, &["--webhook", &endpoint]);
        let pay = async {
            for payment in 0..4 {
                let body = "amount=500&currency=eur&payment_method=pm_card_visa&confirm=true";
                let request = client.post(format!("{}/v1/payment_intents", server.url())).bearer_auth("sk_test_shop");
                let request = request.header("idempotency-key", format!("order-{round}-{payment}")).body(body);
                assert!(request.send().await.expect("answered").status().is_success());
            }
        };
        runtime.block_on(pay);
        // Killed with events under way.
        drop(server);
        report.strike("server killed");
    }
    let server = Server::start_with(&url, &["--webhook", &endpoint]);
    runtime.block_on(async {
        let expected = listed(&client, &server.url()).await;
        assert_eq!(expected.len(), 3 * 4 * rounds, "created, charged, succeeded");
        loop {
            let arrived = receiver.arrived.notified();
            if receiver.seen.lock().expect("not poisoned").order.len() == expected.len() {
                break;
            }
            arrived.await;
        }
        assert_eq!(receiver.seen.lock().expect("not poisoned").order, expected, "in the order of the list of events");
    });
    let seen = receiver.seen.lock().expect("not poisoned");
    report.add("receiver refused", seen.refused);
    report.add("event arrived again", seen.repeats);
    report.finish(15);
}

/// The ids of all events, the oldest first.
async fn listed(client: &reqwest::Client, url: &str) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let request = client.get(format!("{url}/v1/events?limit=100{after}")).bearer_auth("sk_test_shop");
        let text = request.send().await.expect("answered").text().await.expect("text");
        let page: Value = serde_json::from_str(&text).expect("JSON");
        let data = page["data"].as_array().expect("a list");
        ids.extend(data.iter().map(|event| event["id"].as_str().expect("an id").to_owned()));
        if page["has_more"] == false {
            ids.reverse();
            return ids;
        }
        after = format!("&starting_after={}", ids.last().expect("a page"));
    }
}

/// What leads elsewhere has taken nothing: the events stay queued, and no other address is asked.
#[test]
fn endpoint_that_redirects_has_taken_no_event() {
    let (database, runtime) = (Database::sqlite(), Runtime::new().expect("threads"));
    let arrived = Arc::new(Notify::new());
    let (tells, mut gets) = (arrived.clone(), 0);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let endpoint = format!("http://{}/events={SECRET}", listener.local_addr().expect("an address"));
    let (seen, count) = std::sync::mpsc::channel();
    let service = Router::new()
        .route(
            "/events",
            post(move || async move {
                tells.notify_one();
                (StatusCode::FOUND, [("location", "/login")])
            }),
        )
        .route(
            "/login",
            axum::routing::get(move || async move {
                let _ = seen.send(());
                "log in"
            }),
        );
    runtime.spawn(async move { axum::serve(listener, service).await });
    let server = Server::start_with(&database.url(), &["--webhook", &endpoint]);
    runtime.block_on(async {
        let merchant = crate::page::Merchant::of(&server);
        assert_eq!(merchant.pay("order", "100").await.0, 200);
        // Sent, and sent again.
        arrived.notified().await;
        arrived.notified().await;
        let idem = idem_core::Idem::<sqlx::Sqlite>::open(&database.url()).await.expect("it opens");
        let select = "SELECT count(*) FROM stripe_webhooks";
        let queued: i64 = sqlx::query_scalar(select).fetch_one(idem.pool()).await.expect("readable");
        assert!(queued > 0, "the events are queued");
    });
    while count.try_recv().is_ok() {
        gets += 1;
    }
    assert_eq!(gets, 0);
}
