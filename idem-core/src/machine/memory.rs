//! A machine in memory: the same rules without a database, for tests, previews and simulations.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::context::Context;
use super::rules::{Machine, Rules, State, Taken};
use crate::clock::Timestamp;
use crate::engine::answer::{Last, Question, Verdict, answer};
use crate::engine::settle::{Account, postings, settle};
use crate::error::{Effect, Error, KeyReused, OutOfBounds};
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::outcome::Outcome;
use crate::wire::{Stored, WireError};

/// The id that rules see: there is one machine, so its name matters to nobody.
pub(crate) const ID: &str = "in memory";

/// One machine in memory, with its history, its keys, its money and its messages. Wrapped by the generated `InMemory`.
///
/// Nothing is shared, stored or forgotten: it grows with each command.
pub struct InMemory<X: Rules> {
    rules: X,
    state: X::Machine,
    visit: usize,
    entered_at: Timestamp,
    history: Vec<Run>,
    /// For each key the position in `history` of the run that answers it.
    keys: HashMap<Key, usize>,
    /// For each command the position in `history` of its newest run.
    last: Vec<Option<usize>>,
    accounts: BTreeMap<String, Account>,
    messages: Vec<(String, Stored)>,
}

/// A transition, as a replay needs it; the first is the start.
struct Run {
    command: Option<usize>,
    payload: Stored,
    outcome: Stored,
    at: Timestamp,
    from_visit: usize,
    state: usize,
    visit: usize,
}

