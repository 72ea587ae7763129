//! Every reached state × command × situation.

use std::fmt;
use std::future::Future;
use std::ops::DerefMut;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::model::machine::memory::InMemory;
use crate::model::machine::rules::{Machine, Rules};
use crate::testing::ground::{Ground, Memory, Place};
use crate::testing::report::{CounterExample, Report};
use crate::testing::runner::{Entry, Mismatch, Runner, Seen};
use crate::testing::samples::{Samples, content};
use crate::testing::script::{Line, Script};
use crate::testing::search::Search;
use crate::testing::world::{World, WorldHold};

/// Drives a machine through every situation that its samples can make, each on a machine of its own, and compares each
/// answer with the answer table; the state, the version, the outcome, the balances and what is held with what the rule says when
/// it is run again.
///
/// A situation: fresh, the same key, the same key with another payload, another key, `Natural`, a concurrent pair, and an
/// override (also one that reopens) before a repeat. States are entered by each edge that leads to them; those that no
/// sample leads to are entered by an override.
///
/// # Money and time
/// A rule that holds or moves money depends on what there is. [`deposit`](Self::deposit), [`bounds`](Self::bounds) and
/// [`hold`](Self::hold) say with what every case begins; in memory [`clock`](Self::clock) sets its time and
/// [`advance`](Self::advance) lets time pass.
///
/// In a database the accounts that these name are each case's own: their names get the case's id behind them, so one case
/// leaves nothing to the next, and nothing to the application's accounts of the same names. So do the names of all holds. Every
/// other account that a rule names is the database's one of that name, shared by all cases, and its balance is compared with what
/// it was before each call: nobody else may change it meanwhile.
///
/// ```
/// use std::time::Duration;
///
/// use idem_core::testing::{Explorer, Samples};
/// use idem_core::{Context, Step, idempotent_fsm};
///
/// #[idempotent_fsm]
/// #[command(Reserve)]
/// #[command(Pay)]
/// #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
/// enum Seat {
///     #[initial]
///     #[on(Reserve => Reserved | Unpaid)]
///     Free,
///     #[on(Pay => Paid | Unpaid)]
///     Reserved { hold: String },
///     #[terminal]
///     Paid,
///     #[terminal]
///     Unpaid,
/// }
///
/// struct Hall;
///
/// impl seat::Transitions for Hall {
///     type Rejection = idem_core::Never;
///
///     fn reserve(&self, _: seat::Free, _: &seat::Reserve, cx: &Context) -> Result<Step<seat::ReserveTo>, idem_core::Never> {
///         let hold = cx.id("hold").to_string();
///         Ok(Step::to(seat::Reserved { hold: hold.clone() })
///             .hold_for("guest", hold, 40, Duration::from_mins(15))
///             .or_if_refused(Step::to(seat::Unpaid)))
///     }
///
///     fn pay(&self, from: seat::Reserved, _: &seat::Pay, _: &Context) -> Result<Step<seat::PayTo>, idem_core::Never> {
///         Ok(Step::to(seat::Paid).capture(from.hold, "hall", 40).or_if_refused(Step::to(seat::Unpaid)))
///     }
/// }
///
/// fn main() {
///     let samples = Samples::<Seat>::new().state(seat::Reserved { hold: "sample".into() });
///     let report = Explorer::new(&samples)
///         .deposit("guest", 100)
///         .bounds("guest", Some(0), None)
///         .hold("guest", "sample", 40)                                        // the hold that the sample names
///         .advance(Duration::from_mins(15))                                   // each command also a quarter of an hour later
///         .in_memory(|| Seat::in_memory(Hall, seat::Free));
///     report.assert_complete();
///     assert!(report.reached.contains(&"Paid") && report.reached.contains(&"Unpaid"), "{report}");
/// }
/// ```
pub struct Explorer<'s, M> {
    samples: &'s Samples<M>,
    cases: u64,
    world: World,
}

impl<'s, M: Machine> Explorer<'s, M> {
    /// With these samples, at most 20,000 cases.
    #[must_use]
    pub fn new(samples: &'s Samples<M>) -> Self {
        Self { samples, cases: 20_000, world: World::default() }
    }

