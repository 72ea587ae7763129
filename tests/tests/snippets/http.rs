//! A route that is safe to retry.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use idem_core::Idem;
use idem_http::{Done, Guard, Problem, scope};
use serde::{Deserialize, Serialize};
use sqlx::Sqlite;

#[derive(Serialize, Deserialize)]
struct Order { item: String, amount: i64 }

#[derive(Clone)]
struct Principal { tenant: String }

type Work = idem_http::Work<Sqlite>;

async fn place(State(idem): State<Idem<Sqlite>>, mut work: Work, Json(order): Json<Order>) -> Result<Done, Problem> {
    let key = work.key("pay");                                           // derived from the client's key
    let tx = work.tx().await?;
    sqlx::query("INSERT INTO orders VALUES ($1)").bind(&order.item).execute(tx.conn()).await?;
    idem.ledger().account("orders").within(tx).apply_delta(&key, order.amount).await?;
    Ok(work.done((StatusCode::CREATED, Json(order))))                    // rows, money, record and answer: one commit
}

fn service(idem: Idem<Sqlite>) -> Router {
    let guard = Guard::transactional(&idem, scope::extension(|who: &Principal| who.tenant.clone()));
    Router::new().route("/orders", post(place)).route_layer(guard.required()).with_state(idem)
}

#[tokio::test]
async fn order_that_comes_twice_is_placed_once() -> super::Done {
    let idem = Idem::<Sqlite>::open(&super::fresh().url()).await?;
    sqlx::raw_sql("CREATE TABLE orders (item TEXT NOT NULL)").execute(idem.pool()).await?;
    let login = axum::Extension(Principal { tenant: "a".into() });
    let report = idem_http::testing::Probe::new(service(idem.clone()).layer(login))
        .post("/orders", serde_json::json!({"item": "tea", "amount": 5}))
        .changed(serde_json::json!({"item": "tea", "amount": 6}))
        .effects(|| async { idem.ledger().account("orders").get().await.ok().flatten().map_or(0, |orders| orders.version) })
        .check()
        .await;
    report.assert();
    Ok(())
}
