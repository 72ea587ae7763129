//! Every reached state × command × situation.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::DerefMut;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use crate::model::machine::memory::InMemory;
use crate::model::machine::rules::{Machine, Rules};
use crate::testing::ground::{Ground, Memory, Place};
use crate::testing::report::{CounterExample, Report};
use crate::testing::run::{Entry, Mismatch, Runner};
use crate::testing::samples::{Samples, content};
use crate::testing::script::{Line, Script};
use crate::testing::search::Search;

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
    pub async fn stored<DB, X>(&self, machines: &crate::machine::Repository<DB, X>) -> Report
    where
        DB: crate::Database,
        X: Rules<Machine = M>,
    {
        match crate::testing::ground::stored::Stored::new(machines) {
            Ok(ground) => self.explore::<X, _>(&ground).await,
            Err(error) => Report { missing: vec![error.to_string()], ..self.report() },
        }
    }

    /// Runs a script on a stored machine, under an id that was never used.
    #[cfg(feature = "_sql")]
    pub async fn replay<DB, X>(&self, machines: &crate::machine::Repository<DB, X>, script: &Script) -> Report
    where
        DB: crate::Database,
        X: Rules<Machine = M>,
    {
        match crate::testing::ground::stored::Stored::new(machines) {
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

/// Runs a future that never waits: nothing of a machine in memory does.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
