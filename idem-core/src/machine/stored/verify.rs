//! Whether today's rules would say the same about a machine's history.

use crate::clock::Timestamp;
use crate::engine::answer::Refusal;
use crate::engine::decide::history::History;
use crate::engine::decide::rejection::RememberedRejection;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::machine::stored::handles::Handle;
use crate::machine::stored::page::guarded;
use crate::model::machine::context::Context;
use crate::model::machine::driver::{Driver, ErasedStep, Ran};
use crate::model::machine::graph::Graph;
use crate::model::machine::rules::{Machine, Rules};
use crate::namespace::{OVERRIDE, START};
use crate::seq::shown;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::machine::queries;
use crate::store::machine::rows::TransitionRow;
use crate::store::session::Session;
use crate::wire::Stored;

/// What [`Handle::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// How many transitions were re-run or checked.
    pub checked: u64,
    /// How many of them were checked without a new run: [`Idem::forget`](crate::Idem::forget) has erased what they were asked.
    pub forgotten: u64,
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
    pub what: DifferenceKind,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Transitions are missing in front of this one.
    Gap,
    /// It does not go on where the transition before ended: its state before, or its visits, are others.
    Before,
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
    /// A key does not stand where it belongs: its hash is not that of its scope and key, or it is answered by a transition that the
    /// machine never had.
    Key,
    /// Its key was erased, and not all that came with it.
    PartlyErased,
    /// The transition cannot be read with today's types.
    Unreadable(String),
}

impl<DB: Database, X: Rules> Handle<DB, X> {
    /// Re-runs today's rules over the stored history, with the stored context, and reports where they differ. Changes
    /// nothing, and reads all of the machine's history, 1,000 transitions at a time, and the machine's row, all as they are at one
    /// moment. The database keeps what that moment sees until it is done.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::machine::DifferenceKind;
    /// use idem_core::{Key, Natural};
    ///
    /// let payment = Payment::stored(&idem, Rules).at("pay-42");
    /// payment.start(Natural, payment::Authorized { amount: 500 }).await?;
    /// payment.capture(&Key::new("shop-1", "req-17")?, payment::Capture { amount: 500 }).await?;
    /// let verified = payment.verify().await?;
    /// assert_eq!((verified.checked, verified.differences), (2, vec![]));
    ///
    /// /// Rules that have become stricter since.
    /// struct Strict;
    /// # impl payment::Transitions for Strict {
    /// #     type Rejection = TooMuch;
    /// #     fn capture(
    /// #         &self,
    /// #         _: payment::Authorized,
    /// #         _: &payment::Capture,
    /// #         _: &Context,
    /// #     ) -> Result<Step<payment::Captured, Receipt>, TooMuch> {
    /// #         Err(TooMuch(100))
    /// #     }
    /// # }
    ///
    /// let verified = Payment::stored(&idem, Strict).at("pay-42").verify().await?;
    /// assert_eq!(verified.differences[0].seq, 2);
    /// assert_eq!(verified.differences[0].what, DifferenceKind::Rejected("only 100 is authorized".into()));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Only those of the database: what does not fit is a difference.
    ///
    /// # Cancel safety
    /// Reads only, in a transaction whose connection is closed if the call is dropped: nothing is left behind.
    pub async fn verify(&self) -> Result<Verification, Error> {
        let machine = self.checked()?;
        let mut lease = self.machines.reader().await?;
        let found = self.verify_snapshot(&mut lease.session(), machine).await;
        self.machines.shared.answer(lease, found).await
    }

