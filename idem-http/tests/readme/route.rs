//! The route of the README.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Extension, Json, Router};
use idem_core::Idem;
use idem_http::{Done, Guard, Problem, scope};
use serde::{Deserialize, Serialize};
use sqlx::Sqlite;

#[derive(Debug, Clone)]
pub struct Principal {
    pub tenant: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct Order {
    item: String,
    amount: i64,
}

type Work = idem_http::Work<Sqlite>;

async fn place(State(idem): State<Idem<Sqlite>>, mut work: Work, Json(order): Json<Order>) -> Result<Done, Problem> {
    let key = work.key("pay"); // derived from the client's key
    let tx = work.tx().await?;
    sqlx::query("INSERT INTO orders VALUES ($1)").bind(&order.item).execute(tx.conn()).await?;
    idem.ledger().account("orders").within(tx).apply_delta(&key, order.amount).await?;
    Ok(work.done((StatusCode::CREATED, Json(order)))) // rows, money, record and answer: one commit
}

pub fn service(idem: Idem<Sqlite>, principal: Principal) -> Router {
    let guard = Guard::transactional(&idem, scope::extension(|who: &Principal| who.tenant.clone()));
    let service = Router::new().route("/orders", post(place)).route_layer(guard.required()).with_state(idem);
    service.layer(Extension(principal))
}
