//! What happened to a machine, and whether today's rules would say the same.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use crate::clock::Timestamp;
use crate::engine::decide::last_transitions::LastTransitions;
use crate::error::{Effect, Error};
use crate::key::Key;
use crate::machine::stored::{At, state_of};
use crate::model::machine::context::Context;
use crate::model::machine::driver::{Driver as _, ErasedStep, Ran};
use crate::model::machine::rules::{Machine, Rules};
use crate::namespace::{OVERRIDE, START};
use crate::seq::{shown, stored};
use crate::store::Database;
use crate::store::rows::TransitionRow;

const PAGE: u32 = 1_000;

/// One transition as it happened.
#[non_exhaustive]
pub struct Transition<M: Machine> {
    /// Its number, counted from 1.
    pub seq: u64,
    /// When, on the database's clock.
    pub at: Timestamp,
    /// What made it.
    pub event: Event<M>,
    /// The state before; none before the start.
    pub from: Option<M::StateKind>,
    /// The state after.
    pub state: M,
    /// The key it came with.
    pub key: Option<Key>,
    /// The id that [`Call::correlation`](crate::machine::stored::Call::correlation) gave it.
    pub correlation: Option<String>,
}

/// What made a transition.
#[non_exhaustive]
pub enum Event<M: Machine> {
    /// The machine was started.
    Started,
    /// A command ran.
    Command(M::Command),
    /// An operator put the machine into the state.
    Overridden {
        /// Why.
        reason: String,
    },
}

impl<M: Machine> fmt::Debug for Transition<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = M::kind(self.state.state());
        f.debug_struct("Transition")
            .field("seq", &self.seq)
            .field("event", &self.event)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> fmt::Debug for Event<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("Started"),
            Self::Command(command) => f.write_str(M::GRAPH.commands[M::command(command)].name),
            Self::Overridden { reason } => f.debug_struct("Overridden").field("reason", reason).finish(),
        }
    }
}

/// A question for a machine's history. Awaited, it gives a page, oldest first.
///
/// # Errors
/// [`Error::UnknownState`], [`Error::UnknownCommand`] or [`Error::Undecodable`] if today's types cannot hold what is
/// stored.
#[must_use = "a question is asked when it is awaited"]
pub struct History<'a, DB: Database, X: Rules> {
    at: &'a At<DB, X>,
    after: u64,
    limit: u32,
}

/// What [`At::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many transitions were re-run or checked.
    pub checked: u64,
    /// Where today's rules, or the stored rows themselves, differ.
    pub differences: Vec<Difference>,
}

/// One difference between what is stored and what today's rules answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The number of the transition.
    pub seq: u64,
    /// What differs.
    pub problem: Problem,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Transitions are missing in front of this one.
    Gap,
    /// No edge leads from the state before by the command.
    NoEdge,
    /// Today's rule refuses.
    Rejected(String),
    /// Today's rule leads to another state, or to other data in it.
    State,
    /// Today's rule answers with another outcome.
    Outcome,
    /// The machine's row is not what its transitions say.
    Row,
    /// The transition cannot be read with today's types.
    Unreadable(String),
}