impl<X: Rules> InMemory<X> {
    #[doc(hidden)]
    pub fn __new(rules: X, initial: X::Machine) -> Self {
        let at = Timestamp::local();
        let start = Run {
            command: None,
            payload: Stored::default(),
            outcome: Stored::default(),
            at,
            from_visit: 0,
            state: initial.state(),
            visit: 1,
        };
        Self {
            rules,
            state: initial,
            visit: 1,
            entered_at: at,
            history: vec![start],
            keys: HashMap::new(),
            last: vec![None; X::Machine::GRAPH.commands.len()],
            accounts: BTreeMap::new(),
            messages: Vec::new(),
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn rules(&self) -> &X {
        &self.rules
    }

    /// The state it is in.
    pub fn state(&self) -> &X::Machine {
        &self.state
    }

    /// The number of its newest transition, counted from 1, its start.
    pub fn version(&self) -> u64 {
        self.history.len() as u64
    }

    /// When it came into this state from another.
    pub fn entered_at(&self) -> Timestamp {
        self.entered_at
    }

    /// The balance of an account in minor units; 0 for one that nothing was moved to.
    pub fn balance(&self, account: &str) -> i64 {
        self.accounts.get(account).map_or(0, |account| account.balance)
    }

    /// Bounds an account, as opening it in a ledger would.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if its balance is not within the bounds.
    pub fn bound(&mut self, account: &str, floor: Option<i64>, ceiling: Option<i64>) -> Result<(), Error> {
        let mut bounded =
            BTreeMap::from([(account.to_owned(), Account { balance: self.balance(account), floor, ceiling })]);
        let nothing = crate::engine::settle::Posting { account, delta: 0 };
        settle(&mut bounded, &[nothing]).map_err(|refused| Error::OutOfBounds(Box::new(refused)))?;
        self.accounts.append(&mut bounded);
        Ok(())
    }

    /// The messages that were emitted, oldest first: topic and JSON.
    pub fn messages(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.messages.iter().map(|(topic, payload)| (topic.as_str(), payload.json().unwrap_or_default()))
    }

    /// Puts the machine into `state` by hand, as the stored machine's `override_state` does; with `reopen`, in a new visit.
    pub fn override_state(&mut self, state: impl Into<X::Machine>, reopen: bool) {
        let state = state.into();
        let (position, seq) = (state.state(), self.history.len() + 1);
        let visit = if reopen {
            seq
        } else {
            self.history.iter().rev().find(|run| run.state == position).map_or(seq, |run| run.visit)
        };
        let at = Timestamp::local().max(self.entered_at);
        if self.state.state() != position || visit == seq {
            self.entered_at = at;
        }
        let (payload, outcome) = (Stored::default(), Stored::default());
        self.history.push(Run { command: None, payload, outcome, at, from_visit: self.visit, state: position, visit });
        (self.state, self.visit) = (state, visit);
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "the shape of the stored handle's")]
    pub fn __call<O: State>(
        &mut self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<Outcome<O>, Error<X::Rejection>> {
        self.run(key, &command)?.try_map(|at| self.history[at].outcome.decode()).map_err(undecodable)
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "the shape of the stored handle's")]
    pub fn __apply(
        &mut self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Result<Outcome<<X::Machine as Machine>::Reply>, Error<X::Rejection>> {
        let index = X::Machine::command(&command);
        let outcome = self.run(key, &command)?;
        outcome.try_map(|at| X::Machine::read_reply(index, &self.history[at].outcome)).map_err(undecodable)
    }

    /// The outcome is given by its place in the history.
    fn run(
        &mut self,
        key: Option<Key>,
        command: &<X::Machine as Machine>::Command,
    ) -> Result<Outcome<usize>, Error<X::Rejection>> {
        let graph = X::Machine::GRAPH;
        let index = X::Machine::command(command);
        let info = &graph.commands[index];
        let payload = X::Machine::write_payload(command)
            .map_err(|source| Error::Unencodable { what: "the payload".to_owned(), source: source.into() })?;
        let known = key.as_ref().and_then(|key| self.keys.get(key)).copied();
        let mut question = Question {
            known: known.map(|at| self.same(at, index, &payload)),
            started: true,
            edge: graph.edge(self.state.state(), index).is_some(),
            repeat: info.repeat,
            natural: key.is_none(),
            last: Last::Unasked,
        };
        let mut verdict = answer(question);
        if verdict == Verdict::LookUp {
            question.last = match self.last[index] {
                None => Last::Never,
                Some(at) => Last::Ran {
                    same: self.same(at, index, &payload),
                    this_visit: self.history[at].from_visit == self.visit,
                },
            };
            verdict = answer(question);
        }
        match (verdict, known.or(self.last[index])) {
            (Verdict::Run, _) => self.step(key, index, command, payload),
            (Verdict::Replay, Some(at)) => Ok(self.replay(at)),
            (Verdict::Reached, Some(at)) => {
                if let Some(key) = key {
                    self.keys.insert(key, at);
                }
                Ok(self.replay(at))
            }
            (Verdict::KeyReused, Some(at)) => Err(self.reused(key.as_ref(), at, info.name)),
            (Verdict::ReachedOtherwise, Some(at)) => {
                let (seq, at) = (at as u64 + 1, self.history[at].at);
                Err(Error::ReachedOtherwise { machine: graph.name, id: ID.to_owned(), command: info.name, seq, at })
            }
            (Verdict::KeyRequired, _) => Err(Error::KeyRequired { machine: graph.name, command: info.name }),
            _ => Err(self.invalid(info.name)),
        }
    }

    /// Row c, as the engine does it for stored machines.
    fn step(
        &mut self,
        key: Option<Key>,
        index: usize,
        command: &<X::Machine as Machine>::Command,
        payload: Stored,
    ) -> Result<Outcome<usize>, Error<X::Rejection>> {
        let info = &X::Machine::GRAPH.commands[index];
        let seq = self.history.len() + 1;
        let at = Timestamp::local().max(self.entered_at);
        let cx = Context { machine: X::Machine::GRAPH.name, id: ID, seq: seq as u64, now: at, key: key.as_ref() };
        let Some(ran) = self.rules.run(self.state.clone(), command, &cx) else {
            return Err(self.invalid(info.name));
        };
        let (mut taken, outcome) = self.settled(ran.map_err(Error::Rejected)?, info.name)?;
        for message in std::mem::take(&mut taken.effects.messages) {
            let payload = message
                .payload
                .map_err(|source| Error::Unencodable { what: "a message".to_owned(), source: source.into() })?;
            self.messages.push((message.topic, payload));
        }
        let (from_visit, position) = (self.visit, taken.to.state());
        if position != self.state.state() {
            (self.visit, self.entered_at) = (seq, at);
        }
        self.state = taken.to;
        let run = Run { command: Some(index), payload, outcome, at, from_visit, state: position, visit: self.visit };
        self.history.push(run);
        self.last[index] = Some(seq - 1);
        if let Some(key) = key {
            self.keys.insert(key, seq - 1);
        }
        Ok(Outcome::new(seq - 1, seq as u64, at, true, false))
    }

    /// The step whose money fits, with its outcome: the one taken, or one of those it names instead.
    #[allow(clippy::type_complexity, reason = "a pair in a result")]
    fn settled(
        &mut self,
        mut taken: Taken<X::Machine>,
        command: &'static str,
    ) -> Result<(Taken<X::Machine>, Stored), Error<X::Rejection>> {
        loop {
            if let Some(problem) = taken.effects.misuse {
                return Err(Error::Misuse { command, problem });
            }
            let refused = match postings(&taken.effects.moves) {
                Some(postings) => settle(&mut self.accounts, &postings).err(),
                None => Some(OutOfBounds::no_negative()),
            };
            match (refused, taken.otherwise.take()) {
                (None, _) => break,
                (Some(_), Some(other)) => taken = *other,
                (Some(refused), None) => return Err(Error::OutOfBounds(Box::new(refused))),
            }
        }
        let outcome = std::mem::replace(&mut taken.outcome, Ok(Stored::default()));
        let outcome =
            outcome.map_err(|source| Error::Unencodable { what: "the outcome".to_owned(), source: source.into() })?;
        Ok((taken, outcome))
    }

    fn same(&self, at: usize, command: usize, payload: &Stored) -> bool {
        let run = &self.history[at];
        let facts = X::Machine::GRAPH.commands[command].facts;
        let fingerprint = |payload: &Stored| Fingerprint::of("", "", payload.json().unwrap_or_default(), facts);
        run.command == Some(command) && (run.payload == *payload || fingerprint(&run.payload) == fingerprint(payload))
    }

    fn replay(&self, at: usize) -> Outcome<usize> {
        let run = &self.history[at];
        Outcome::new(at, at as u64 + 1, run.at, false, at + 1 < self.history.len())
    }

    fn reused(&self, key: Option<&Key>, at: usize, command: &'static str) -> Error<X::Rejection> {
        let run = &self.history[at];
        let first = run.command.map_or("", |command| X::Machine::GRAPH.commands[command].name);
        let second = if first == command { "another payload".to_owned() } else { format!("`{command}`") };
        match key {
            Some(key) => {
                let hash = key.hash_on(X::Machine::GRAPH.name);
                Error::KeyReused(Box::new(KeyReused::new(&hash, run.at, format!("`{first}`"), second)))
            }
            None => Error::KeyRequired { machine: X::Machine::GRAPH.name, command },
        }
    }

    fn invalid(&self, command: &'static str) -> Error<X::Rejection> {
        let (graph, state) = (X::Machine::GRAPH, self.state.state());
        let (machine, id, allowed) = (graph.name, ID.to_owned(), graph.allowed(state));
        Error::Invalid { machine, id, state: graph.states[state].name, command, allowed }
    }
}

fn undecodable<R>(source: WireError) -> Error<R> {
    Error::Undecodable { what: "the outcome".to_owned(), effect: Effect::Applied, source: source.into() }
}

impl<X: Rules> fmt::Debug for InMemory<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = X::Machine::GRAPH;
        f.debug_struct("InMemory")
            .field("machine", &graph.name)
            .field("state", &graph.states[self.state.state()].name)
            .field("version", &self.history.len())
            .finish_non_exhaustive()
    }
}
