//! A machine's names as they are stored, to tell an older or newer release of it from another machine.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::engine::session::transaction::{StoredGraph, Tx};
use crate::engine::shared::{Registration, Shared};
use crate::error::Error;
use crate::key::Hasher;
use crate::model::machine::graph::Graph;
use crate::store::Database;
use crate::store::connect::TransactionUse;
use crate::store::error::StoreError;
use crate::store::machine::queries::{put_graph, stored_graph};
use crate::store::machine::rows::GraphRow;
use crate::store::session::Session;
use crate::wire::Stored;

/// The names of a machine's states, each with its earlier names, and of its commands.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct GraphRecord {
    states: Vec<Vec<String>>,
    commands: Vec<Vec<String>>,
    edges: Vec<(usize, usize, Vec<usize>)>,
}

impl GraphRecord {
    pub(crate) fn of(graph: &Graph) -> Self {
        let all =
            |name: &str, was: &[&str]| std::iter::once(name).chain(was.iter().copied()).map(str::to_owned).collect();
        Self {
            states: graph.states.iter().map(|state| all(state.name, state.was)).collect(),
            commands: graph.commands.iter().map(|command| all(command.name, command.was)).collect(),
            edges: graph.edges.iter().map(|edge| (edge.from, edge.command, edge.to.to_vec())).collect(),
        }
    }

    /// What was stored; nothing if it is not readable, which then is a machine with no states.
    pub(crate) fn read(row: &GraphRow) -> Self {
        row.names.decode().unwrap_or_default()
    }

    pub(crate) fn row(&self) -> GraphRow {
        GraphRow { hash: self.hash().to_vec(), names: Stored::encode(self).unwrap_or_default() }
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Hasher::new("idem graph v1").with(&Stored::encode(self).unwrap_or_default().0).finish()
    }

    /// Whether every state of `other` is known here, now or under an earlier name.
    pub(crate) fn extends(&self, other: &Self) -> bool {
        self.unknown(other).is_empty()
    }

    /// The states of `other` that are not known here, if neither is a release of the other.
    ///
    /// Two releases of one machine run side by side while a deploy lasts, so the older one is not foreign to the newer.
    pub(crate) fn foreign_to(&self, other: &Self) -> Option<Vec<String>> {
        (!self.extends(other) && !other.extends(self)).then(|| self.unknown(other))
    }

    fn compare(&self, stored: Option<&GraphRow>) -> Compared {
        let Some(stored) = stored else { return Compared::Absent(None) };
        if stored.hash == self.hash() {
            return Compared::Known;
        }
        let known = Self::read(stored);
        match self.foreign_to(&known) {
            Some(missing) => Compared::Foreign(missing),
            None if self.extends(&known) => Compared::Absent(Some(stored.hash.clone())),
            None => Compared::Known,
        }
    }

    /// The error, if it is of what this release does not know either; else what a process of this release would not say.
    pub(crate) fn explain(&self, error: &mut Error) {
        let knows = |of: &[Vec<String>], name: &String| of.iter().flatten().any(|known| known == name);
        *error = match error {
            Error::UnknownState { machine, id, stored, .. } if knows(&self.states, stored) => {
                Error::OtherRelease { machine, id: id.clone(), what: "state", stored: stored.clone() }
            }
            Error::UnknownCommand { machine, id, stored, .. } if knows(&self.commands, stored) => {
                Error::OtherRelease { machine, id: id.clone(), what: "command", stored: stored.clone() }
            }
            _ => return,
        };
    }

    fn unknown(&self, other: &Self) -> Vec<String> {
        let known = |state: &&Vec<String>| {
            state.first().is_some_and(|name| self.states.iter().flatten().any(|known| known == name))
        };
        other.states.iter().filter(|state| !known(state)).filter_map(|state| state.first().cloned()).collect()
    }
}

impl<DB: Database> Shared<DB> {
    /// Refuses a machine whose name another machine has in this database. Asks the database once per process.
    ///
    /// # Errors
    /// [`Error::ForeignMachine`]; [`Error::InFlight`] if another transaction is about to store the graph, and does not end within
    /// `deadline` or the lock wait; those of the database.
    pub(crate) async fn register(&self, graph: &'static Graph, deadline: Option<Duration>) -> Result<(), Error> {
        let mine = GraphRecord::of(graph);
        if self.is_registered(graph, &mine) {
            return Ok(());
        }
        let began = Instant::now();
        match deadline {
            Some(deadline) if !seeded_bug!("first-use-without-deadline") => {
                let compared = self.compare_graph(graph, &mine, deadline.min(self.settings.wait));
                let in_flight = |_| Err(Error::in_flight(began.elapsed()));
                timeout(deadline, compared).await.unwrap_or_else(in_flight)
            }
            _ => self.compare_graph(graph, &mine, self.settings.wait).await,
        }
    }

