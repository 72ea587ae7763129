//! Orders that are placed once, however often they are sent: `cargo run -p idem-http --example service`.

use std::error::Error;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use idem_core::{Idem, Sweeper};
use idem_http::{Done, Drain, Guard, Problem, scope};
use serde::{Deserialize, Serialize};
use sqlx::Sqlite;

type Work = idem_http::Work<Sqlite>; // the one place where a handler names the database

#[derive(Deserialize)]
struct Order {
    item: String,
    amount: i64,
}

#[derive(Serialize)]
struct Placed {
    number: i64,
    item: String,
}

async fn place(State(idem): State<Idem<Sqlite>>, mut work: Work, Json(order): Json<Order>) -> Result<Done, Problem> {
    if order.amount <= 0 {
        return Err(Problem::unprocessable("an order has an amount")); // nothing was done: the key is free
    }
    let key = work.key("pay"); // derived from the scope, the client's key and this word
    let tx = work.tx().await?; // begun here, not before
    let insert = sqlx::query("INSERT INTO orders (item, amount) VALUES ($1, $2)");
    let number = insert.bind(&order.item).bind(order.amount).execute(tx.conn()).await?.last_insert_rowid();
    idem.ledger().account("orders").within(tx).apply_delta(&key, order.amount).await?;
    let placed = Placed { number, item: order.item };
    Ok(work.done((StatusCode::CREATED, Json(placed)))) // row, money, record and answer: one commit
}

/// The service, what deletes the records of keys that have expired, and what waits for the last request.
///
/// # Errors
/// Those of the database.
pub async fn open(url: &str) -> Result<(Router, Sweeper, Drain), Box<dyn Error + Send + Sync>> {
    let idem = Idem::<Sqlite>::open(url).await?;
    let table =
        "CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, item TEXT NOT NULL, amount INTEGER NOT NULL)";
    sqlx::query(table).execute(idem.pool()).await?;
    let sweeper = idem.sweep_in_background(Duration::from_mins(1));
    // The tenant, as a gateway in front has found it out; its keys are its own.
    let guard = Guard::transactional(&idem, scope::header(HeaderName::from_static("x-tenant")));
    let drain = guard.drain();
    Ok((Router::new().route("/orders", post(place)).route_layer(guard.required()).with_state(idem), sweeper, drain))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (service, _sweeper, drain) = open("sqlite://orders.db").await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    drain.finished().await; // requests whose clients have disconnected end as well
    Ok(())
}