impl<DB: Database, X: Rules> At<DB, X> {
    /// The transitions of this machine, oldest first; a page of 100 unless [`History::limit`] says otherwise.
    pub fn history(&self) -> History<'_, DB, X> {
        History { at: self, after: 0, limit: 100 }
    }

    /// Re-runs today's rules over the stored history, with the stored context, and reports where they differ. Changes
    /// nothing, and reads all of the machine's history, 1,000 transitions at a time.
    ///
    /// # Errors
    /// Only those of the database: what does not fit is a difference.
    pub async fn verify(&self) -> Result<Verification, Error> {
        let mut found = Verification { checked: 0, differences: Vec::new() };
        let (mut before, mut runs) = (None::<TransitionRow>, LastTransitions::default());
        loop {
            let rows = self.rows(before.as_ref().map_or(0, |row| row.seq), PAGE).await?;
            let last = rows.len() < PAGE as usize;
            for row in rows {
                found.checked += 1;
                found.differences.extend(
                    self.differences(before.as_ref(), &row).map(|problem| Difference { seq: shown(row.seq), problem }),
                );
                runs.note(row.command.clone(), row.seq);
                before = Some(row);
            }
            if last {
                break;
            }
        }
        let row = self.row().await?;
        // What is missing may have been the newest run of its command.
        let whole = found.differences.iter().all(|difference| difference.problem != Problem::Gap);
        let agrees = match (&row, &before) {
            (None, None) => true,
            (Some(row), Some(newest)) => {
                (&row.state, &row.body, row.version, row.visit)
                    == (&newest.state, &newest.body, newest.seq, newest.visit)
                    && (!whole || row.runs == runs.encode())
            }
            _ => false,
        };
        if !agrees {
            found.differences.push(Difference { seq: before.map_or(0, |row| shown(row.seq)), problem: Problem::Row });
        }
        Ok(found)
    }

    fn differences(&self, before: Option<&TransitionRow>, row: &TransitionRow) -> impl Iterator<Item = Problem> {
        let gap = (row.seq != before.map_or(0, |before| before.seq) + 1).then_some(Problem::Gap);
        let rerun = match before {
            Some(before) if row.command != START && row.command != OVERRIDE => self.rerun(before, row),
            _ => None,
        };
        gap.into_iter().chain(rerun)
    }

    fn rerun(&self, before: &TransitionRow, row: &TransitionRow) -> Option<Problem> {
        let (graph, driver) = (X::Machine::GRAPH, &self.machines.driver);
        let Some(state) = graph.state_named(&before.state) else {
            return Some(Problem::Unreadable(format!("the state `{}`", before.state)));
        };
        let Some(command) = graph.command_named(&row.command) else {
            return Some(Problem::Unreadable(format!("the command `{}`", row.command)));
        };
        let value = match X::Machine::read_command(command, &row.payload) {
            Ok(value) => value,
            Err(error) => return Some(Problem::Unreadable(format!("the payload: {error}"))),
        };
        let key = row.key.as_ref().and_then(|(scope, key)| Key::new(scope, key).ok());
        let cx = Context { machine: graph.name, id: self.id(), seq: shown(row.seq), now: row.at, key: key.as_ref() };
        match driver.run(state, &before.body, &value, &cx) {
            Ran::NoEdge => Some(Problem::NoEdge),
            Ran::Failed(error) => Some(Problem::Unreadable(error.to_string())),
            Ran::Panicked(panic) => std::panic::resume_unwind(panic),
            Ran::Rejected(rejection) => {
                let shown = rejection
                    .downcast::<X::Rejection>()
                    .map_or_else(|_| String::new(), |rejection| rejection.to_string());
                Some(Problem::Rejected(shown))
            }
            Ran::Stepped(step) => compare::<X::Machine>(&step, row),
        }
    }

    pub(super) async fn rows(&self, after: i64, limit: u32) -> Result<Vec<TransitionRow>, Error> {
        let mut held = self.machines.reader().await?;
        let machine = (X::Machine::GRAPH.name, self.id());
        let rows = self
            .machines
            .shared
            .reply(DB::history(held.conn(), &self.machines.shared.sql, machine, after, i64::from(limit)))
            .await;
        self.machines.shared.finish(held, rows).await
    }
}

/// How today's step, or the nearest of the steps it names for money that does not fit, differs from the stored one.
fn compare<M: Machine>(step: &ErasedStep, row: &TransitionRow) -> Option<Problem> {
    let mut next = Some(step);
    let mut problem = None;
    while let Some(step) = next {
        let same_state = M::GRAPH.state_named(&row.state) == Some(step.state) && row.body == step.body;
        match (same_state, row.outcome == step.outcome) {
            (true, true) => return None,
            (true, false) => problem = Some(Problem::Outcome),
            (false, _) => problem = problem.or(Some(Problem::State)),
        }
        next = step.otherwise.as_deref();
    }
    problem
}

impl<DB: Database, X: Rules> History<'_, DB, X> {
    /// Only transitions after the one with this number.
    pub fn after(self, seq: u64) -> Self {
        Self { after: seq, ..self }
    }

    /// At most this many: 1 to 1,000.
    pub fn limit(self, limit: u32) -> Self {
        Self { limit: limit.clamp(1, PAGE), ..self }
    }

    async fn page(self) -> Result<Vec<Transition<X::Machine>>, Error> {
        let after = stored(self.after);
        self.at.rows(after, self.limit).await?.into_iter().map(typed_transition).collect()
    }
}

fn typed_transition<M: Machine>(row: TransitionRow) -> Result<Transition<M>, Error> {
    let graph = M::GRAPH;
    let state = state_of::<M>(&row.id, &row.state, &row.body)?;
    let unreadable = |what: &str, source: crate::error::Source| Error::Undecodable {
        what: format!("{what} of transition {} of {} {:?}", row.seq, graph.name, row.id),
        effect: Effect::NotApplied,
        source,
    };
    let event = match row.command.as_str() {
        START => Event::Started,
        OVERRIDE => {
            let recorded: crate::machine::stored::operate::Recorded =
                row.payload.decode().map_err(|source| unreadable("the reason", source.into()))?;
            Event::Overridden { reason: recorded.reason }
        }
        name => {
            let command = graph.command_named(name).ok_or_else(|| Error::UnknownCommand {
                machine: graph.name,
                id: row.id.clone(),
                stored: name.to_owned(),
                known: graph.commands.iter().map(|command| command.name).collect(),
            })?;
            Event::Command(
                M::read_command(command, &row.payload).map_err(|source| unreadable("the payload", source.into()))?,
            )
        }
    };
    let key = row.key.as_ref().map(|(scope, key)| Key::new(scope, key)).transpose()?;
    let from = graph.state_named(&row.from_state).map(M::kind);
    Ok(Transition { seq: shown(row.seq), at: row.at, event, from, state, key, correlation: row.correlation })
}

impl<'a, DB: Database, X: Rules> IntoFuture for History<'a, DB, X> {
    type Output = Result<Vec<Transition<X::Machine>>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.page())
    }
}

impl<DB: Database, X: Rules> fmt::Debug for History<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("at", &self.at).field("after", &self.after).finish_non_exhaustive()
    }
}
