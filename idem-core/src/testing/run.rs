//! Runs a script on one machine and holds every answer against the oracle.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::{CommandError, ErrorKind, Rejection};
use crate::key::Key;
use crate::model::machine::context::Context;
use crate::model::machine::graph::Graph;
use crate::model::machine::rules::{KindOf, Machine, Rules};
use crate::outcome::Outcome;
use crate::testing::ground::{Heard, Place};
use crate::testing::oracle::{Expected, Model, Request};
use crate::testing::rule::{Owner, Said};
use crate::testing::samples::{command, content, state};
use crate::testing::script::Line;

/// Where an answer, or the machine after it, is not what it must be.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) expected: String,
    pub(super) found: String,
}

/// The entry of a state: from which state, by which command, into which.
pub(super) type Entry = (usize, usize, usize);

pub(super) struct Runner<'p, X: Rules, P: Place<X>> {
    place: &'p mut P,
    pub(super) model: Model,
    /// The balances that the accounts touched so far must have.
    money: BTreeMap<String, i64>,
    /// The account that each hold is of.
    holds: BTreeMap<String, String>,
    pub(super) entered: Option<Entry>,
    /// How often each row of the table answered.
    pub(super) rows: BTreeMap<char, u64>,
    rules: std::marker::PhantomData<fn() -> X>,
}

impl<'p, X: Rules, P: Place<X>> Runner<'p, X, P> {
    pub(super) fn new(place: &'p mut P) -> Result<Self, Mismatch> {
        let mut model = Model::new(Self::graph());
        if let Some(begun) = place.begun() {
            let content = content(begun).map_err(unreadable)?;
            let to = (begun.state(), content.clone());
            model.ran(None, Request::Start(content), Value::Null, Timestamp::from_micros(0), to);
        }
        Ok(Self {
            place,
            model,
            money: BTreeMap::new(),
            holds: BTreeMap::new(),
            entered: None,
            rows: BTreeMap::new(),
            rules: std::marker::PhantomData,
        })
    }

    pub(super) async fn play(&mut self, line: &Line) -> Result<(), Mismatch> {
        match line {
            Line::Start { state, content } => self.start(state, content).await,
            Line::Call { key, command, payload } => self.call(key.as_deref(), command, payload).await,
            Line::Pair { key, command, payload } => self.pair(key, command, payload).await,
            Line::Override { key, state, content, reopen } => self.put(key, state, content, *reopen).await,
        }
    }

    /// What the place's own audit, the last word of a case, must not find.
    pub(super) async fn audit(&mut self) -> Result<(), Mismatch> {
        match self.place.audit().await {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(Mismatch { expected: "a history that today's rules agree with".to_owned(), found }),
            Err(error) => Err(Mismatch { expected: "an audit".to_owned(), found: error.to_string() }),
        }
    }

    async fn start(&mut self, name: &str, content: &Value) -> Result<(), Mismatch> {
        let position = Self::state_named(name)?;
        if let (Some(begun), true) = (&self.model.now, self.place.begun().is_some()) {
            let (expected, found) = (format!("a machine that begins in {name} {content}"), format!("{begun:?}"));
            return if (position, content) == (begun.state, &begun.content) {
                Ok(())
            } else {
                Err(Mismatch { expected, found })
            };
        }
        let request = Request::Start(content.clone());
        let expected = self.model.expect(None, &request, false);
        let heard = self.place.start(state(position, content).map_err(unreadable)?).await;
        match (&expected, &heard) {
            (Expected::Run(_), Ok(outcome)) if outcome.is_fresh() => {
                self.model.ran(None, request, Value::Null, outcome.at(), (position, content.clone()));
                self.settled(&expected).await
            }
            _ => self.told(&expected, None, request, &heard).await,
        }
    }

    async fn call(&mut self, key: Option<&str>, name: &str, json: &Value) -> Result<(), Mismatch> {
        let (position, value) = Self::command_named(name, json)?;
        self.foresee(position, json, key).await?;
        let real = self.key(key)?;
        let heard = self.place.call(real, value).await;
        self.judge(key, position, json, heard).await
    }