    /// At most this many cases. Default 20,000. A [`Report`] that met this bound is not complete.
    #[must_use]
    pub fn cases(self, cases: u64) -> Self {
        Self { cases, ..self }
    }

    /// Lets every case begin with `amount` minor units more, or less, on an account: any `i64`, and several deposits add up. What
    /// an account begins with must be within its bounds, which come after all deposits. Default: 0.
    #[must_use]
    pub fn deposit(mut self, account: impl Into<String>, amount: i64) -> Self {
        let balance = self.world.deposits.entry(account.into()).or_default();
        *balance = balance.saturating_add(amount);
        self
    }

    /// Lets every case begin with an account that has a lowest or a highest balance, in minor units; `None` is no bound. Default:
    /// unbounded.
    #[must_use]
    pub fn bounds(mut self, account: impl Into<String>, floor: Option<i64>, ceiling: Option<i64>) -> Self {
        self.world.bounds.insert(account.into(), (floor, ceiling));
        self
    }

    /// Lets every case begin with a hold of `amount` minor units, of 0 or more, of an account: for samples of states that name
    /// one, which are entered by an override. Default: none.
    #[must_use]
    pub fn hold(mut self, account: impl Into<String>, hold: impl Into<String>, amount: i64) -> Self {
        self.world.holds.push(WorldHold { account: account.into(), hold: hold.into(), amount });
        self
    }

    /// Lets every case in memory begin at this time, with a machine that was started then. The clock stands, but for
    /// [`advance`](Self::advance). Without it a case begins at the local time, or at the one that its machine was set to.
    ///
    /// A database has its own clock: there it changes nothing.
    #[must_use]
    pub fn clock(mut self, now: Timestamp) -> Self {
        self.world.clock = Some(now);
        self
    }

