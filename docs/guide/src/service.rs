use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use idem_core::ledger::Bounds;
use idem_core::{Idem, Key};
use idem_http::{Done, Guard, Problem, scope};
use serde::{Deserialize, Serialize};
use sqlx::Sqlite;

use crate::order::{Order, Rules, order, wallet};

type Work = idem_http::Work<Sqlite>;

#[derive(Deserialize)]
struct Purchase {
    customer: String,
    item: String,
    price: i64,
}

async fn buy(
    State(idem): State<Idem<Sqlite>>,
    mut work: Work,
    Json(purchase): Json<Purchase>,
) -> Result<Done, Problem> {
    let Purchase { customer, item, price } = purchase;
    if price <= 0 {
        return Err(Problem::unprocessable("a price is more than 0"));
    }
    let key = work.key("pay"); // made of the client's key and this word
    let tx = work.tx().await?;
    let insert = sqlx::query_scalar("INSERT INTO sales (item) VALUES ($1) RETURNING number");
    let number: i64 = insert.bind(item).fetch_one(tx.conn()).await?;
    let order = Order::stored(&idem, Rules).at(format!("order-{number}"));
    let placed = order::Placed { customer, price };
    let paid = order.within(tx).start_and(&key, placed, order::Pay { amount: price }).await?;
    Ok(work.done((StatusCode::CREATED, Json(&*paid)))) // row, order, money, key and answer: one commit
}

#[derive(Serialize)]
struct Books {
    sales: i64,
    revenue: i64,
    sound: bool,
}

async fn books(State(idem): State<Idem<Sqlite>>) -> Result<Json<Books>, Problem> {
    let sales = sqlx::query_scalar("SELECT count(*) FROM sales").fetch_one(idem.pool()).await?;
    let revenue = idem.ledger().account("shop").get().await?.map_or(0, |account| account.balance);
    Ok(Json(Books { sales, revenue, sound: idem.ledger().audit().await?.is_sound() }))
}

pub async fn service(idem: &Idem<Sqlite>) -> Result<Router, Box<dyn std::error::Error + Send + Sync>> {
    let table = "CREATE TABLE IF NOT EXISTS sales (number INTEGER PRIMARY KEY, item TEXT NOT NULL)";
    sqlx::query(table).execute(idem.pool()).await?;
    idem.ledger().account(wallet("ann")).open(Bounds::at_least(0)).await?;
    // One deposit, however often the service is started.
    idem.ledger().transfer(&Key::new("bank", "deposit-1")?, "bank", wallet("ann"), 1_000_000).await?;

    let guard = Guard::transactional(idem, scope::single()); // all clients are one; with logins: scope::extension
    let guarded = Router::new().route("/orders", post(buy)).route_layer(guard.required());
    Ok(guarded.route("/books", get(books)).with_state(idem.clone()))
}