    async fn pair(&mut self, key: &str, name: &str, json: &Value) -> Result<(), Mismatch> {
        let (position, one) = Self::command_named(name, json)?;
        let (_, other) = Self::command_named(name, json)?;
        self.foresee(position, json, Some(key)).await?;
        let real = self.place.key(key).map_err(|error| unreadable(error.to_string()))?;
        let [one, other] = self.place.pair(real, [one, other]).await;
        // Whichever ran comes first: the oracle knows an order, the two calls do not.
        let (first, second) = if is_fresh(&other) { (other, one) } else { (one, other) };
        if let (Ok(first), Ok(second)) = (&first, &second)
            && first.is_fresh()
            && second.is_fresh()
        {
            let found = format!("two effects: transitions {} and {}", first.seq(), second.seq());
            return Err(Mismatch { expected: "one effect for one key".to_owned(), found });
        }
        self.judge(Some(key), position, json, first).await?;
        self.judge(Some(key), position, json, second).await
    }

    async fn put(&mut self, key: &str, name: &str, json: &Value, reopen: bool) -> Result<(), Mismatch> {
        let position = Self::state_named(name)?;
        let request = Request::Override(position, json.clone(), reopen);
        let expected = self.model.expect(Some(key), &request, false);
        let real = self.place.key(key).map_err(|error| unreadable(error.to_string()))?;
        let heard = self.place.put(real, state(position, json).map_err(unreadable)?, reopen).await;
        match (&expected, &heard) {
            (Expected::Run(_), Ok(outcome)) if outcome.is_fresh() => {
                self.model.ran(Some(key), request, Value::Null, outcome.at(), (position, json.clone()));
                self.settled(&expected).await
            }
            _ => self.told(&expected, Some(key), request, &heard).await,
        }
    }

