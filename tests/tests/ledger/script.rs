//! Random scripts of calls: each answer, and what is there in the end, is the model's.

use idem_core::ledger::{AccountSettings, Bounds, Delta, Entry};
use idem_core::{Database, Error, Idem, Key, Outcome};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::{Postgres, Seed, Sqlite};
use tokio::runtime::Runtime;

use crate::model::{Leg, Model, Told};
use crate::plan::{ACCOUNTS, Call, Step, TALLY, Way, steps};

#[test]
fn random_ledger_calls_are_answered_as_by_model_on_sqlite() {
    let (database, runtime) = (Sqlite::fresh(), runtime());
    let idem = runtime.block_on(Idem::<sqlx::Sqlite>::open(&database.url())).expect("opened");
    all(&runtime, &idem);
}

#[test]
fn random_ledger_calls_are_answered_as_by_model_on_postgres() {
    let runtime = runtime();
    let Some(database) = runtime.block_on(Postgres::fresh()) else { return };
    let database = runtime.block_on(database.hurry());
    let idem = runtime.block_on(Idem::<sqlx::Postgres>::open(&database.url().to_string())).expect("opened");
    all(&runtime, &idem);
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// About twenty operations a script; a long run is for `many_callers`, which meet in more ways.
fn all<DB: Database>(runtime: &Runtime, idem: &Idem<DB>) {
    let mut seed = [0; 32];
    Seed::new().rng(0).fill(&mut seed);
    let cases = u32::try_from(crate::operations(2_400) / 20).expect("a number of scripts").clamp(1, 2_000);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let scripts = AtomicUsize::new(0);
    let run = |steps: Vec<Step>| {
        let script = Script { idem, number: scripts.fetch_add(1, Ordering::Relaxed) };
        runtime.block_on(script.run(&steps))
    };
    if let Err(failure) = runner.run(&steps(), run) {
        panic!("{failure}");
    }
    let report = runtime.block_on(async { idem.ledger().audit().await }).expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
}

/// A script has accounts and keys of its own: they begin with its number.
struct Script<'i, DB: Database> {
    idem: &'i Idem<DB>,
    number: usize,
}

