//! Which states are driven from, and what is tried in each.

use std::collections::{BTreeSet, VecDeque};
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::Value;

use crate::model::machine::rules::Machine;
use crate::testing::report::{Report, Untaken};
use crate::testing::runner::{Entry, Seen};
use crate::testing::samples::{Samples, command, payload};
use crate::testing::script::Line;

/// The states that are still to be driven from, and those that were seen.
pub(super) struct Search<M> {
    pub(super) open: VecDeque<Node>,
    entries: BTreeSet<Entry>,
    reached: BTreeSet<usize>,
    overridden: BTreeSet<usize>,
    /// The lines that bring a machine into being.
    root: Vec<Line>,
    machine: PhantomData<fn() -> M>,
}

impl<M: Machine> Search<M> {
    /// From nothing, and from each sample of the initial state; or from the one state in which machines are made.
    pub(super) fn begin(samples: &Samples<M>, begun: Option<(usize, Value)>) -> Self {
        let start = |(state, content): (usize, Value)| Line::Start { state: state_name::<M>(state), content };
        let (initial, unstarted) = (M::GRAPH.initial, begun.is_none());
        let starts: Vec<_> = match begun {
            Some(begun) => vec![begun],
            None => samples.states(initial).iter().map(|content| (initial, content.clone())).collect(),
        };
        let mut open = VecDeque::new();
        if unstarted {
            open.push_back(Node { path: Vec::new(), state: None });
        }
        open.extend(
            starts
                .iter()
                .map(|start_state| Node { path: vec![start(start_state.clone())], state: Some(start_state.0) }),
        );
        let reached = starts.iter().map(|(state, _)| *state).collect();
        let root = starts.into_iter().next().map(start).into_iter().collect();
        let machine = PhantomData;
        Self { open, entries: BTreeSet::new(), reached, overridden: BTreeSet::new(), root, machine }
    }

    pub(super) fn enter(&mut self, entry: Entry, path: Vec<Line>) {
        let (_, _, state) = entry;
        if self.overridden.is_empty() {
            self.reached.insert(state);
        }
        if self.entries.insert(entry) {
            self.open.push_back(Node { path, state: Some(state) });
        }
    }

    /// Opens one state that nothing has reached so far, if it has a sample.
    pub(super) fn override_next(&mut self, samples: &Samples<M>) -> bool {
        let entered = |state: &usize| self.entries.iter().any(|(_, _, to)| to == state);
        let mut unseen = (0..M::GRAPH.states.len())
            .filter(|state| !self.reached.contains(state) && !self.overridden.contains(state) && !entered(state));
        let Some((state, content)) = unseen.find_map(|state| Some((state, samples.states(state).first()?.clone())))
        else {
            return false;
        };
        let mut path = self.root.clone();
        let key = "by-hand".to_owned();
        path.push(Line::Override { key, state: state_name::<M>(state), content, reopen: false });
        self.overridden.insert(state);
        self.open.push_back(Node { path, state: Some(state) });
        true
    }

    /// What was entered, and each edge to a target that was not: with how often it was tried, or why it was not.
    pub(super) fn into_report(self, report: Report, seen: &Seen, samples: &Samples<M>) -> Report {
        let untaken = self.untaken(seen, samples, report.truncated);
        let by_hand =
            |state: &usize| self.overridden.contains(state) || self.entries.iter().any(|(_, _, to)| to == state);
        let (reached, rest): (Vec<usize>, Vec<usize>) =
            (0..M::GRAPH.states.len()).partition(|state| self.reached.contains(state));
        let (overridden, unreached): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(by_hand);
        let names = |states: Vec<usize>| states.into_iter().map(|state| M::GRAPH.states[state].name).collect();
        Report {
            reached: names(reached),
            overridden: names(overridden),
            unreached: names(unreached),
            untaken,
            ..report
        }
    }

    fn untaken(&self, seen: &Seen, samples: &Samples<M>, truncated: bool) -> Vec<Untaken> {
        let graph = M::GRAPH;
        let is_entered = |state: usize| {
            let entered = || self.entries.iter().any(|(_, _, to)| *to == state);
            self.reached.contains(&state) || self.overridden.contains(&state) || entered()
        };
        let mut untaken = Vec::new();
        for edge in graph.edges {
            let (from, command) = (graph.states[edge.from].name, graph.commands[edge.command].name);
            let tried = seen.tried.get(&(edge.from, edge.command)).copied().unwrap_or(0);
            let reason = if tried > 0 {
                None
            } else if samples.payloads(edge.command).is_empty() {
                Some(format!("no sample of command `{command}`"))
            } else if !is_entered(edge.from) {
                Some(format!("`{from}` was not entered"))
            } else if truncated {
                Some("the bound on cases was met before".to_owned())
            } else {
                Some("the exploration ended before".to_owned())
            };
            let rest = edge.to.iter().filter(|&&to| !seen.taken.contains(&(edge.from, edge.command, to)));
            untaken.extend(rest.map(|&to| Untaken {
                from,
                command,
                to: graph.states[to].name,
                tried,
                reason: reason.clone(),
            }));
        }
        untaken
    }
}

/// A state, entered in one way.
pub(super) struct Node {
    path: Vec<Line>,
    /// None: not started.
    state: Option<usize>,
}

/// One script to run.
pub(super) struct Case {
    pub(super) lines: Vec<Line>,
    /// For a case that may lead to a new entry: the way there.
    pub(super) path: Option<Vec<Line>>,
}

