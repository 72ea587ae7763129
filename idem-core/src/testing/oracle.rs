//! What each answer must be, worked out from the published table and the graph alone: no line of this is shared with the
//! engine, so a mistake in one shows as a difference between the two.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::model::machine::graph::{Graph, Repeat};

/// One machine as it should be.
pub(super) struct Model {
    graph: &'static Graph,
    pub(super) now: Option<Now>,
    keys: BTreeMap<String, Known>,
    runs: Vec<Run>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Now {
    pub(super) state: usize,
    pub(super) content: Value,
    pub(super) version: u64,
    visit: u64,
}

/// What a key names, and what answers it.
struct Known {
    request: Request,
    answer: Answer,
}

enum Answer {
    /// The transition with this number.
    Run(u64),
    /// What the rule said.
    Rejection(Value),
}

/// What is asked for; two requests are one if they are equal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Request {
    /// A command's position, and its payload without the facts.
    Command(usize, Value),
    Override(usize, Value, bool),
    Start(Value),
}

/// A transition.
struct Run {
    request: Request,
    seq: u64,
    outcome: Value,
    at: Timestamp,
    from_visit: u64,
    state: usize,
    visit: u64,
}

/// The answer that the table gives, with its row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    /// The transition runs, from this state; the rule may refuse.
    Run(char),
    /// The outcome of this transition, as it was.
    Replay(char, u64),
    /// The rejection that the key remembers.
    Rejected(char, Value),
    Refused(char, ErrorKind),
}

impl Model {
    pub(super) fn new(graph: &'static Graph) -> Self {
        Self { graph, now: None, keys: BTreeMap::new(), runs: Vec::new() }
    }

    /// The request that a command makes.
    pub(super) fn request(&self, command: usize, mut payload: Value) -> Request {
        if let (Value::Object(members), Some(info)) = (&mut payload, self.graph.commands.get(command)) {
            members.retain(|name, _| !info.facts.contains(&name.as_str()));
        }
        Request::Command(command, payload)
    }

    /// The answer table of `docs/GUARANTEES.md`, row by row. `bare`: the initial state carries nothing.
    pub(super) fn expect(&self, key: Option<&str>, request: &Request, bare: bool) -> Expected {
        if let Some(known) = key.and_then(|key| self.keys.get(key)) {
            return match &known.answer {
                _ if known.request != *request => Expected::Refused('b', ErrorKind::KeyReused),
                Answer::Run(seq) => Expected::Replay('a', *seq),
                Answer::Rejection(said) => Expected::Rejected('a', said.clone()),
            };
        }
        let Request::Command(command, _) = request else {
            return match (&self.now, request) {
                (None, Request::Override(..)) => Expected::Refused('g', ErrorKind::NotStarted),
                (Some(_), Request::Start(_)) => match self.runs.first() {
                    Some(run) if run.request == *request => Expected::Replay('g', run.seq),
                    _ => Expected::Refused('g', ErrorKind::AlreadyStarted),
                },
                _ => Expected::Run('g'),
            };
        };
        let repeat = self.graph.commands.get(*command).map_or(Repeat::Ambiguous, |info| info.repeat);
        let (again, per_visit) = (self.can_be_legal_again(*command), repeat == Repeat::PerVisit);
        if key.is_none() && ((again && !per_visit) || self.remembers(*command)) {
            return Expected::Refused('f', ErrorKind::KeyRequired);
        }
        let state = match &self.now {
            Some(now) => now.state,
            None if bare => self.graph.initial,
            None => return Expected::Refused('g', ErrorKind::NotStarted),
        };
        let newest = self.runs.iter().rev().find(|run| run.is_of(*command));
        let reached = newest.map(|run| {
            let same = run.request == *request;
            if same { Expected::Replay('d', run.seq) } else { Expected::Refused('e', ErrorKind::ReachedOtherwise) }
        });
        // Without a key the visit is asked before the edge: an override back into a visit does not reopen it.
        let this_visit = newest.is_some_and(|run| self.now.as_ref().is_some_and(|now| run.from_visit == now.visit));
        let edge = self.graph.edge(state, *command).is_some();
        match (edge, reached) {
            (true, Some(reached)) if key.is_none() && this_visit => reached,
            (true, _) => Expected::Run('c'),
            (false, Some(reached)) if !again || (per_visit && key.is_none()) => reached,
            (false, _) => Expected::Refused('f', ErrorKind::Invalid),
        }
    }

