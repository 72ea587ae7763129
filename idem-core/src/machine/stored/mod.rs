//! Handles of machines in a database.

mod call;
mod history;
#[cfg(feature = "testing")]
mod inspect;
mod operate;
mod query;
mod within;

use std::any::type_name;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use call::{Call, CallFuture};
pub use history::{Difference, Event, History, Problem, Transition, Verification};
pub use operate::Override;
pub use query::{Cursor, InState};
pub use within::Within;

use crate::clock::Timestamp;
use crate::engine::decide::command::fits;
use crate::engine::plan::{Action, Answered, Command, Item, Refusal, Value};
use crate::engine::session::pool::Held;
use crate::engine::shared::Shared;
use crate::error::{Effect, Error};
use crate::fingerprint::Fingerprint;
use crate::idem::Idem;
use crate::key::{Key, check_name};
use crate::model::machine::driver::{Driver as _, TypedDriver, fingerprint_of, read_state, write_state};
use crate::model::machine::rules::{Machine, Rules, State};
use crate::namespace::START;
use crate::outcome::Outcome;
use crate::seq::shown;
use crate::store::Database;
use crate::store::rows::MachineRow;
use crate::wire::{Stored, WireError};

/// What shares one transaction in `apply_all`, at most: commands, and bytes of their payloads.
const MAX_GROUP: usize = 1_000;
const MAX_GROUP_BYTES: usize = 4 << 20;

/// All machines of one enum in one database. Cheap to clone. Wrapped by the generated `Machines`.
pub struct Machines<DB: Database, X: Rules> {
    shared: Arc<Shared<DB>>,
    driver: Arc<TypedDriver<X>>,
}

/// One machine: a name for what may or may not be stored. Cheap to clone. Wrapped by the generated `At`.
pub struct At<DB: Database, X: Rules> {
    machines: Machines<DB, X>,
    id: Arc<str>,
}

/// A machine as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMachine<M> {
    id: String,
    state: M,
    version: u64,
    entered_at: Timestamp,
}

impl<M> StoredMachine<M> {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The state it is in.
    pub fn state(&self) -> &M {
        &self.state
    }

    /// The state it is in.
    pub fn into_state(self) -> M {
        self.state
    }

    /// The number of its newest transition, counted from 1, its start.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When it came into this state from another.
    pub fn entered_at(&self) -> Timestamp {
        self.entered_at
    }
}

impl<DB: Database, X: Rules> Machines<DB, X> {
    #[doc(hidden)]
    pub fn __new(idem: &Idem<DB>, rules: X) -> Self {
        Self { shared: idem.shared.clone(), driver: Arc::new(TypedDriver::new(rules)) }
    }

    #[doc(hidden)]
    pub fn __at(&self, id: impl Into<String>) -> At<DB, X> {
        At { machines: self.clone(), id: id.into().into() }
    }

    /// Runs many commands, each of any machine of this enum: (id, key, command). The key is a `Key`, a `&Key`, an
    /// `Option<Key>`, or [`Natural`](crate::Natural). An answer per item, in order, exactly as if they were called one after
    /// the other; up to 1,000 at a time share a transaction.
    ///
    /// # Errors
    /// Per item. What keeps a whole group from being written is told to each of its items.
    ///
    /// # Cancel safety
    /// Dropped half-way, some groups are applied whole and the others not at all; repeat with the same keys.
    #[allow(clippy::type_complexity, reason = "a result per item")]
    pub async fn apply_all<I, K>(
        &self,
        items: impl IntoIterator<Item = (I, K, <X::Machine as Machine>::Command)>,
    ) -> Vec<Result<Outcome<<X::Machine as Machine>::Reply>, Error<X::Rejection>>>
    where
        I: Into<String>,
        K: Into<Option<Key>>,
    {
        let mut results = Vec::new();
        let mut group = Vec::new();
        let mut bytes = 0;
        for (id, key, command) in items {
            let item = self.__at(id).numbered_item(key.into(), command);
            bytes += item.as_ref().map_or(0, |(_, item)| item.payload.len());
            group.push(item);
            if group.len() == MAX_GROUP || bytes > MAX_GROUP_BYTES {
                self.apply_group(std::mem::take(&mut group), &mut results).await;
                bytes = 0;
            }
        }
        self.apply_group(group, &mut results).await;
        results
    }

