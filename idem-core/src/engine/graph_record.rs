//! A machine's names as they are stored, to tell an older or newer release of it from another machine.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use crate::engine::session::transaction::Tx;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::key::Hasher;
use crate::model::machine::graph::Graph;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::rows::GraphRow;
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

    fn unknown(&self, other: &Self) -> Vec<String> {
        let known = |state: &&Vec<String>| {
            state.first().is_some_and(|name| self.states.iter().flatten().any(|known| known == name))
        };
        other.states.iter().filter(|state| !known(state)).filter_map(|state| state.first().cloned()).collect()
    }
}

impl<DB: Database> Shared<DB> {
    /// Refuses a machine whose name another machine has in this database. Asks the database once per process.
    pub(crate) async fn register(&self, graph: &'static Graph) -> Result<(), Error> {
        let mine = GraphRecord::of(graph);
        if self.is_registered(graph, &mine) {
            return Ok(());
        }
        let mut held = self.writers.acquire().await?;
        let compared = self.reply(self.compare(held.conn(), graph, &mine)).await;
        self.finish(held, compared).await?
    }

    /// The same on the connection of a transaction, which may be the only one there is.
    pub(crate) async fn register_within(&self, graph: &'static Graph, tx: &mut Tx<DB>) -> Result<(), Error> {
        let mine = GraphRecord::of(graph);
        if self.is_registered(graph, &mine) {
            return Ok(());
        }
        tx.usable()?;
        match self.compare(tx.engine_conn()?, graph, &mine).await {
            Ok(compared) => compared,
            Err(error) => Err(tx.failed(error)),
        }
    }

    fn is_registered(&self, graph: &Graph, mine: &GraphRecord) -> bool {
        let registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        registered.get(graph.name) == Some(&mine.hash())
    }

    async fn compare(
        &self,
        conn: &mut DB::Connection,
        graph: &'static Graph,
        mine: &GraphRecord,
    ) -> Result<Result<(), Error>, StoreError> {
        let row = mine.row();
        let stored = DB::register_graph(conn, &self.sql, graph.name, &row, None).await?;
        if stored.hash != row.hash {
            let known = GraphRecord::read(&stored);
            if let Some(missing) = mine.foreign_to(&known) {
                return Ok(Err(Error::ForeignMachine { machine: graph.name, missing }));
            }
            if mine.extends(&known) {
                DB::register_graph(conn, &self.sql, graph.name, &row, Some(&stored.hash)).await?;
            }
        }
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).insert(graph.name, mine.hash());
        Ok(Ok(()))
    }
}