    fn remembers(&self, command: usize) -> bool {
        self.graph.commands.get(command).is_some_and(|info| info.remembers)
    }

    /// A way leads from a target of the command to one of its sources.
    fn can_be_legal_again(&self, command: usize) -> bool {
        let edges = self.graph.edges;
        let of = || edges.iter().filter(|edge| edge.command == command);
        let mut reached: Vec<usize> = of().flat_map(|edge| edge.to.iter().copied()).collect();
        let mut at = 0;
        while let Some(&state) = reached.get(at) {
            let next = edges.iter().filter(|edge| edge.from == state).flat_map(|edge| edge.to.iter().copied());
            let new: Vec<usize> = next.filter(|state| !reached.contains(state)).collect();
            for state in new {
                if !reached.contains(&state) {
                    reached.push(state);
                }
            }
            at += 1;
        }
        of().any(|edge| reached.contains(&edge.from))
    }

    /// A transition happened, as it should.
    pub(super) fn ran(
        &mut self,
        key: Option<&str>,
        request: Request,
        outcome: Value,
        at: Timestamp,
        to: (usize, Value),
    ) {
        let (state, content) = to;
        let seq = self.now.as_ref().map_or(0, |now| now.version) + 1;
        let stays = self.now.as_ref().filter(|now| now.state == state).map(|now| now.visit);
        let visit = match &request {
            Request::Override(_, _, true) => seq,
            // By hand back into the newest visit of the state, if it ever was in it.
            Request::Override(..) => stays
                .or_else(|| self.runs.iter().rev().find(|run| run.state == state).map(|run| run.visit))
                .unwrap_or(seq),
            _ => stays.unwrap_or(seq),
        };
        let from_visit = self.now.as_ref().map_or(0, |now| now.visit);
        if let Some(key) = key {
            self.keys.insert(key.to_owned(), Known { request: request.clone(), answer: Answer::Run(seq) });
        }
        self.runs.push(Run { request, seq, outcome, at, from_visit, state, visit });
        self.now = Some(Now { state, content, version: seq, visit });
    }

    /// An alias key was answered by a state already reached; for a command that has one effect it is remembered.
    pub(super) fn reached(&mut self, key: &str, request: Request, seq: u64) {
        self.keys.insert(key.to_owned(), Known { request, answer: Answer::Run(seq) });
    }

    /// The rule rejected a command: its key remembers what it said, if the command says so.
    pub(super) fn rejected(&mut self, key: Option<&str>, request: Request, said: Value) {
        if let (Some(key), Request::Command(command, _)) = (key, &request)
            && self.remembers(*command)
        {
            self.keys.insert(key.to_owned(), Known { request, answer: Answer::Rejection(said) });
        }
    }

    /// The outcome, the state after it, the time, and whether something happened since, of a transition.
    pub(super) fn answer(&self, seq: u64) -> Option<(&Value, usize, Timestamp, bool)> {
        let run = self.runs.iter().find(|run| run.seq == seq)?;
        Some((&run.outcome, run.state, run.at, self.now.as_ref().is_some_and(|now| now.version > seq)))
    }

    /// The time of the newest transition.
    pub(super) fn latest(&self) -> Timestamp {
        self.runs.last().map_or(Timestamp::from_micros(0), |run| run.at)
    }
}

impl Run {
    fn is_of(&self, command: usize) -> bool {
        matches!(self.request, Request::Command(own, _) if own == command)
    }
}

impl Expected {
    pub(super) fn row(&self) -> char {
        let (Self::Run(row) | Self::Replay(row, _) | Self::Rejected(row, _) | Self::Refused(row, _)) = self;
        *row
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(row) => write!(f, "row {row}: the transition runs"),
            Self::Replay(row, seq) => write!(f, "row {row}: the outcome of transition {seq}, as it was"),
            Self::Rejected(row, said) => write!(f, "row {row}: rejected as before, with {said}"),
            Self::Refused(row, kind) => write!(f, "row {row}: refused as {kind:?}"),
        }
    }
}