    #[allow(clippy::type_complexity, reason = "a result per item")]
    async fn apply_group(
        &self,
        group: Vec<Result<(usize, Command), Error>>,
        results: &mut Vec<Result<Outcome<<X::Machine as Machine>::Reply>, Error<X::Rejection>>>,
    ) {
        let mut order = Vec::with_capacity(group.len());
        let mut fit = Vec::with_capacity(group.len());
        for item in group {
            order.push(item.map(|(command, item)| {
                fit.push(Item::Command(item));
                command
            }));
        }
        let mut answers = match self.run_all(&fit).await {
            Ok(answers) => Ok(answers.into_iter()),
            Err(error) => Err(error),
        };
        for command in order {
            results.push(match (command, &mut answers) {
                (Err(unfit), _) => Err(unfit.widen()),
                (Ok(_), Err(error)) => Err(error.repeat().widen()),
                (Ok(command), Ok(answers)) => match answers.next() {
                    Some(answered) => reply::<X>(command, answered),
                    None => Err(Error::Interrupted),
                },
            });
        }
    }

    /// Many commands in one transaction.
    async fn run_all(&self, items: &[Item]) -> Result<Vec<Answered>, Error> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        self.register().await?;
        self.shared.submit_all(items).await
    }

    /// One command, with whatever else is under way.
    async fn run(&self, item: Item, deadline: Option<std::time::Duration>) -> Result<Answered, Error> {
        self.register().await?;
        self.shared.submit(item, deadline).await
    }

    async fn register(&self) -> Result<(), Error> {
        if !self.driver.registered.load(Ordering::Relaxed) {
            self.shared.register(X::Machine::GRAPH).await?;
            self.driver.registered.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn reader(&self) -> Result<Held<DB>, Error> {
        self.shared.readers.acquire().await
    }
}

impl<DB: Database, X: Rules> At<DB, X> {
    /// The id it was made with.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The machine as it is stored; `None` if it was not started.
    ///
    /// # Errors
    /// [`Error::UnknownState`] or [`Error::Undecodable`] if today's enum cannot hold what is stored.
    ///
    /// # Cancel safety
    /// Reads only.
    pub async fn get(&self) -> Result<Option<StoredMachine<X::Machine>>, Error> {
        let graph = X::Machine::GRAPH;
        let mut held = self.machines.reader().await?;
        let loaded = self
            .machines
            .shared
            .reply(DB::load(held.conn(), &self.machines.shared.sql, &[(graph.name, &self.id)], &[]))
            .await;
        let row = self.machines.shared.finish(held, loaded).await?.machines.into_iter().next().flatten();
        row.map(typed_machine).transpose()
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "generated code has a value")]
    pub fn __start(&self, initial: X::Machine) -> Call<'_, (), X::Rejection> {
        self.call(self.start_item(&initial))
    }

    #[doc(hidden)]
    pub fn __call<O: State>(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'_, O, X::Rejection> {
        self.call(self.item(key, command))
    }

    #[doc(hidden)]
    pub fn __apply(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'_, <X::Machine as Machine>::Reply, X::Rejection> {
        let index = X::Machine::command(&command);
        self.call_with(self.item(key, command), move |answered| reply::<X>(index, answered))
    }

    fn call<O: State>(&self, item: Result<Command, Error>) -> Call<'_, O, X::Rejection> {
        self.call_with(item, outcome::<O, X::Rejection>)
    }

    fn call_with<O: 'static>(
        &self,
        item: Result<Command, Error>,
        read: impl FnOnce(Answered) -> Result<Outcome<O>, Error<X::Rejection>> + Send + 'static,
    ) -> Call<'_, O, X::Rejection> {
        let machines = self.machines.clone();
        Call::new(item, move |command, deadline| {
            Box::pin(async move {
                let item = Item::Command(command);
                let span = crate::engine::trace::call(&item);
                let work = async { Ok(vec![machines.run(item, deadline).await?]) };
                let answers = span.record(work).await.map_err(Error::widen)?;
                answers.into_iter().next().map_or(Err(Error::Interrupted), read)
            })
        })
    }

    fn numbered_item(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<(usize, Command), Error> {
        let index = X::Machine::command(&command);
        Ok((index, self.item(key, command)?))
    }

    fn item(&self, key: Option<Key>, command: <X::Machine as Machine>::Command) -> Result<Command, Error> {
        check_name("machine id", &self.id)?;
        let index = X::Machine::command(&command);
        let (fingerprint, payload) =
            fingerprint_of::<X::Machine>(&command, &self.id).map_err(|source| unencodable("the payload", source))?;
        let action = Action::Command { index, value: Box::new(command) };
        self.keyed(key, payload, fingerprint, action)
    }

    fn start_item(&self, initial: &X::Machine) -> Result<Command, Error> {
        check_name("machine id", &self.id)?;
        let body = write_state(initial).map_err(|source| unencodable("the state", source))?;
        let fingerprint = Fingerprint::of(START, &self.id, body.json().unwrap_or_default(), &[]);
        self.keyed(None, body.clone(), fingerprint, Action::Start { body })
    }

    fn keyed(
        &self,
        key: Option<Key>,
        payload: Stored,
        fingerprint: Fingerprint,
        action: Action,
    ) -> Result<Command, Error> {
        fits("the payload", &payload, &self.machines.shared.settings.limits)?;
        let key = key.map(|key| {
            let hash = key.hash_on(X::Machine::GRAPH.name);
            (key, hash)
        });
        let driver = self.machines.driver.clone();
        Ok(Command { driver, id: self.id.clone(), key, payload, fingerprint, action, correlation: None })
    }
}