impl Node {
    /// Every command, with every sample of its payload, in every situation, and before and after each of these times has passed.
    pub(super) fn cases<M: Machine>(&self, samples: &Samples<M>, advances: &[Duration]) -> Vec<Case> {
        let mut cases = Vec::new();
        for (position, info) in M::GRAPH.commands.iter().enumerate() {
            let others = other_requests::<M>(samples, position);
            for json in samples.payloads(position) {
                let request = (info.name, json);
                let path = self.then(vec![self.call(Some("k"), request)]);
                cases.push(Case { lines: path.clone(), path: Some(path) });
                for &by in advances {
                    let path = self.then(vec![Line::Advance { by }, self.call(Some("k"), request)]);
                    cases.push(Case { lines: path.clone(), path: Some(path) });
                }
                let mut situations = self.situations(request, &others, samples);
                situations.extend(advances.iter().map(|&by| self.late_repeat(request, by)));
                cases.extend(situations.into_iter().map(|lines| Case { lines: self.then(lines), path: None }));
            }
        }
        cases
    }

    /// What is tried with one request.
    fn situations<M: Machine>(
        &self,
        request: (&str, &Value),
        others: &[(&str, Value)],
        samples: &Samples<M>,
    ) -> Vec<Vec<Line>> {
        let keyed = |key| self.call(Some(key), request);
        let natural = || self.call(None, request);
        let same_key = vec![keyed("k"), keyed("k")];
        let other_key = vec![keyed("k"), keyed("l"), keyed("l")];
        let no_key = vec![natural(), natural(), keyed("k")];
        let at_once = vec![self.pair(request), keyed("k")];
        let mut situations = vec![same_key, other_key, no_key, at_once];
        for (name, json) in others.iter().filter(|(name, json)| (*name, json) != request) {
            let other = |key| self.call(key, (name, json));
            situations.push(vec![keyed("k"), other(Some("k")), other(None), keyed("k")]);
        }
        situations.extend(
            self.overrides(samples)
                .map(|by_hand| vec![keyed("k"), by_hand, keyed("k"), natural(), keyed("l"), natural()]),
        );
        situations
    }

    /// Repeats after a time.
    fn late_repeat(&self, request: (&str, &Value), by: Duration) -> Vec<Line> {
        let keyed = |key| self.call(Some(key), request);
        vec![keyed("k"), Line::Advance { by }, keyed("k"), self.call(None, request), keyed("l")]
    }

    /// The way to this state, and these lines.
    fn then(&self, lines: Vec<Line>) -> Vec<Line> {
        [self.path.clone(), lines].concat()
    }

    fn call(&self, key: Option<&str>, (name, json): (&str, &Value)) -> Line {
        let key = key.map(|key| self.key(key));
        Line::Call { key, command: name.to_owned(), payload: json.clone() }
    }

    fn pair(&self, (name, json): (&str, &Value)) -> Line {
        Line::Pair { key: self.key("k"), command: name.to_owned(), payload: json.clone() }
    }

    /// A key that the way to this state does not use.
    fn key(&self, name: &str) -> String {
        format!("{name}{}", self.path.len())
    }

    /// Back into this state by hand, in its old visit and in a new one.
    fn overrides<M: Machine>(&self, samples: &Samples<M>) -> impl Iterator<Item = Line> {
        let sample =
            self.state.and_then(|state| Some((state_name::<M>(state), samples.states(state).first()?.clone())));
        let put = |((state, content), reopen): ((String, Value), bool)| Line::Override {
            key: "hand".to_owned(),
            state,
            content,
            reopen,
        };
        sample.into_iter().flat_map(|sample| [(sample.clone(), false), (sample, true)]).map(put)
    }
}

fn state_name<M: Machine>(state: usize) -> String {
    M::GRAPH.states[state].name.to_owned()
}

/// Requests to hold against the command's: another payload, the same with another fact, another command.
fn other_requests<M: Machine>(samples: &Samples<M>, position: usize) -> Vec<(&'static str, Value)> {
    let commands = M::GRAPH.commands;
    let own = commands[position].name;
    let mut requests: Vec<(&'static str, Value)> = match samples.payloads(position) {
        [one] => changed::<M>(position, one, false).map(|changed| (own, changed)).into_iter().collect(),
        several => several.iter().map(|json| (own, json.clone())).collect(),
    };
    let looked_up_again = samples.payloads(position).first().and_then(|json| changed::<M>(position, json, true));
    requests.extend(looked_up_again.map(|json| (own, json)));
    let next = (1..commands.len()).map(|step| (position + step) % commands.len());
    requests.extend(next.filter_map(|at| Some((commands[at].name, samples.payloads(at).first()?.clone()))).take(1));
    requests
}

/// The payload with one member changed, a fact or one that is none, if its type can hold the change.
fn changed<M: Machine>(position: usize, json: &Value, fact: bool) -> Option<Value> {
    let Value::Object(members) = json else { return None };
    members.iter().filter(|(name, _)| M::GRAPH.commands[position].facts.contains(&name.as_str()) == fact).find_map(
        |(name, value)| {
            let value = match value {
                Value::Number(number) => number.as_i64()?.checked_add(1)?.into(),
                Value::String(text) => format!("{text}.").into(),
                Value::Bool(flag) => (!flag).into(),
                _ => return None,
            };
            let mut other = members.clone();
            other.insert(name.clone(), value);
            let read = command::<M>(position, &Value::Object(other)).ok()?;
            payload::<M>(&read).ok().filter(|read| read != json)
        },
    )
}