    /// Gives each command also after `by` has passed, and repeats it after `by` has passed: so holds expire, and rules that
    /// depend on the time are led through both sides. Called several times, each is tried. Default: nothing is advanced.
    ///
    /// Done in memory alone: the clock of a database is not set, and a [`Report`] says that it was not tried there.
    #[must_use]
    pub fn advance(mut self, by: Duration) -> Self {
        self.world.advances.push(by);
        self
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
    ///
    /// With the payment of the README:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use idem_core::testing::{Explorer, Samples, Script};
    ///
    /// let samples = Samples::<Payment>::new();
    /// let replay = |script: &Script| {
    ///     Explorer::new(&samples).replay_in_memory(|| Payment::in_memory(Rules, payment::Authorized { amount: 500 }), script)
    /// };
    /// let report = replay(&"call k1 Capture {\"amount\":500}\ncall k1 Capture {\"amount\":500}".parse()?);
    /// assert!(report.counter_example.is_none(), "{report}");
    /// assert_eq!((report.rows[&'a'], report.rows[&'c']), (1, 1));                 // rows of the answer table
    /// let report = replay(&"call k1 Refund null".parse()?);
    /// assert!(report.counter_example.is_some());                                  // there is no such command
    /// # Ok(()) }
    /// ```
    pub fn replay_in_memory<X, H>(&self, new: impl Fn() -> H, script: &Script) -> Report
    where
        X: Rules<Machine = M>,
        H: DerefMut<Target = InMemory<X>>,
    {
        at_once(self.run_again::<X, _>(&Memory(new), script))
    }

    /// Explores stored machines, under ids that were never used.
    ///
    /// # Cancel safety
    /// Dropped half-way, it leaves the machines, and the accounts, of the cases so far in the database.
    #[cfg(feature = "_sql")]
    pub async fn stored<DB, X>(&self, machines: &crate::machine::Repository<DB, X>) -> Report
    where
        DB: crate::Database,
        X: Rules<Machine = M>,
    {
        match crate::testing::stored::Stored::new(machines) {
            Ok(ground) => self.explore::<X, _>(&ground).await,
            Err(error) => Report { missing: vec![error.to_string()], ..self.report() },
        }
    }

    /// Runs a script on a stored machine, under an id that was never used.
    ///
    /// # Cancel safety
    /// As [`Explorer::stored`].
    #[cfg(feature = "_sql")]
    pub async fn replay<DB, X>(&self, machines: &crate::machine::Repository<DB, X>, script: &Script) -> Report
    where
        DB: crate::Database,
        X: Rules<Machine = M>,
    {
        match crate::testing::stored::Stored::new(machines) {
            Ok(ground) => self.run_again::<X, _>(&ground, script).await,
            Err(error) => Report { missing: vec![error.to_string()], ..self.report() },
        }
    }

    async fn run_again<X: Rules<Machine = M>, G: Ground<X>>(&self, ground: &G, script: &Script) -> Report {
        let mut report = Report { missing: Vec::new(), ..self.report() };
        let (_, seen) = self.run(ground, script.lines.clone(), &mut report).await;
        Report { rows: seen.rows, ..report }
    }

    async fn explore<X: Rules<Machine = M>, G: Ground<X>>(&self, ground: &G) -> Report {
        let mut report = self.report();
        let advances = if G::SETS_CLOCK { &self.world.advances[..] } else { &[] };
        if !G::SETS_CLOCK && !self.world.advances.is_empty() {
            report
                .skipped
                .push("what changes with time: the clock of a database is not set, so nothing is advanced".to_owned());
        }
        let (mut seen, samples) = (Seen::default(), self.samples);
        let mut search = Search::<M>::begin(samples, self.first_state::<X, G>(ground).await);
        loop {
            while let Some(node) = search.open.pop_front() {
                for case in node.cases(samples, advances) {
                    if report.cases >= self.cases {
                        report.truncated = true;
                        return search.into_report(report, &seen, samples);
                    }
                    let (entered, seen_now) = self.run(ground, case.lines, &mut report).await;
                    seen.add(seen_now);
                    report.rows.clone_from(&seen.rows);
                    if report.counter_example.is_some() {
                        return search.into_report(report, &seen, samples);
                    }
                    if let (Some(entry), Some(path)) = (entered, case.path) {
                        search.enter(entry, path);
                    }
                }
            }
            if !search.override_next(samples) {
                return search.into_report(report, &seen, samples);
            }
        }
    }

    /// Runs one case on a machine of its own and counts it in; gives the newest entry it made.
    async fn run<X: Rules<Machine = M>, G: Ground<X>>(
        &self,
        ground: &G,
        lines: Vec<Line>,
        report: &mut Report,
    ) -> (Option<Entry>, Seen) {
        report.cases += 1;
        let mut done = 0;
        let wrong = |done: usize, lines: Vec<Line>, Mismatch { expected, found }: Mismatch| {
            let script = Script { lines: lines.into_iter().take(done).collect() };
            Some(CounterExample { script, expected, found })
        };
        let mut seen = Seen::default();
        let mut place = match ground.open(&self.world).await {
            Ok(place) => place,
            Err(error) => {
                let expected = "a machine, and the accounts that every case begins with".to_owned();
                report.counter_example = wrong(0, lines, Mismatch { expected, found: error.to_string() });
                return (None, seen);
            }
        };
        let played = async {
            let mut runner = Runner::<X, _>::new(&mut place)?;
            for line in &lines {
                done += 1;
                let played = runner.play(line).await;
                seen.clone_from(&runner.seen);
                played?;
            }
            runner.audit().await?;
            Ok(runner.entered)
        };
        match played.await {
            Ok(entered) => (entered, seen),
            Err(mismatch) => {
                report.counter_example = wrong(done, lines, mismatch);
                (None, seen)
            }
        }
    }

    async fn first_state<X: Rules<Machine = M>, G: Ground<X>>(&self, ground: &G) -> Option<(usize, Value)> {
        let place = ground.open(&self.world).await.ok()?;
        let begun = place.begun()?;
        Some((begun.state(), content(begun).ok()?))
    }

    fn report(&self) -> Report {
        Report { machine: M::GRAPH.name, missing: self.samples.missing(), ..Report::default() }
    }
}

impl<M: Machine> fmt::Debug for Explorer<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explorer").field("samples", self.samples).field("cases", &self.cases).finish_non_exhaustive()
    }
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