/// Puts the type of an outcome back on.
fn outcome<O: State, R: 'static>(answered: Answered) -> Result<Outcome<O>, Error<R>> {
    typed(answered, Stored::decode)
}

fn reply<X: Rules>(
    command: usize,
    answered: Answered,
) -> Result<Outcome<<X::Machine as Machine>::Reply>, Error<X::Rejection>> {
    typed(answered, |stored| X::Machine::read_reply(command, stored))
}

fn typed<O, R: 'static>(
    answered: Answered,
    read: impl FnOnce(&Stored) -> Result<O, WireError>,
) -> Result<Outcome<O>, Error<R>> {
    match answered {
        Ok(answer) => {
            let undecodable = |source| Error::Undecodable {
                what: format!("the outcome of transition {}", answer.seq),
                effect: Effect::Applied,
                source,
            };
            let value = match &answer.outcome {
                Value::Stored(stored) => read(stored).map_err(|source| undecodable(source.into()))?,
                Value::Entries(_) | Value::Drafted(_) => return Err(undecodable("it is one of the ledger".into())),
            };
            Ok(Outcome::new(value, shown(answer.seq), answer.at, answer.fresh, answer.superseded))
        }
        Err(Refusal::Failed(error)) => Err(error.widen()),
        Err(Refusal::Panicked(panic)) => std::panic::resume_unwind(panic),
        Err(Refusal::Rejected(rejection)) => match rejection.downcast() {
            Ok(rejection) => Err(Error::Rejected(*rejection)),
            Err(_) => Err(Error::Interrupted),
        },
    }
}

/// A stored row as the enum.
fn typed_machine<M: Machine>(row: MachineRow) -> Result<StoredMachine<M>, Error> {
    let state = state_of::<M>(&row.id, &row.state, &row.body)?;
    Ok(StoredMachine { id: row.id, state, version: shown(row.version), entered_at: row.entered_at })
}

fn state_of<M: Machine>(id: &str, name: &str, body: &Stored) -> Result<M, Error> {
    let graph = M::GRAPH;
    let position = graph.state_named(name).ok_or_else(|| Error::UnknownState {
        machine: graph.name,
        id: id.to_owned(),
        stored: name.to_owned(),
        known: graph.states.iter().map(|state| state.name).collect(),
    })?;
    read_state(position, body).map_err(|source| Error::Undecodable {
        what: format!("the state `{name}` of {} {id:?}", graph.name),
        effect: Effect::NotApplied,
        source: source.into(),
    })
}

fn unencodable(what: &str, source: WireError) -> Error {
    Error::Unencodable { what: what.to_owned(), source: source.into() }
}

impl<DB: Database, X: Rules> Clone for Machines<DB, X> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), driver: self.driver.clone() }
    }
}

impl<DB: Database, X: Rules> Clone for At<DB, X> {
    fn clone(&self) -> Self {
        Self { machines: self.machines.clone(), id: self.id.clone() }
    }
}

impl<DB: Database, X: Rules> fmt::Debug for Machines<DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machines")
            .field("machine", &self.driver.graph().name)
            .field("rules", &type_name::<X>())
            .finish_non_exhaustive()
    }
}

impl<DB: Database, X: Rules> fmt::Debug for At<DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("At").field("machine", &X::Machine::GRAPH.name).field("id", &self.id).finish_non_exhaustive()
    }
}
