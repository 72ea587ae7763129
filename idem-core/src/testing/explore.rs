//! Every reached state × command × situation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::ops::DerefMut;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use super::ground::{Ground, Memory, Place};
use super::report::{CounterExample, Report};
use super::run::{Entry, Mismatch, Runner};
use super::samples::{Samples, command, content, payload};
use super::script::{Line, Script};
use crate::machine::{InMemory, Machine, Rules};

/// Drives a machine through every situation that its samples can make, each on a machine of its own, and compares each
/// answer with the answer table; the state, the version, the outcome and the balances with what the rule says when it is
/// run again.
///
/// A situation: fresh, the same key, the same key with another payload, another key, `Natural`, a concurrent pair, and an
/// override (also one that reopens) before a repeat. States are entered by each edge that leads to them; those that no
/// sample leads to are entered by an override.
///
/// The database must be the test's own: balances are compared.
pub struct Explorer<'s, M> {
    samples: &'s Samples<M>,
    cases: u64,
}

impl<'s, M: Machine> Explorer<'s, M> {
    /// With these samples, at most 20,000 cases.
    #[must_use]
    pub fn new(samples: &'s Samples<M>) -> Self {
        Self { samples, cases: 20_000 }
    }

    /// At most this many cases.
    #[must_use]
    pub fn cases(self, cases: u64) -> Self {
        Self { cases, ..self }
    }

    /// Explores machines in memory, each made by `new`.
    pub fn in_memory<X, H>(&self, new: impl Fn() -> H) -> Report
    where
        X: Rules<Machine = M>,
        H: DerefMut<Target = InMemory<X>>,
    {
        at_once(self.explore::<X, _>(&Memory(new)))
    }

    /// Runs a script on a machine in memory.
    pub fn replay_in_memory<X, H>(&self, new: impl Fn() -> H, script: &Script) -> Report
    where
        X: Rules<Machine = M>,
        H: DerefMut<Target = InMemory<X>>,
    {
        at_once(self.run_again::<X, _>(&Memory(new), script))
    }

    /// Explores stored machines, under ids that were never used.
    #[cfg(feature = "_sql")]
    pub async fn stored<DB, X>(&self, machines: &crate::machine::Machines<DB, X>) -> Report
    where
        DB: crate::Database,
        X: Rules<Machine = M>,
    {
        match super::ground::stored::Stored::new(machines) {
            Ok(ground) => self.explore::<X, _>(&ground).await,
            Err(error) => Report { missing: vec![error.to_string()], ..self.report() },
        }
    }

    /// Runs a script on a stored machine, under an id that was never used.
    #[cfg(feature = "_sql")]
    pub async fn replay<DB, X>(&self, machines: &crate::machine::Machines<DB, X>, script: &Script) -> Report
    where
        DB: crate::Database,
        X: Rules<Machine = M>,
    {
        match super::ground::stored::Stored::new(machines) {
            Ok(ground) => self.run_again::<X, _>(&ground, script).await,
            Err(error) => Report { missing: vec![error.to_string()], ..self.report() },
        }
    }

    async fn run_again<X: Rules<Machine = M>, G: Ground<X>>(&self, ground: &G, script: &Script) -> Report {
        let mut report = Report { missing: Vec::new(), ..self.report() };
        run(ground, script.lines.clone(), &mut report).await;
        report
    }

    async fn explore<X: Rules<Machine = M>, G: Ground<X>>(&self, ground: &G) -> Report {
        let mut report = self.report();
        let mut search = Search::<M>::begin(self.samples, first_state::<X, G>(ground));
        loop {
            while let Some(node) = search.open.pop_front() {
                for case in node.cases(self.samples) {
                    if report.cases >= self.cases {
                        report.truncated = true;
                        return search.into_report(report);
                    }
                    let entered = run(ground, case.lines, &mut report).await;
                    if report.counter_example.is_some() {
                        return search.into_report(report);
                    }
                    if let (Some(entry), Some(path)) = (entered, case.path) {
                        search.enter(entry, path);
                    }
                }
            }
            if !search.override_next(self.samples) {
                return search.into_report(report);
            }
        }
    }

    fn report(&self) -> Report {
        Report { machine: M::GRAPH.name, missing: self.samples.missing(), ..Report::default() }
    }
}

impl<M: Machine> fmt::Debug for Explorer<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explorer").field("samples", self.samples).field("cases", &self.cases).finish()
    }
}

/// The states that are still to be driven from, and those that were seen.
struct Search<M> {
    open: VecDeque<Node>,
    entries: BTreeSet<Entry>,
    reached: BTreeSet<usize>,
    overridden: BTreeSet<usize>,
    /// The lines that bring a machine into being.
    root: Vec<Line>,
    machine: std::marker::PhantomData<fn() -> M>,
}

impl<M: Machine> Search<M> {
    /// From nothing, and from each sample of the initial state; or from the one state in which machines are made.
    fn begin(samples: &Samples<M>, begun: Option<(usize, Value)>) -> Self {
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
        let machine = std::marker::PhantomData;
        Self { open, entries: BTreeSet::new(), reached, overridden: BTreeSet::new(), root, machine }
    }

    fn enter(&mut self, entry: Entry, path: Vec<Line>) {
        let (_, _, state) = entry;
        if self.overridden.is_empty() {
            self.reached.insert(state);
        }
        if self.entries.insert(entry) {
            self.open.push_back(Node { path, state: Some(state) });
        }
    }

