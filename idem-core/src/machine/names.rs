//! A machine's names as they are stored, to tell an older or newer release of it from another machine.

use serde::{Deserialize, Serialize};

use super::graph::Graph;
use crate::key::Hasher;
use crate::store::rows::GraphRow;
use crate::wire::Stored;

/// The names of a machine's states, each with its earlier names, and of its commands.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Names {
    states: Vec<Vec<String>>,
    commands: Vec<Vec<String>>,
    edges: Vec<(usize, usize, Vec<usize>)>,
}

impl Names {
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
