//! One command of a machine: called, in a handler, and in a handler under a keyed guard. Calls that come together share a commit in all
//! of them.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use benches::race::{Contender, Player};
use idem_core::{Database, Idem, Key, Natural};
use idem_http::{Answer, Guard, Keys, Problem, scope};
use tokio::task::JoinSet;

use crate::Failure;
use crate::caller::Caller;
use crate::machine::{Bar, Receipt, Tab, initial, tab};
use crate::service::Order;
use crate::sides::Players;

/// As many machines take turns, so that calls seldom meet at one.
const MACHINES: u64 = 1_000;

fn machine_of(number: u64) -> String {
    format!("tab-{:05}", number % MACHINES)
}

fn addition(reference: String) -> tab::Add {
    tab::Add { amount: 1, reference }
}

/// Starts the machines.
pub(crate) async fn start<DB: Database>(idem: &Idem<DB>) -> Result<(), Failure> {
    let mut starting = JoinSet::new();
    for number in 0..MACHINES {
        let tabs = Tab::stored(idem, Bar);
        starting.spawn(async move { tabs.at(machine_of(number)).start(Natural, initial()).await.map(drop) });
    }
    while let Some(started) = starting.join_next().await {
        started??;
    }
    Ok(())
}

/// Moves each machine once: the first command after a start has to read it.
pub(crate) async fn warm<DB: Database>(idem: &Idem<DB>, name: &'static str) -> Result<(), Failure> {
    let mut moving = JoinSet::new();
    for number in 0..MACHINES {
        let command = Command { tabs: Tab::stored(idem, Bar), name };
        moving.spawn(async move { command.call(number).await });
    }
    while let Some(moved) = moving.join_next().await {
        moved??;
    }
    Ok(())
}

pub(crate) fn players<DB: Database>(idem: &Idem<DB>, name: &'static str) -> Players {
    let unguarded = Caller::new(unguarded(idem), if name == "counted" { "counted-unguarded" } else { "unguarded" }, 1);
    vec![
        Player::boxed("command", Command { tabs: Tab::stored(idem, Bar), name }),
        Player::boxed("handler", unguarded),
        Player::boxed("guarded", Caller::new(guarded(idem), name, 1).executed()),
    ]
}

/// The command alone.
struct Command<DB: Database> {
    tabs: tab::Repository<DB, Bar>,
    name: &'static str,
}

impl<DB: Database> Contender for Command<DB> {
    async fn call(&self, number: u64) -> Result<(), Failure> {
        let key = Key::new("bench", format!("{}-{number:016}", self.name))?;
        let add = addition(format!("the item of order {number:016}"));
        let added = self.tabs.at(machine_of(number)).add(&key, add).await?;
        if added.is_fresh() { Ok(()) } else { Err(format!("{key:?} is known").into()) }
    }
}

/// The key is the client's own text.
fn unguarded<DB: Database>(idem: &Idem<DB>) -> Router {
    async fn add<DB: Database>(
        State(tabs): State<tab::Repository<DB, Bar>>,
        headers: HeaderMap,
        Path(number): Path<u64>,
        Json(order): Json<Order>,
    ) -> Result<Answer<Receipt>, Problem> {
        let text = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
        let key = Key::new("single", text).map_err(Problem::internal)?;
        Ok(tabs.at(machine_of(number)).add(&key, addition(order.item)).await?.into())
    }
    Router::new().route("/orders/{number}", post(add::<DB>)).with_state(Tab::stored(idem, Bar))
}

fn guarded<DB: Database>(idem: &Idem<DB>) -> Router {
    async fn add<DB: Database>(
        State(tabs): State<tab::Repository<DB, Bar>>,
        keys: Keys,
        Path(number): Path<u64>,
        Json(order): Json<Order>,
    ) -> Result<Answer<Receipt>, Problem> {
        Ok(tabs.at(machine_of(number)).add(&keys.key("add"), addition(order.item)).await?.into())
    }
    let guard = Guard::keyed(scope::single()).required();
    Router::new().route("/orders/{number}", post(add::<DB>)).layer(guard).with_state(Tab::stored(idem, Bar))
}