    /// Opens one state that nothing has reached so far, if it has a sample.
    fn override_next(&mut self, samples: &Samples<M>) -> bool {
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

    fn into_report(self, report: Report) -> Report {
        let by_hand =
            |state: &usize| self.overridden.contains(state) || self.entries.iter().any(|(_, _, to)| to == state);
        let (reached, rest): (Vec<usize>, Vec<usize>) =
            (0..M::GRAPH.states.len()).partition(|state| self.reached.contains(state));
        let (overridden, unreached): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(by_hand);
        let names = |states: Vec<usize>| states.into_iter().map(|state| M::GRAPH.states[state].name).collect();
        Report { reached: names(reached), overridden: names(overridden), unreached: names(unreached), ..report }
    }
}

/// A state, entered in one way.
struct Node {
    path: Vec<Line>,
    /// None: not started.
    state: Option<usize>,
}

/// One script to run.
struct Case {
    lines: Vec<Line>,
    /// For a case that may lead to a new entry: the way there.
    path: Option<Vec<Line>>,
}

impl Node {
    /// Every command, with every sample of its payload, in every situation.
    fn cases<M: Machine>(&self, samples: &Samples<M>) -> Vec<Case> {
        let mut cases = Vec::new();
        for (position, info) in M::GRAPH.commands.iter().enumerate() {
            let others = other_requests::<M>(samples, position);
            for json in samples.payloads(position) {
                let call = |key: Option<&str>| Line::Call {
                    key: key.map(|key| format!("{key}{}", self.path.len())),
                    command: info.name.to_owned(),
                    payload: json.clone(),
                };
                let pair = Line::Pair {
                    key: format!("k{}", self.path.len()),
                    command: info.name.to_owned(),
                    payload: json.clone(),
                };
                let first = call(Some("k"));
                let path = [self.path.clone(), vec![first.clone()]].concat();
                cases.push(Case { lines: path.clone(), path: Some(path) });
                let mut situations = vec![
                    vec![first.clone(), first.clone()],
                    vec![first.clone(), call(Some("l")), call(Some("l"))],
                    vec![call(None), call(None), first.clone()],
                    vec![pair.clone(), first.clone()],
                ];
                situations.extend(others.iter().filter(|other| other.1 != *json || other.0 != info.name).map(
                    |(name, payload)| {
                        let key = Some(format!("k{}", self.path.len()));
                        let other = Line::Call { key, command: (*name).to_owned(), payload: payload.clone() };
                        let natural = Line::Call { key: None, command: (*name).to_owned(), payload: payload.clone() };
                        vec![first.clone(), other, natural, first.clone()]
                    },
                ));
                situations.extend(self.overrides(samples).map(|by_hand| {
                    vec![first.clone(), by_hand.clone(), first.clone(), call(None), call(Some("l")), call(None)]
                }));
                cases.extend(
                    situations.into_iter().map(|lines| Case { lines: [self.path.clone(), lines].concat(), path: None }),
                );
            }
        }
        cases
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

/// Runs one case on a machine of its own and counts it in; gives the newest entry it made.
async fn run<X: Rules, G: Ground<X>>(ground: &G, lines: Vec<Line>, report: &mut Report) -> Option<Entry> {
    report.cases += 1;
    let mut done = 0;
    let wrong = |done: usize, lines: Vec<Line>, Mismatch { expected, found }: Mismatch| {
        let script = Script { lines: lines.into_iter().take(done).collect() };
        Some(CounterExample { script, expected, found })
    };
    let mut place = match ground.open() {
        Ok(place) => place,
        Err(error) => {
            let mismatch = Mismatch { expected: "a machine".to_owned(), found: error.to_string() };
            report.counter_example = wrong(0, lines, mismatch);
            return None;
        }
    };
    let mut rows = BTreeMap::new();
    let played = async {
        let mut runner = Runner::<X, _>::new(&mut place)?;
        for line in &lines {
            done += 1;
            let played = runner.play(line).await;
            rows.clone_from(&runner.rows);
            played?;
        }
        runner.audit().await?;
        Ok(runner.entered)
    };
    let played = played.await;
    for (row, many) in rows {
        *report.rows.entry(row).or_default() += many;
    }
    match played {
        Ok(entered) => entered,
        Err(mismatch) => {
            report.counter_example = wrong(done, lines, mismatch);
            None
        }
    }
}

fn first_state<X: Rules, G: Ground<X>>(ground: &G) -> Option<(usize, Value)> {
    let place = ground.open().ok()?;
    let begun = place.begun()?;
    Some((begun.state(), content(begun).ok()?))
}

fn state_name<M: Machine>(state: usize) -> String {
    M::GRAPH.states[state].name.to_owned()
}

/// Requests that differ from the command's: another payload, and another command.
fn other_requests<M: Machine>(samples: &Samples<M>, position: usize) -> Vec<(&'static str, Value)> {
    let info = &M::GRAPH.commands[position];
    let payloads = samples.payloads(position);
    let mut others: Vec<(&'static str, Value)> = match payloads {
        [one] => changed::<M>(position, one).map(|other| (info.name, other)).into_iter().collect(),
        several => several.iter().map(|payload| (info.name, payload.clone())).collect(),
    };
    let next = (1..M::GRAPH.commands.len()).map(|step| (position + step) % M::GRAPH.commands.len());
    others.extend(
        next.filter_map(|at| Some((M::GRAPH.commands[at].name, samples.payloads(at).first()?.clone()))).take(1),
    );
    others
}

/// The payload with one member changed, if its type can hold the change and it is no fact.
fn changed<M: Machine>(position: usize, json: &Value) -> Option<Value> {
    let Value::Object(members) = json else { return None };
    members.iter().filter(|(name, _)| !M::GRAPH.commands[position].facts.contains(&name.as_str())).find_map(
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

/// Runs a future that never waits: nothing of a machine in memory does.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
