//! Machines by state.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::Error;
use crate::machine::stored::handles::Repository;
use crate::machine::stored::page::{Page, Unreadable, guarded};
use crate::machine::stored::stored_machine::StoredMachine;
use crate::machine::stored::typed::typed_machine;
use crate::model::machine::rules::{Machine, Rules};
use crate::seq::shown;
use crate::store::Database;
use crate::store::machine::queries;
use crate::store::machine::rows::{NamedMachine, StateQuery};

/// The most machines of one page.
const MAX_PAGE: u32 = 1_000;

/// A question for the machines in one state, those that entered it first in front. Awaited, it gives a page.
///
/// # Errors
/// Only those of the database: a machine that today's enum cannot hold is [`Unreadable`], in its place on the page.
///
/// # Cancel safety
/// Reads only: a dropped one leaves nothing behind.
#[must_use = "a question is asked when it is awaited"]
pub struct InState<'a, DB: Database, X: Rules> {
    machines: &'a Repository<DB, X>,
    state: usize,
    before: Option<Timestamp>,
    after: Option<Cursor>,
    limit: u32,
}

/// Where a page ended: give it to [`InState::after`] for the next. serde writes it, so that a client can ask for the next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl<DB: Database, X: Rules> Repository<DB, X> {
    /// The machines in a state, those that entered it first in front; a page of 100 unless [`InState::limit`] says
    /// otherwise. Indexed. A machine in a state that this enum does not have is in no such list;
    /// [`count_by_state`](Self::count_by_state) counts it. Errors and cancel safety: as [`InState`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Natural};
    ///
    /// let payments = Payment::stored(&idem, Rules);
    /// for id in ["pay-1", "pay-2", "pay-3"] {
    ///     payments.at(id).start(Natural, payment::Authorized { amount: 500 }).await?;
    /// }
    /// let page = payments.in_state(payment::StateKind::Authorized).limit(2).await?;
    /// let next = payments.in_state(payment::StateKind::Authorized).after(page.cursor().expect("a full page")).await?;
    /// assert_eq!((page.len(), next.len(), next.cursor()), (2, 1, None));
    /// assert!(payments.in_state(payment::StateKind::Captured).await?.is_empty());
    ///
    /// sqlx::query("UPDATE idem_machines SET body = X'01' WHERE id = 'pay-1'").execute(idem.pool()).await?;
    /// let page = payments.in_state(payment::StateKind::Authorized).await?;
    /// let unreadable: Vec<_> = page.unreadable().map(|machine| machine.id.as_str()).collect();
    /// assert_eq!((page.len(), unreadable), (3, vec!["pay-1"]));
    /// assert!(matches!(page.all(), Err(Error::Undecodable { .. })));
    /// # Ok(()) }) }
    /// ```
    pub fn in_state(&self, state: <X::Machine as Machine>::StateKind) -> InState<'_, DB, X> {
        InState { machines: self, state: X::Machine::position(state), before: None, after: None, limit: 100 }
    }

    /// How many machines are in each state that has any. Reads the index of all machines of this name.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Key, Natural};
    ///
    /// let payments = Payment::stored(&idem, Rules);
    /// for id in ["pay-1", "pay-2", "pay-3"] {
    ///     payments.at(id).start(Natural, payment::Authorized { amount: 500 }).await?;
    /// }
    /// payments.at("pay-1").capture(&Key::new("shop-1", "req-1")?, payment::Capture { amount: 500 }).await?;
    /// sqlx::query("UPDATE idem_machines SET state = 'Reserved' WHERE id = 'pay-2'").execute(idem.pool()).await?;
    ///
    /// let counts = payments.count_by_state().await?;
    /// assert_eq!((counts.of(&payment::StateKind::Authorized), counts.of(&payment::StateKind::Captured)), (1, 1));
    /// assert_eq!((&*counts.unknown[0].state, counts.unknown[0].machines), ("Reserved", 1));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Only those of the database: states that the enum does not have are counted beside the others.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn count_by_state(&self) -> Result<StateCounts<<X::Machine as Machine>::StateKind>, Error> {
        let graph = X::Machine::GRAPH;
        let mut lease = self.reader().await?;
        let counted = queries::count_by_state(&mut lease.session(), graph.name).await;
        let counted = self.shared.answer(lease, counted).await?;
        let (mut counts, mut unknown) = (vec![0; graph.states.len()], Vec::new());
        for (name, many) in counted {
            let many = u64::try_from(many).unwrap_or(0);
            match graph.state_named(&name) {
                Some(state) => counts[state] += many,
                None => unknown.push(StateCount { state: name, machines: many }),
            }
        }
        let counts = counts.into_iter().enumerate().filter(|(_, many)| *many > 0);
        let known = counts.map(|(at, machines)| StateCount { state: X::Machine::kind(at), machines }).collect();
        Ok(StateCounts { known, unknown })
    }
}

/// How many machines are in each state that has any.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateCounts<K> {
    /// The states of the enum, in its order.
    pub known: Vec<StateCount<K>>,
    /// States that the enum does not have, by their stored names: of another release, or damaged.
    pub unknown: Vec<StateCount<String>>,
}

impl<K: PartialEq> StateCounts<K> {
    /// How many machines are in this state.
    pub fn of(&self, state: &K) -> u64 {
        self.known.iter().find(|count| count.state == *state).map_or(0, |count| count.machines)
    }
}

/// How many machines are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateCount<K> {
    /// The state.
    pub state: K,
    /// How many machines are in it.
    pub machines: u64,
}

impl<DB: Database, X: Rules> InState<'_, DB, X> {
    /// Only those that entered the state before `time`, on the database's clock. Default: all.
    pub fn entered_before(self, time: Timestamp) -> Self {
        Self { before: Some(time), ..self }
    }

    /// Only those after the page that ended at `cursor`. Default: from the first one on.
    pub fn after(self, cursor: Cursor) -> Self {
        Self { after: Some(cursor), ..self }
    }

    /// At most this many: at least 1, and at most 1,000, whatever is given. Default 100. The page's cursor shows whether there
    /// are more.
    pub fn limit(self, limit: u32) -> Self {
        Self { limit: limit.clamp(1, MAX_PAGE), ..self }
    }

    async fn page(self) -> Result<Page<StoredMachine<X::Machine>, Cursor>, Error> {
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
        let last = rows.last().filter(|_| rows.len() >= self.limit as usize);
        let cursor = last.map(|last| Cursor { entered_at: last.row.entered_at, id: last.id.clone() });
        let read = |machine: &NamedMachine| {
            let what = format!("the state of {} {:?}", X::Machine::GRAPH.name, machine.id);
            guarded(what, || typed_machine(machine.id.clone(), &machine.row))
        };
        let items = rows.into_iter().map(|machine| {
            read(&machine).map_err(|error| Unreadable {
                seq: shown(machine.row.version),
                at: machine.row.entered_at,
                id: machine.id,
                state: machine.row.state.into_owned(),
                error: Box::new(error),
            })
        });
        Ok(Page::new(items.collect(), cursor))
    }
}

impl<'a, DB: Database, X: Rules> IntoFuture for InState<'a, DB, X> {
    type Output = Result<Page<StoredMachine<X::Machine>, Cursor>, Error>;
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
