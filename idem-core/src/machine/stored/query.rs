//! Machines by state.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::machine::stored::handles::Machines;
use crate::machine::stored::stored_machine::StoredMachine;
use crate::machine::stored::typed::typed_machine;
use crate::model::machine::rules::{Machine, Rules};
use crate::store::Database;
use crate::store::machine::queries;
use crate::store::machine::rows::StateQuery;

/// The most machines of one page.
const MAX_PAGE: u32 = 1_000;

/// A question for the machines in one state, those that entered it first in front. Awaited, it gives a page.
///
/// # Errors
/// [`Error::Undecodable`] if today's enum cannot hold what is stored.
#[must_use = "a question is asked when it is awaited"]
pub struct InState<'a, DB: Database, X: Rules> {
    machines: &'a Machines<DB, X>,
    state: usize,
    before: Option<Timestamp>,
    after: Option<Cursor>,
    limit: u32,
}

/// Where a page ended: give it to [`InState::after`] for the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    entered_at: Timestamp,
    id: String,
}

impl<M> StoredMachine<M> {
    /// Where a page that ends with this machine ends.
    pub fn cursor(&self) -> Cursor {
        Cursor { entered_at: self.entered_at, id: self.id.clone() }
    }
}

impl<DB: Database, X: Rules> Machines<DB, X> {
    /// The machines in a state, those that entered it first in front; a page of 100 unless [`InState::limit`] says
    /// otherwise. Indexed.
    pub fn in_state(&self, state: <X::Machine as Machine>::StateKind) -> InState<'_, DB, X> {
        InState { machines: self, state: X::Machine::position(state), before: None, after: None, limit: 100 }
    }

    /// How many machines are in each state that has any, in the order of the enum. Reads the index of all machines of
    /// this name.
    ///
    /// # Errors
    /// [`Error::UnknownState`] if a machine is stored in a state that the enum does not have.
    pub async fn count_by_state(&self) -> Result<Vec<(<X::Machine as Machine>::StateKind, u64)>, Error> {
        let graph = X::Machine::GRAPH;
        let mut lease = self.reader().await?;
        let counted = queries::count_by_state(&mut lease.session(), graph.name).await;
        let counted = self.shared.answer(lease, counted).await?;
        let mut counts = vec![0; graph.states.len()];
        for (name, many) in counted {
            match graph.state_named(&name) {
                Some(state) => counts[state] += u64::try_from(many).unwrap_or(0),
                None => {
                    return Err(Error::UnknownState {
                        machine: graph.name,
                        id: format!("{many} of them"),
                        stored: name,
                        known: graph.states.iter().map(|state| state.name).collect(),
                    });
                }
            }
        }
        Ok(counts
            .into_iter()
            .enumerate()
            .filter(|(_, many)| *many > 0)
            .map(|(at, many)| (X::Machine::kind(at), many))
            .collect())
    }
}

impl<DB: Database, X: Rules> InState<'_, DB, X> {
    /// Only those that entered the state before `time`.
    pub fn entered_before(self, time: Timestamp) -> Self {
        Self { before: Some(time), ..self }
    }

    /// Only those after the page that ended at `cursor`.
    pub fn after(self, cursor: Cursor) -> Self {
        Self { after: Some(cursor), ..self }
    }

    /// At most this many: 1 to 1,000.
    pub fn limit(self, limit: u32) -> Self {
        Self { limit: limit.clamp(1, MAX_PAGE), ..self }
    }

    async fn page(self) -> Result<Vec<StoredMachine<X::Machine>>, Error> {
        let info = &X::Machine::GRAPH.states[self.state];
        let names: Vec<&str> = std::iter::once(info.name).chain(info.was.iter().copied()).collect();
        let query = StateQuery {
            machine: X::Machine::GRAPH.name,
            states: &names,
            before: self.before,
            after: self.after.as_ref().map(|cursor| (cursor.entered_at, cursor.id.as_str())),
            limit: i64::from(self.limit),
        };
        let mut lease = self.machines.reader().await?;
        let rows = queries::in_state(&mut lease.session(), &query).await;
        let rows = self.machines.shared.answer(lease, rows).await?;
        rows.into_iter().map(|machine| typed_machine(machine.id, &machine.row)).collect()
    }
}

impl<'a, DB: Database, X: Rules> IntoFuture for InState<'a, DB, X> {
    type Output = Result<Vec<StoredMachine<X::Machine>>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.page())
    }
}

impl<DB: Database, X: Rules> fmt::Debug for InState<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InState").field("state", &X::Machine::GRAPH.states[self.state].name).finish_non_exhaustive()
    }
}
