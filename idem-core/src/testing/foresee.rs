//! What the rule and the money say to a command, worked out beside the place that answers it.

use std::fmt;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::model::machine::context::Context;
use crate::model::machine::rules::Rules;
use crate::testing::ground::Place;
use crate::testing::money::{Money, Unfit};
use crate::testing::rule::Said;
use crate::testing::runner::{Mismatch, Runner, unreadable};
use crate::testing::samples::{command, state};

/// What must come of a command for which an edge leads on.
pub(super) enum Foreseen {
    /// The first step whose money fits, and the accounts and holds after it.
    Step(Box<(Said, Money)>),
    Rejected,
    /// None of the steps fits.
    Refused(ErrorKind),
    /// A step that no money would make right: the rule, or what the case begins with, is wrong.
    Meaningless(String),
}

impl Foreseen {
    /// Whether an error of this kind is what must come of it.
    pub(super) fn is_refusal(&self, kind: ErrorKind) -> bool {
        match self {
            Self::Rejected => kind == ErrorKind::Rejected,
            Self::Refused(refused) => kind == *refused,
            Self::Step(_) | Self::Meaningless(_) => false,
        }
    }
}

impl fmt::Display for Foreseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(f, "what the rule says when it is run again: {}", step.0),
            Self::Rejected => f.write_str("a rejection, as the rule gives when it is run again"),
            Self::Refused(kind) => write!(f, "{}", Unfit::Refused(*kind)),
            Self::Meaningless(problem) => write!(f, "a step that has a meaning: {problem}"),
        }
    }
}

impl<X: Rules, P: Place<X>> Runner<'_, X, P> {
    /// What must come of the command at a time.
    pub(super) fn foresee(
        &self,
        index: usize,
        json: &Value,
        key: Option<&str>,
        at: Timestamp,
    ) -> Result<Foreseen, Mismatch> {
        let Some(steps) = self.rerun(index, json, key, at)? else { return Ok(Foreseen::Rejected) };
        let mut refused = Foreseen::Rejected;
        for step in steps {
            match self.money.after(&step.changes, at) {
                Ok(money) => return Ok(Foreseen::Step(Box::new((step, money)))),
                Err(Unfit::Refused(kind)) => refused = Foreseen::Refused(kind),
                Err(Unfit::Meaningless(problem)) => return Ok(Foreseen::Meaningless(problem)),
            }
        }
        Ok(refused)
    }

    /// The times between which the command was, or will be, decided: one where the clock stands.
    pub(super) fn moments(&self) -> Vec<Timestamp> {
        match self.place.now() {
            Some(now) => vec![now],
            None => vec![self.model.latest(), Timestamp::local().max(self.model.latest())],
        }
    }

    /// Reads the accounts and holds that the command may touch, before it does.
    pub(super) async fn look_ahead(&mut self, index: usize, json: &Value, key: Option<&str>) -> Result<(), Mismatch> {
        let mut steps = Vec::new();
        for at in self.moments() {
            steps.extend(self.rerun(index, json, key, at)?.unwrap_or_default());
        }
        self.learn(&steps).await
    }

    /// Reads the accounts and holds that these steps name, as far as they are unknown.
    pub(super) async fn learn(&mut self, steps: &[Said]) -> Result<(), Mismatch> {
        let is_new = |name: &&str| !self.money.holds.contains_key(*name);
        let found = steps.iter().flat_map(Said::holds).filter(is_new);
        let holds: Vec<_> = found.filter_map(|name| Some((name.to_owned(), self.place.hold(name)?))).collect();
        let of_holds = holds.iter().map(|(_, hold)| hold.account.as_str());
        let named = steps.iter().flat_map(Said::accounts).chain(of_holds);
        let new: std::collections::BTreeSet<String> =
            named.filter(|name| !self.money.accounts.contains_key(*name)).map(str::to_owned).collect();
        let new: Vec<String> = new.into_iter().collect();
        if !new.is_empty() {
            let accounts = self.place.accounts(&new).await.map_err(|error| unreadable(error.to_string()))?;
            self.money.accounts.extend(new.into_iter().zip(accounts));
        }
        for (name, hold) in holds {
            if let (Some(account), None) = (self.money.accounts.get_mut(&hold.account), self.money.holds.get(&name)) {
                account.held = account.held.saturating_sub(hold.remaining);
            }
            self.money.holds.insert(name, hold);
        }
        Ok(())
    }

    /// What the rule says to the command in the state that the oracle knows, at a time: the step, and those it names instead.
    /// `None` if it refuses, or if there is nothing to run.
    fn rerun(
        &self,
        index: usize,
        json: &Value,
        key: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<Vec<Said>>, Mismatch> {
        let (position, content, version) = match &self.model.now {
            Some(now) => (now.state, now.content.clone(), now.version),
            None => (Self::graph().initial, Value::Null, 1),
        };
        let Ok(from) = state::<X::Machine>(position, &content) else { return Ok(None) };
        let value = command::<X::Machine>(index, json).map_err(unreadable)?;
        let key = self.key(key)?;
        let (machine, id) = (Self::graph().name, self.place.id());
        let cx = Context { machine, id, seq: version + 1, now: at, key: key.as_ref() };
        match self.place.rules().run(from, &value, &cx) {
            Some(Ok(taken)) => Said::all(taken).map(Some).map_err(unreadable),
            Some(Err(_)) | None => Ok(None),
        }
    }
}
