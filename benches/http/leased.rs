//! Leases in Redis beside round trips of the same client.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use benches::race::{Contender as _, Player};
use benches::sets::{Sets, connect, remove};
use benches::wire::{Wire, print_trips};
use idem_http::{Done, Guard, Lease, Leases, Problem, scope};
use redis::Client;

use crate::caller::Caller;
use crate::service::Order;
use crate::sides::Players;
use crate::{Asked, Failure};

/// Measures on the server that `IDEM_REDIS_URL` names.
pub(crate) async fn redis(asked: &Asked) -> Result<(), Failure> {
    if !asked.wants("leased") {
        return Ok(());
    }
    let Ok(url) = std::env::var("IDEM_REDIS_URL") else {
        println!("SKIPPED: Redis. Set IDEM_REDIS_URL to a server with `maxmemory-policy noeviction`.");
        return Ok(());
    };
    let prefix = format!("idem-bench-{}:", std::process::id());
    let measured = measure(asked, &url, &prefix).await;
    remove(&url, &prefix).await?;
    measured
}

async fn measure(asked: &Asked, url: &str, prefix: &str) -> Result<(), Failure> {
    let mut connection = connect(url).await?;
    let info: redis::InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
    let version: String = info.get("redis_version").unwrap_or_default();
    println!("Redis {version}: a claim and its answer. Floor: 0.8\n\nRound trips:");
    let wire = Wire::to(Client::open(url)?.get_connection_info().addr().to_string()).await?;
    let counted = format!("redis://127.0.0.1:{}", wire.port);
    print_trips(&players(&counted, &format!("{prefix}counted:")).await?, || wire.trips()).await?;
    asked.race.run("leased", &players(url, prefix).await?, &[1, 8, 32]).await
}

async fn players(url: &str, prefix: &str) -> Result<Players, Failure> {
    let leases = Leases::redis_with_prefix(url, prefix).await?;
    let by_hand = by_hand(Sets::on(url, &format!("{prefix}handler-")).await?);
    Ok(vec![
        Player::boxed("two SETs", Sets::on(url, prefix).await?),
        Player::boxed("two SETs in a handler", Caller::new(by_hand, "leased", 1)),
        Player::boxed("guarded, in Redis", Caller::new(guarded(leases), "leased", 1).executed()),
    ])
}

/// The same handler with the two round trips in it, and no lease.
fn by_hand(sets: Sets) -> Router {
    async fn charge(State(sets): State<Sets>, Json(order): Json<Order>) -> Result<(StatusCode, String), Problem> {
        // The item has the number of the order in it.
        let number = order.item.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
        sets.call(number).await.map_err(Problem::internal)?;
        Ok((StatusCode::CREATED, order.item))
    }
    Router::new().route("/orders/{number}", post(charge)).with_state(sets)
}

/// A handler that does nothing under the lease but read its order.
pub(crate) fn guarded(leases: Leases) -> Router {
    async fn charge(lease: Lease, Json(order): Json<Order>) -> Done {
        let _ = lease.key("charge");
        lease.done((StatusCode::CREATED, order.item))
    }
    Router::new().route("/orders/{number}", post(charge)).layer(Guard::leased(leases, scope::single()).required())
}