    /// Holds the answer to a command against the oracle's.
    async fn judge(
        &mut self,
        key: Option<&str>,
        command: usize,
        json: &Value,
        heard: Heard<X>,
    ) -> Result<(), Mismatch> {
        let request = self.model.request(command, json.clone());
        let expected = self.model.expect(key, &request, X::Machine::bare(Self::graph().initial).is_some());
        match (&expected, heard) {
            (Expected::Run(_), Ok(outcome)) if outcome.is_fresh() => {
                self.ran(&expected, key, command, json, outcome).await
            }
            (Expected::Run(_), Err(error)) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::OutOfBounds) => {
                let steps = self.rerun(command, json, key, None)?;
                if error.kind() == ErrorKind::Rejected && steps.is_some() {
                    return Err(Mismatch {
                        expected: "a step: the rule, run again, does not refuse".to_owned(),
                        found: error.to_string(),
                    });
                }
                self.settled(&expected).await
            }
            (_, heard) => self.told(&expected, key, request, &heard).await,
        }
    }

    /// A replay or a refusal: nothing may have changed.
    async fn told(
        &mut self,
        expected: &Expected,
        key: Option<&str>,
        request: Request,
        heard: &Heard<X>,
    ) -> Result<(), Mismatch> {
        let mismatch = || Mismatch { expected: expected.to_string(), found: shown(heard) };
        match (expected, heard) {
            (Expected::Replay(row, seq), Ok(outcome)) => {
                let (value, state, at, superseded) = self.model.answer(*seq).ok_or_else(mismatch)?;
                // A place that was begun for us did not say when.
                let same_time = outcome.at() == at || at == Timestamp::from_micros(0);
                let state = X::Machine::kind(state);
                let same = (outcome.is_replay(), &**outcome, outcome.seq(), outcome.is_superseded())
                    == (true, value, *seq, superseded);
                if !same || !same_time || outcome.state() != Some(state) {
                    let value = format!("{value}, leading to {state:?}, superseded: {superseded}, at {at}");
                    return Err(Mismatch { expected: format!("{expected}: {value}"), found: shown(heard) });
                }
                if let (Some(key), 'd') = (key, *row) {
                    self.model.reached(key, request, *seq);
                }
            }
            (Expected::Refused(_, kind), Err(error)) if error.kind() == *kind => {}
            _ => return Err(mismatch()),
        }
        self.settled(expected).await
    }

    /// A fresh answer: the one that the rule, run again in the same context, gives.
    async fn ran(
        &mut self,
        expected: &Expected,
        key: Option<&str>,
        command: usize,
        json: &Value,
        outcome: Outcome<Value, KindOf<X>>,
    ) -> Result<(), Mismatch> {
        if self.model.now.is_none() {
            let content = Value::Null;
            let to = (Self::graph().initial, content.clone());
            self.model.ran(None, Request::Start(content), Value::Null, outcome.at(), to);
        }
        let found = self.place.look().await.map_err(|error| unreadable(error.to_string()))?;
        let Some((found, _)) = found else {
            return Err(Mismatch {
                expected: expected.to_string(),
                found: "no machine after its transition".to_owned(),
            });
        };
        let from = self.model.now.as_ref().map_or(0, |now| now.state);
        let to = (found.state(), content(&found).map_err(unreadable)?);
        if !Self::graph().edge(from, command).is_some_and(|edge| edge.to.contains(&to.0)) {
            let found = format!("the state `{}`, to which no edge leads", Self::graph().states[to.0].name);
            return Err(Mismatch { expected: expected.to_string(), found });
        }
        if outcome.state() != Some(X::Machine::kind(to.0)) {
            let expected = format!("an outcome that led to `{}`", Self::graph().states[to.0].name);
            return Err(Mismatch { expected, found: format!("one that led to {:?}", outcome.state()) });
        }
        let Some(steps) = self.rerun(command, json, key, Some(outcome.at()))? else {
            return Err(Mismatch {
                expected: "a rejection, as the rule gives when run again".to_owned(),
                found: "a fresh outcome".to_owned(),
            });
        };
        let Some(step) = steps.iter().find(|step| step.to == to && step.outcome == *outcome) else {
            let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
            let found = Said { to, outcome: outcome.into_inner(), deltas: Vec::new(), holds: Vec::new() };
            let expected = steps.join(", or ");
            let (expected, found) = (format!("what the rule says when it is run again: {expected}"), found.to_string());
            return Err(Mismatch { expected, found });
        };
        self.holds.extend(step.holds.iter().cloned());
        for (owner, delta) in &step.deltas {
            let account = match owner {
                Owner::Account(account) => Some(account),
                Owner::Hold(hold) => self.holds.get(hold),
            };
            if let Some(balance) = account.and_then(|account| self.money.get_mut(account)) {
                *balance = balance.saturating_add(*delta);
            }
        }
        self.entered = Some((from, command, to.0));
        let request = self.model.request(command, json.clone());
        let at = outcome.at();
        self.model.ran(key, request, outcome.into_inner(), at, to);
        self.settled(expected).await
    }

    /// After every answer the machine, and every account touched so far, is as the oracle says.
    async fn settled(&mut self, expected: &Expected) -> Result<(), Mismatch> {
        *self.rows.entry(expected.row()).or_default() += 1;
        let found = self.place.look().await.map_err(|error| unreadable(error.to_string()))?;
        let found = match found {
            None => None,
            Some((machine, version)) => Some((machine.state(), content(&machine).map_err(unreadable)?, version)),
        };
        let now = self.model.now.as_ref().map(|now| (now.state, now.content.clone(), now.version));
        if found != now {
            let (now, found) = (format!("the machine at {now:?} (state, content, version)"), format!("{found:?}"));
            return Err(Mismatch { expected: format!("{expected}, and {now}"), found });
        }
        let accounts: Vec<String> = self.money.keys().cloned().collect();
        let balances = self.balances(&accounts).await?;
        let found: BTreeMap<String, i64> = accounts.into_iter().zip(balances).collect();
        if found == self.money {
            return Ok(());
        }
        Err(Mismatch {
            expected: format!("{expected}, and the balances {:?}", self.money),
            found: format!("{found:?}"),
        })
    }

    /// Reads the balances of accounts that the command may touch, before it does.
    async fn foresee(&mut self, command: usize, json: &Value, key: Option<&str>) -> Result<(), Mismatch> {
        let steps = self.rerun(command, json, key, None)?.unwrap_or_default();
        let touched = steps.into_iter().flat_map(|step| step.deltas).filter_map(|(owner, _)| match owner {
            Owner::Account(account) => Some(account),
            Owner::Hold(_) => None,
        });
        let new: Vec<String> = touched.filter(|account| !self.money.contains_key(account)).collect();
        let balances = self.balances(&new).await?;
        self.money.extend(new.into_iter().zip(balances));
        Ok(())
    }

    async fn balances(&mut self, accounts: &[String]) -> Result<Vec<i64>, Mismatch> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        self.place.balances(accounts).await.map_err(|error| unreadable(error.to_string()))
    }

    /// What the rule says to the command in the state that the oracle knows: the step, and those it names instead. `None`
    /// if it refuses, or if there is nothing to run.
    fn rerun(
        &self,
        index: usize,
        json: &Value,
        key: Option<&str>,
        at: Option<Timestamp>,
    ) -> Result<Option<Vec<Said>>, Mismatch> {
        let (position, content, version) = match &self.model.now {
            Some(now) => (now.state, now.content.clone(), now.version),
            None => (Self::graph().initial, Value::Null, 1),
        };
        let Ok(from) = state::<X::Machine>(position, &content) else { return Ok(None) };
        let value = command::<X::Machine>(index, json).map_err(unreadable)?;
        let key = self.key(key)?;
        let cx = Context {
            machine: Self::graph().name,
            id: self.place.id(),
            seq: version + 1,
            now: at.unwrap_or_else(|| Timestamp::local().max(self.model.latest())),
            key: key.as_ref(),
        };
        match self.place.rules().run(from, &value, &cx) {
            Some(Ok(taken)) => Said::all(taken).map(Some).map_err(unreadable),
            Some(Err(_)) | None => Ok(None),
        }
    }

    fn key(&self, token: Option<&str>) -> Result<Option<Key>, Mismatch> {
        token.map(|token| self.place.key(token)).transpose().map_err(|error| unreadable(error.to_string()))
    }

    fn graph() -> &'static Graph {
        X::Machine::GRAPH
    }

    fn state_named(name: &str) -> Result<usize, Mismatch> {
        Self::graph().state_named(name).ok_or_else(|| unreadable(format!("no state is called `{name}`")))
    }

    #[allow(clippy::type_complexity, reason = "a pair in a result")]
    fn command_named(name: &str, json: &Value) -> Result<(usize, <X::Machine as Machine>::Command), Mismatch> {
        let position =
            Self::graph().command_named(name).ok_or_else(|| unreadable(format!("no command is called `{name}`")))?;
        let value = command::<X::Machine>(position, json).map_err(unreadable)?;
        Ok((position, value))
    }
}

fn is_fresh<S, R>(heard: &Result<Outcome<Value, S>, CommandError<R>>) -> bool {
    heard.as_ref().is_ok_and(Outcome::is_fresh)
}

fn shown<S: Copy + Debug, R: Rejection>(heard: &Result<Outcome<Value, S>, CommandError<R>>) -> String {
    match heard {
        Ok(outcome) => {
            let origin = if outcome.is_fresh() { "fresh" } else { "replayed" };
            let (seq, superseded) = (outcome.seq(), outcome.is_superseded());
            let state = outcome.state().map_or_else(|| "no state".to_owned(), |state| format!("{state:?}"));
            let (value, at) = (&**outcome, outcome.at());
            format!("{origin}: {value} of transition {seq}, leading to {state}, superseded: {superseded}, at {at}")
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

fn unreadable(problem: String) -> Mismatch {
    Mismatch { expected: "a script and a machine that can be read".to_owned(), found: problem }
}
