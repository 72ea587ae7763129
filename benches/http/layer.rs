//! The layer itself: a handler that reads its order and answers, with nothing behind it but memory.

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use benches::race::Player;
use idem_http::{Guard, Keys, Leases, scope};

use crate::caller::Caller;
use crate::service::Order;
use crate::sides::Players;
use crate::{Asked, Failure, leased, rival};

const TASKS: [u64; 2] = [1, 32];

/// The contenders by their names.
pub(crate) const NAMES: [&str; 4] = ["handler", "keyed", "leased", "axum-idempotent"];

/// Measures in memory.
pub(crate) async fn memory(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("layer") {
        return Ok(());
    }
    println!("The layer itself, in memory: the first answer, and replays\n");
    let players = NAMES.into_iter().map(|name| Ok(Player::boxed(name, fresh(name)?)));
    asked.race.run("fresh", &players.collect::<Result<Players, Failure>>()?, &TASKS).await?;
    let mut players = Players::new();
    for name in NAMES {
        players.push(Player::boxed(name, replay(name).await?));
    }
    asked.race.run("replay", &players, &TASKS).await
}

/// A client of one of the contenders.
pub(crate) fn fresh(name: &str) -> Result<Caller, Failure> {
    let caller = |router| Caller::new(router, "order", 1);
    match name {
        "handler" => Ok(caller(unguarded())),
        // A handler without a command: the guard has nothing to say of its key.
        "keyed" => Ok(caller(keyed())),
        "leased" => Ok(caller(leased::guarded(Leases::memory())).executed()),
        "axum-idempotent" => Ok(caller(rival::around(unguarded())).with_sessions()),
        other => Err(format!("{other} is no contender").into()),
    }
}

/// A client that repeats itself; where nothing is recorded the handler runs again.
pub(crate) async fn replay(name: &str) -> Result<Caller, Failure> {
    let caller = fresh(name)?;
    caller.fill().await?;
    let caller = caller.known();
    Ok(match name {
        "leased" => caller.marked("idempotency-status", "replayed"),
        "axum-idempotent" => caller.marked("idempotency-replayed", "true"),
        _ => caller,
    })
}

fn unguarded() -> Router {
    async fn charge(Json(order): Json<Order>) -> (StatusCode, String) {
        (StatusCode::CREATED, order.item)
    }
    Router::new().route("/orders/{number}", post(charge))
}

fn keyed() -> Router {
    async fn charge(keys: Keys, Json(order): Json<Order>) -> (StatusCode, String) {
        let _ = keys.key("charge");
        (StatusCode::CREATED, order.item)
    }
    Router::new().route("/orders/{number}", post(charge)).layer(Guard::keyed(scope::single()).required())
}
