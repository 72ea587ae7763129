//! Runs a script on one machine and holds every answer against the oracle.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::{CommandError, Rejection};
use crate::model::machine::rules::{KindOf, Machine, Rules};
use crate::outcome::Outcome;
use crate::testing::foresee::Foreseen;
use crate::testing::ground::{Heard, Place};
use crate::testing::oracle::{Expected, Request};
use crate::testing::runner::{Mismatch, Runner, unreadable};
use crate::testing::samples::{command, content, state};
use crate::testing::script::Line;

impl<X: Rules, P: Place<X>> Runner<'_, X, P> {
    pub(super) async fn play(&mut self, line: &Line) -> Result<(), Mismatch> {
        match line {
            Line::Start { state, content } => self.start(state, content).await,
            Line::Call { key, command, payload } => self.call(key.as_deref(), command, payload).await,
            Line::Pair { key, command, payload } => self.pair(key, command, payload).await,
            Line::Override { key, state, content, reopen } => self.put(key, state, content, *reopen).await,
            Line::Advance { by } if self.place.advance(*by) => Ok(()),
            Line::Advance { .. } => Err(unreadable("the clock of a database is not set by a script".to_owned())),
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
        self.look_ahead(position, json, key).await?;
        let real = self.key(key)?;
        let heard = self.place.call(real, value).await;
        self.judge(key, position, json, heard).await
    }

    async fn pair(&mut self, key: &str, name: &str, json: &Value) -> Result<(), Mismatch> {
        let (position, one) = Self::command_named(name, json)?;
        let (_, other) = Self::command_named(name, json)?;
        self.look_ahead(position, json, Some(key)).await?;
        let real = self.place.key(key).map_err(|error| unreadable(error.to_string()))?;
        let mut heard = self.place.pair(real, [one, other]).await;
        // Whichever was decided first comes first: the oracle knows an order, the two calls do not.
        heard.sort_by_key(turn);
        let [first, second] = heard;
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
        if matches!(expected, Expected::Run(_)) {
            let from = self.model.now.as_ref().map_or(Self::graph().initial, |now| now.state);
            *self.seen.tried.entry((from, command)).or_default() += 1;
        }
        match (&expected, heard) {
            (Expected::Run(_), Ok(outcome)) if outcome.is_fresh() => {
                self.ran(&expected, key, command, json, outcome).await
            }
            (Expected::Run(_), Err(error)) if !error.is_replay() => {
                let moments = self.moments().into_iter();
                let foreseen: Vec<_> =
                    moments.map(|at| self.foresee(command, json, key, at)).collect::<Result<_, _>>()?;
                if !foreseen.iter().any(|foreseen| foreseen.is_refusal(error.kind())) {
                    let foreseen = foreseen.last().map_or_else(String::new, ToString::to_string);
                    return Err(Mismatch {
                        expected: format!("{expected}: {foreseen}"),
                        found: shown(&Heard::<X>::Err(error)),
                    });
                }
                if let Some(rejection) = error.rejection()
                    && Self::graph().commands[command].remembers
                {
                    self.model.rejected(key, request, said::<X>(rejection)?);
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
            (Expected::Rejected(_, first), Err(error)) if error.is_replay() => {
                let Some(rejection) = error.rejection() else { return Err(mismatch()) };
                let found = said::<X>(rejection)?;
                if found != *first {
                    return Err(Mismatch { expected: expected.to_string(), found: format!("rejected with {found}") });
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
        let foreseen = self.foresee(command, json, key, outcome.at())?;
        let (step, money) = match foreseen {
            Foreseen::Step(step) if step.0.to == to && step.0.outcome == *outcome => *step,
            other => {
                let found = format!("state {} {}, outcome {}", to.0, to.1, *outcome);
                return Err(Mismatch { expected: format!("{expected}: {other}"), found });
            }
        };
        // An account whose name depends on the time may be new.
        let known: BTreeSet<String> = self.money.accounts.keys().cloned().collect();
        self.money = money;
        self.money.accounts.retain(|name, _| known.contains(name));
        self.learn(std::slice::from_ref(&step)).await?;
        self.seen.taken.insert((from, command, to.0));
        self.entered = Some((from, command, to.0));
        let request = self.model.request(command, json.clone());
        let at = outcome.at();
        self.model.ran(key, request, outcome.into_inner(), at, to);
        self.settled(expected).await
    }

    /// After every answer the machine, and every account touched so far, must be as the oracle says.
    async fn settled(&mut self, expected: &Expected) -> Result<(), Mismatch> {
        *self.seen.rows.entry(expected.row()).or_default() += 1;
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
        let names: Vec<String> = self.money.accounts.keys().cloned().collect();
        if names.is_empty() {
            return Ok(());
        }
        let found = self.place.accounts(&names).await.map_err(|error| unreadable(error.to_string()))?;
        let now = self.place.now();
        for (name, found) in names.iter().zip(found) {
            let balance = self.money.accounts.get(name).map_or(0, |account| account.balance);
            // With a database's clock it is not known whether an expired hold was released already.
            let held = match now {
                Some(now) => self.money.held(name, now),
                None if self.money.may_expire(name) => found.held,
                None => self.money.held(name, self.model.latest()),
            };
            if (balance, held) != (found.balance, found.held) {
                return Err(Mismatch {
                    expected: format!("{expected}, and the account {name:?} with {balance}, of which {held} is held"),
                    found: format!("{}, of which {} is held", found.balance, found.held),
                });
            }
        }
        Ok(())
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

/// The place of an answer among those that two calls under one key had: one that changed nothing is from before the transition,
/// what is replayed is from after it.
fn turn<S, R>(heard: &Result<Outcome<Value, S>, CommandError<R>>) -> u8 {
    match heard {
        Err(error) if !error.is_replay() => 0,
        Ok(outcome) if outcome.is_fresh() => 1,
        Ok(_) | Err(_) => 2,
    }
}

/// What a rejection says, as it is stored.
fn said<X: Rules>(rejection: &X::Rejection) -> Result<Value, Mismatch> {
    let stored = X::write_rejection(rejection).and_then(|stored| stored.decode());
    stored.map_err(|error| unreadable(format!("the rejection cannot be written as JSON: {error}")))
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
        Err(error) if error.is_replay() => format!("{error}, as before"),
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}
