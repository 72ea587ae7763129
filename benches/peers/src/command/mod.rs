//! A keyed command on something that has a history.

mod es_entity;
mod es_snapshot;
mod idem;

use idem_core::GroupCommit;

use crate::Failure;
use crate::contender::{Boxed, Contender, Peer, Wrong, mix};
use crate::report::{Row, compare};
use crate::server::{CONNECTIONS, Server};
use crate::settings::Settings;

/// Callers; each has things of its own, so that no two commands meet on one: es-entity answers those by an error.
const CALLERS: u64 = CONNECTIONS as u64;

/// How much history there is before the first command.
#[derive(Clone, Copy)]
struct Past {
    things: u64,
    /// Of each, the first one included; even.
    events: u64,
}

/// Measures entities with so many events.
pub(crate) async fn run(server: &mut Server, settings: &Settings, events: u64) -> Result<(), Failure> {
    if !settings.wants("es-entity") {
        return Ok(());
    }
    // So many that a run hardly lengthens the short histories; the long ones would take too much room.
    let things = if events < 100 { 320 * CALLERS } else { 16 * CALLERS };
    let (past, mut rows) = (Past { things, events }, Vec::new());
    let aim = if events < 100 { 4.0 } else { 25.0 };

    for (name, grouping) in [("idem", GroupCommit::default()), ("idem, each call alone", GroupCommit::off())] {
        let machines = idem::Tickets::opened(server.database("machines").await?, past, grouping).await?;
        rows.push(Row { peer: Peer::new(name, Own { machines, things }).await?, aim: None });
    }
    let plain = es_entity::Plain::opened(server.database("es_entity").await?, past).await?;
    rows.push(Row { peer: Peer::new("es-entity", Own { machines: plain, things }).await?, aim: Some(aim) });
    let snapshot = es_snapshot::Snapped::opened(server.database("es_snapshot").await?, past).await?;
    rows.push(Row { peer: Peer::new("es-entity, snapshots", Own { machines: snapshot, things }).await?, aim: None });

    server.analyse().await?;
    let title = format!("## Commands, {CALLERS} callers, {things} machines with a history of {events}");
    compare(&title, &rows, CALLERS, settings).await
}

/// A library that keeps machines and their history.
trait Machines: Send + Sync + 'static {
    /// Turns the machine under a new key.
    fn turn(&self, machine: u64, turn: Turn) -> impl Future<Output = Result<(), Wrong>> + Send;

    /// How many events are stored; an error if a history has a gap.
    fn stored(&self) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// What a command carries.
struct Turn {
    amount: i64,
    reference: String,
}

/// Commands to the caller's own machines.
struct Own<M> {
    machines: M,
    things: u64,
}

impl<M: Machines> Contender for Own<M> {
    fn call(&self, caller: u64, number: u64) -> Boxed<'_, Result<(), Wrong>> {
        let machine = caller + CALLERS * (mix(number) % (self.things / CALLERS));
        Box::pin(self.machines.turn(machine, Turn { amount: 500, reference: format!("reference-{number:012}") }))
    }

    fn stored(&self) -> Boxed<'_, Result<u64, Failure>> {
        Box::pin(self.machines.stored())
    }
}

/// The number of events, from a query that also counts histories with a gap.
fn whole((events, wrong): (i64, i64)) -> Result<u64, Failure> {
    if wrong == 0 { Ok(u64::try_from(events)?) } else { Err(format!("{wrong} histories have a gap").into()) }
}