    async fn verify_snapshot(
        &self,
        session: &mut Session<'_, DB>,
        machine: (&str, &str),
    ) -> Result<Verification, StoreError> {
        session.begin(DB::SNAPSHOT).await?;
        let mut found = Verification { checked: 0, forgotten: 0, differences: Vec::new() };
        let mut history = None::<History>;
        loop {
            let after = history.as_ref().map_or(0, |history| history.newest.seq);
            let rows = queries::history(session, machine, after, History::PAGE).await?;
            let ended = i64::try_from(rows.len()).is_ok_and(|count| count < History::PAGE);
            for row in rows {
                found.checked += 1;
                found.forgotten += u64::from(row.is_forgotten());
                let before = history.as_ref().map(|history| &history.newest);
                found
                    .differences
                    .extend(self.differences(before, &row).map(|what| Difference { seq: shown(row.seq), what }));
                history = Some(History::then(history, row));
            }
            if ended {
                break;
            }
        }
        let newest = history.as_ref().map_or(0, |history| history.newest.seq);
        self.verify_aliases(session, machine, newest, &mut found).await?;
        let row = queries::load(session, &[machine], &[]).await?.rows.into_iter().next().flatten();
        session.roll_back().await?;
        let agrees = match (&row, &history) {
            (None, None) => true,
            (Some(row), Some(history)) => history.agrees(row),
            _ => false,
        };
        if !agrees {
            found.differences.push(Difference { seq: shown(newest), what: DifferenceKind::Row });
        }
        Ok(found)
    }

    /// The keys that are answered by a transition which ran under another one.
    async fn verify_aliases(
        &self,
        session: &mut Session<'_, DB>,
        machine: (&str, &str),
        newest: i64,
        found: &mut Verification,
    ) -> Result<(), StoreError> {
        let mut after = Vec::new();
        loop {
            let page = queries::aliases(session, machine, &after, History::PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.hash);
            for alias in page {
                let seq = alias.alias_of.unwrap_or(0);
                let is_there = match &alias.rejection {
                    None => (1..=newest).contains(&seq),
                    Some(_) => alias.alias_of.is_none(),
                };
                let has_hash = has_hash(machine.0, alias.key.as_ref(), Some(&alias.hash[..]));
                let key = (!(is_there && has_hash)).then_some(DifferenceKind::Key);
                let rejection = alias.rejection.as_ref().and_then(|rejection| {
                    let is_erased = alias.key.as_ref().is_some_and(Key::is_forgotten);
                    match (is_erased, rejection.is_forgotten()) {
                        (true, true) => None,
                        (false, _) => unreadable(&*self.machines.driver, machine, rejection),
                        (true, false) => Some(DifferenceKind::PartlyErased),
                    }
                });
                let differences = [key, rejection].into_iter().flatten();
                found.differences.extend(differences.map(|what| Difference { seq: shown(seq), what }));
            }
        }
    }

    fn differences(&self, before: Option<&TransitionRow>, row: &TransitionRow) -> impl Iterator<Item = DifferenceKind> {
        let gap = (row.seq != before.map_or(0, |before| before.seq) + 1).then_some(DifferenceKind::Gap);
        let goes_on = gap.is_some() || goes_on(X::Machine::GRAPH, before, row);
        let before_differs = (!goes_on).then_some(DifferenceKind::Before);
        let unknown = row.fingerprint == Fingerprint::UNKNOWN;
        let unknown = unknown.then(|| DifferenceKind::Unreadable("the fingerprint".to_owned()));
        let hash_differs =
            !has_hash(X::Machine::GRAPH.name, row.key.as_ref(), row.hash.as_ref().map(|hash| &hash.0[..]));
        let key_differs = hash_differs.then_some(DifferenceKind::Key);
        let rerun = match before {
            Some(before) if row.command != START && row.command != OVERRIDE && !row.is_forgotten() => {
                // Types and rules that panic over one transition hide no other.
                let rerun = guarded(format!("transition {}", row.seq), || Ok(self.rerun(before, row)));
                rerun.unwrap_or_else(|error| Some(DifferenceKind::Unreadable(error.to_string())))
            }
            _ => None,
        };
        let erased = row.is_partly_erased().then_some(DifferenceKind::PartlyErased);
        [gap, before_differs, unknown, key_differs, erased, rerun].into_iter().flatten()
    }