impl<DB: Database> Script<'_, DB> {
    async fn run(&self, steps: &[Step]) -> Result<(), TestCaseError> {
        let ledger = self.idem.ledger();
        ledger.account(self.name(TALLY)).open(AccountSettings::tally()).await.expect("opened");
        for euro in [4, 5] {
            ledger.account(self.name(euro)).open(AccountSettings::default().unit("EUR")).await.expect("opened");
        }
        let mut model = Model::default();
        for (position, step) in steps.iter().enumerate() {
            let mut after = model.clone();
            let expected = after.call(step.key, &step.call);
            let found = self.make(step, &model).await;
            if expected != found {
                return Err(TestCaseError::fail(format!(
                    "{position}: {step:?}\nexpected {expected:?}\nfound {found:?}"
                )));
            }
            if step.way != Way::RolledBack {
                model = after;
            }
        }
        for (at, account) in &model.accounts {
            let state = ledger.account(self.name(*at)).get().await.expect("readable");
            let found = state.map_or((0, 0, 0), |state| (state.balance, state.held, state.version));
            let seq = if *at == TALLY { 0 } else { account.seq };
            if found != (account.balance, account.held, seq) {
                return Err(TestCaseError::fail(format!("{}: {found:?} instead of {account:?}", ACCOUNTS[*at])));
            }
        }
        Ok(())
    }

    fn name(&self, account: usize) -> String {
        format!("{} {}", self.number, ACCOUNTS[account])
    }

    fn key(&self, key: u32) -> Key {
        Key::new(format!("script {}", self.number), key.to_string()).expect("fit")
    }

    fn hold(&self, key: u32) -> String {
        self.key(key).derive("hold").as_str().to_owned()
    }

    async fn make(&self, step: &Step, model: &Model) -> Vec<Told> {
        if let Call::Batch { items } = &step.call {
            // A batch is a call of its own; the model's is not rolled back either.
            return self.batch(items, step.way).await;
        }
        if step.way == Way::Own {
            return vec![self.own(step, model).await];
        }
        let mut tx = self.idem.begin().await.expect("begun");
        let told = self.within(step, model, &mut tx).await;
        if step.way == Way::Committed {
            tx.commit().await.expect("committed");
        } else {
            tx.rollback().await;
        }
        vec![told]
    }

    async fn batch(&self, items: &[(usize, u32, i64)], way: Way) -> Vec<Told> {
        if way == Way::RolledBack {
            let mut told = Vec::new();
            let mut tx = self.idem.begin().await.expect("begun");
            for &(account, key, delta) in items {
                let account = self.idem.ledger().account(self.name(account));
                told.push(self.one(account.within(&mut tx).apply_delta(&self.key(key), delta).await));
            }
            tx.rollback().await;
            return told;
        }
        let delta = |&(account, key, delta): &(usize, u32, i64)| Delta::new(self.name(account), &self.key(key), delta);
        let deltas: Vec<_> = items.iter().map(delta).collect();
        let results = self.idem.ledger().apply_batch(&deltas).await.expect("a result per item");
        results.into_iter().map(|result| self.one(result)).collect()
    }

    async fn own(&self, step: &Step, model: &Model) -> Told {
        let (ledger, key) = (self.idem.ledger(), self.key(step.key));
        let account = |at: usize| ledger.account(self.name(at));
        match &step.call {
            Call::Delta { account: at, delta } => self.one(account(*at).apply_delta(&key, *delta).await),
            Call::Remembered { account: at, delta } => {
                self.one(account(*at).apply_delta(&key, *delta).remember_refusal().await)
            }
            Call::DeltaAt { account: at, ahead, delta } => {
                self.one(account(*at).expect_version(version(model, *at) + ahead).apply_delta(&key, *delta).await)
            }
            Call::Set { account: at, balance } => self.one(account(*at).set_balance(&key, *balance).await),
            Call::Transfer { from, to, amount } => {
                let moved = ledger.transfer(&key, self.name(*from), self.name(*to), *amount).await;
                self.many(moved.map(|moved| moved.map(|moved| vec![moved.from, moved.to])))
            }
            Call::Post { legs } => self.many(ledger.post(&key, self.legs(legs)).await),
            Call::Hold { account: at, amount, expired: false } => {
                self.one(account(*at).hold(&key, *amount).await.map(|held| held.map(|held| held.entry)))
            }
            Call::Hold { account: at, amount, expired: true } => {
                let held = account(*at).hold_for(&key, *amount, Duration::ZERO).await;
                self.one(held.map(|held| held.map(|held| held.entry)))
            }
            Call::Capture { hold, to, amount } => {
                let moved = ledger.capture(&key, self.hold(*hold), self.name(*to), *amount).await;
                self.many(moved.map(|moved| moved.map(|moved| vec![moved.from, moved.to])))
            }
            Call::Release { hold } => self.one(ledger.release(&key, self.hold(*hold)).await),
            Call::Open { account: at, floor, ceiling } => done(account(*at).open(bounds(*floor, *ceiling)).await),
            Call::Close { account: at } => done(account(*at).close().await),
            Call::Batch { .. } => unreachable!("made by another function"),
        }
    }

    async fn within(&self, step: &Step, model: &Model, tx: &mut idem_core::Tx<DB>) -> Told {
        let (ledger, key) = (self.idem.ledger(), self.key(step.key));
        let account = |at: usize| ledger.account(self.name(at));
        match &step.call {
            Call::Delta { account: at, delta } => self.one(account(*at).within(tx).apply_delta(&key, *delta).await),
            Call::Remembered { account: at, delta } => {
                self.one(account(*at).within(tx).apply_delta(&key, *delta).remember_refusal().await)
            }
            Call::DeltaAt { account: at, ahead, delta } => {
                let account = account(*at).expect_version(version(model, *at) + ahead);
                self.one(account.within(tx).apply_delta(&key, *delta).await)
            }
            Call::Set { account: at, balance } => self.one(account(*at).within(tx).set_balance(&key, *balance).await),
            Call::Transfer { from, to, amount } => {
                let moved = ledger.within(tx).transfer(&key, self.name(*from), self.name(*to), *amount).await;
                self.many(moved.map(|moved| moved.map(|moved| vec![moved.from, moved.to])))
            }
            Call::Post { legs } => self.many(ledger.within(tx).post(&key, self.legs(legs)).await),
            Call::Hold { account: at, amount, expired: false } => {
                self.one(account(*at).within(tx).hold(&key, *amount).await.map(|held| held.map(|held| held.entry)))
            }
            Call::Hold { account: at, amount, expired: true } => {
                let held = account(*at).within(tx).hold_for(&key, *amount, Duration::ZERO).await;
                self.one(held.map(|held| held.map(|held| held.entry)))
            }
            Call::Capture { hold, to, amount } => {
                let moved = ledger.within(tx).capture(&key, self.hold(*hold), self.name(*to), *amount).await;
                self.many(moved.map(|moved| moved.map(|moved| vec![moved.from, moved.to])))
            }
            Call::Release { hold } => self.one(ledger.within(tx).release(&key, self.hold(*hold)).await),
            Call::Open { account: at, floor, ceiling } => {
                done(account(*at).within(tx).open(bounds(*floor, *ceiling)).await)
            }
            Call::Close { account: at } => done(account(*at).within(tx).close().await),
            Call::Batch { .. } => unreachable!("made by another function"),
        }
    }

    fn legs(&self, legs: &[(usize, i64)]) -> Vec<(String, i64)> {
        legs.iter().map(|&(account, delta)| (self.name(account), delta)).collect()
    }

    fn one(&self, answer: Result<Outcome<Entry>, Error>) -> Told {
        self.many(answer.map(|outcome| outcome.map(|entry| vec![entry])))
    }

    fn many(&self, answer: Result<Outcome<Vec<Entry>>, Error>) -> Told {
        match answer {
            Ok(outcome) => Ok((outcome.is_fresh(), outcome.iter().map(|entry| self.leg(entry)).collect())),
            Err(error) => Err(error.kind()),
        }
    }

    fn leg(&self, entry: &Entry) -> Leg {
        let at = (0..ACCOUNTS.len()).find(|&at| self.name(at) == entry.account).expect("an account of the script");
        (at, if at == TALLY { 0 } else { entry.seq }, entry.delta, entry.balance)
    }
}

fn version(model: &Model, at: usize) -> u64 {
    model.accounts.get(&at).map_or(0, |account| account.seq)
}

fn bounds(floor: Option<i64>, ceiling: Option<i64>) -> Bounds {
    match (floor, ceiling) {
        (None, None) => Bounds::none(),
        (Some(floor), None) => Bounds::at_least(floor),
        (None, Some(ceiling)) => Bounds::at_most(ceiling),
        (Some(floor), Some(ceiling)) => Bounds::between(floor, ceiling),
    }
}

fn done(answer: Result<(), Error>) -> Told {
    answer.map(|()| (true, Vec::new())).map_err(|error| error.kind())
}