    /// Compares the graph with the one that is stored, and stores it if there is none or an older one.
    async fn compare_graph(&self, graph: &'static Graph, mine: &GraphRecord, wait: Duration) -> Result<(), Error> {
        let began = Instant::now();
        let in_flight = || Error::in_flight(began.elapsed());
        // One asks for all that wait for the same machine, so that they do not take all connections.
        let turn = if seeded_bug!("one-comparison-at-a-time") { "" } else { graph.name };
        let comparing = self.registrations().entry(turn).or_default().comparing.clone();
        let _comparing = timeout(wait, comparing.lock()).await.map_err(|_| in_flight())?;
        if self.is_registered(graph, mine) {
            return Ok(());
        }
        let mut lease = self.readers.acquire().await?;
        let stored = stored_graph(&mut lease.session(), graph.name).await;
        let mut compared = mine.compare(self.answer(lease, stored).await?.as_ref());
        if let Compared::Absent(_) = compared {
            let left = wait.saturating_sub(began.elapsed());
            let mut lease = self.writer(left).await?;
            let stored = store_apart(&mut lease.session(), graph, mine, left).await;
            compared = self.answer(lease, stored).await?;
        }
        compared.refuse_foreign(graph)?;
        self.note_registered(graph, mine);
        Ok(())
    }

    /// The release of a machine that the database has; `None` if that cannot be asked now.
    pub(crate) async fn stored_release(&self, graph: &'static Graph) -> Option<GraphRecord> {
        let mut lease = self.readers.acquire().await.ok()?;
        let stored = stored_graph(&mut lease.session(), graph.name).await;
        stored.ok()?.as_ref().map(GraphRecord::read)
    }

    fn is_registered(&self, graph: &Graph, mine: &GraphRecord) -> bool {
        self.registrations().get(graph.name).is_some_and(|graph| graph.known == Some(mine.hash()))
    }

    fn note_registered(&self, graph: &Graph, mine: &GraphRecord) {
        self.registrations().entry(graph.name).or_default().known = Some(mine.hash());
    }

    fn registrations(&self) -> MutexGuard<'_, HashMap<&'static str, Registration>> {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same on the connection of a transaction, which may be the only one there is. True if the graph is stored for everyone:
/// others do not see one that this transaction stored until it commits, and must not rely on it before.
pub(crate) async fn register_joined<DB: Database>(tx: &mut Tx<DB>, graph: &'static Graph) -> Result<bool, Error> {
    let (mine, shared) = (GraphRecord::of(graph), tx.shared.clone());
    if shared.is_registered(graph, &mine) {
        return Ok(true);
    }
    let is_mine = |stored: &StoredGraph| (stored.machine, stored.hash) == (graph.name, mine.hash());
    let before = tx.graphs.iter().position(is_mine);
    if before.is_some_and(|at| !tx.graphs[at].doubtful) {
        return Ok(false);
    }
    let mut call = tx.asking_call().await?;
    let mut session = call.session()?;
    session.half_written(true);
    let stored = store(&mut session, graph, &mine).await;
    let (compared, stored) = call.end(stored)?;
    compared.refuse_foreign(graph)?;
    // What this transaction stored once is found later as if it were there for everyone.
    let own = (stored || before.is_some()) && !seeded_bug!("graph-before-commit");
    match before.and_then(|at| tx.graphs.get_mut(at)) {
        Some(graph) => graph.doubtful = false,
        None if own => tx.graphs.push(StoredGraph { machine: graph.name, hash: mine.hash(), doubtful: false }),
        None => shared.note_registered(graph, &mine),
    }
    Ok(!own)
}

/// The release of a machine that the database has, asked on the connection of a transaction.
pub(crate) async fn stored_release_joined<DB: Database>(tx: &mut Tx<DB>, graph: &'static Graph) -> Option<GraphRecord> {
    let mut call = tx.call().ok()?;
    let mut session = call.session().ok()?;
    let stored = stored_graph(&mut session, graph.name).await;
    call.end(stored).ok()?.as_ref().map(GraphRecord::read)
}

/// What a graph is to the one that is stored.
enum Compared {
    /// It, or a newer release of it, is stored.
    Known,
    /// Another machine is stored: these of its states are not known here.
    Foreign(Vec<String>),
    /// None is stored, or an older release, with this hash.
    Absent(Option<Vec<u8>>),
}

impl Compared {
    fn refuse_foreign(self, graph: &Graph) -> Result<(), Error> {
        match self {
            Self::Foreign(missing) => Err(Error::ForeignMachine { machine: graph.name, missing }),
            Self::Known | Self::Absent(_) => Ok(()),
        }
    }
}

/// Stores the graph in a transaction of its own, for whose locks it waits at most for `wait`.
async fn store_apart<DB: Database>(
    session: &mut Session<'_, DB>,
    graph: &'static Graph,
    mine: &GraphRecord,
    wait: Duration,
) -> Result<Compared, StoreError> {
    session.begin(DB::begin(wait, TransactionUse::Own)).await?;
    let stored = store(session, graph, mine).await;
    // What cannot be ended ends with its connection.
    match &stored {
        Ok(_) => session.commit().await?,
        Err(_) => drop(session.roll_back().await),
    }
    stored.map(|(compared, _)| compared)
}

/// Stores the graph unless it is known or foreign; what it is to the one that is stored then, and whether it was stored now.
async fn store<DB: Database>(
    session: &mut Session<'_, DB>,
    graph: &'static Graph,
    mine: &GraphRecord,
) -> Result<(Compared, bool), StoreError> {
    let compared = mine.compare(stored_graph(session, graph.name).await?.as_ref());
    let Compared::Absent(replace) = compared else { return Ok((compared, false)) };
    put_graph(session, graph.name, &mine.row(), replace.as_deref()).await?;
    // Somebody else may have been faster, with a graph of their own.
    Ok((mine.compare(stored_graph(session, graph.name).await?.as_ref()), true))
}