    fn rerun(&self, before: &TransitionRow, row: &TransitionRow) -> Option<DifferenceKind> {
        let (graph, driver) = (X::Machine::GRAPH, &self.machines.driver);
        let Some(state) = graph.state_named(&before.state) else {
            return Some(DifferenceKind::Unreadable(format!("the state `{}`", before.state)));
        };
        let Some(command) = graph.command_named(&row.command) else {
            return Some(DifferenceKind::Unreadable(format!("the command `{}`", row.command)));
        };
        let value = match X::Machine::read_command(command, &row.payload) {
            Ok(value) => value,
            Err(error) => return Some(DifferenceKind::Unreadable(format!("the payload: {error}"))),
        };
        let key = row.key.as_ref().and_then(|key| key.checked().ok());
        let cx = Context { machine: graph.name, id: self.id(), seq: shown(row.seq), now: row.at, key };
        match driver.run(state, &before.body, &value, &cx) {
            Ran::NoEdge => Some(DifferenceKind::NoEdge),
            Ran::Failed(error) => Some(DifferenceKind::Unreadable(error.to_string())),
            Ran::Rejected(rejection) => {
                let shown = rejection
                    .downcast::<X::Rejection>()
                    .map_or_else(|_| String::new(), |rejection| rejection.to_string());
                Some(DifferenceKind::Rejected(shown))
            }
            Ran::Stepped(step) => compare::<X::Machine>(&step, row),
        }
    }
}

/// Why what a key remembers is no rejection of today's rules, if it is none.
fn unreadable(driver: &dyn Driver, (_, id): (&str, &str), stored: &Stored) -> Option<DifferenceKind> {
    let remembered = RememberedRejection::read(stored);
    let refusal = remembered.map(|remembered| remembered.refusal(driver, id, Timestamp::from_micros(0)));
    match refusal {
        Ok(Refusal::Rejected(..)) => None,
        Ok(Refusal::Failed(error)) | Err(error) => Some(DifferenceKind::Unreadable(error.to_string())),
        Ok(Refusal::Panicked(_)) => {
            Some(DifferenceKind::Unreadable("a remembered rejection: its type panicked".to_owned()))
        }
    }
}

/// Whether the hash is that of the key, or neither is there.
fn has_hash(machine: &str, key: Option<&Key>, hash: Option<&[u8]>) -> bool {
    match (key, hash) {
        // Its texts are gone, and the hash is not that of none.
        (Some(key), Some(_)) if key.is_forgotten() => true,
        (Some(key), Some(hash)) => key.hash_in(machine).0[..] == *hash,
        (None, None) => true,
        _ => false,
    }
}

/// Whether a transition begins in the state and the visit that the one before led to, and leads to a visit that it may.
fn goes_on(graph: &Graph, before: Option<&TransitionRow>, row: &TransitionRow) -> bool {
    let (state, visit) = before.map_or(("", 0), |before| (&*before.state, before.visit));
    let renamed = |name| graph.state_named(name).is_some() && graph.state_named(name) == graph.state_named(state);
    (row.from_state == state || renamed(&row.from_state))
        && row.from_visit == visit
        && (row.command == OVERRIDE || row.visit == row.seq || row.visit == row.from_visit)
}

/// How today's step, or the nearest of the steps it names for money that does not fit, differs from the stored one.
fn compare<M: Machine>(step: &ErasedStep, row: &TransitionRow) -> Option<DifferenceKind> {
    let mut next = Some(step);
    let mut problem = None;
    while let Some(step) = next {
        let same_state = M::GRAPH.state_named(&row.state) == Some(step.state) && row.body.says_the_same(&step.body);
        match (same_state, row.outcome.says_the_same(&step.outcome)) {
            (true, true) => return None,
            (true, false) => problem = Some(DifferenceKind::Outcome),
            (false, _) => problem = problem.or(Some(DifferenceKind::State)),
        }
        next = step.otherwise.as_deref();
    }
    problem
}
