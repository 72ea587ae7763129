//! Many callers at once on one database; what they were told goes to the checker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use idem_core::ledger::{AccountSettings, Bounds, Delta, Entry};
use idem_core::{Database, Error, ErrorKind, Idem, Key, Outcome};
use tests::{Postgres, Seed, Sqlite};
use tokio::task::JoinSet;

use crate::checker::{Answer, Told, check};

const CALLERS: u64 = 32;
/// Few enough that callers meet, and one that is a tally.
pub(crate) const ACCOUNTS: u64 = 12;
pub(crate) const TALLY: &str = "account 0";

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_concurrent_callers_agree_with_entries_on_sqlite() {
    let database = Sqlite::fresh();
    many_callers(patient::<sqlx::Sqlite>(&database.url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_concurrent_callers_agree_with_entries_on_postgres() {
    let Some(database) = Postgres::fresh().await else { return };
    let database = database.hurry().await;
    many_callers(patient::<sqlx::Postgres>(&database.url().to_string()).await).await;
}

/// Waits are what is made here, and nothing is said of how long they last.
async fn patient<DB: Database>(url: &str) -> Idem<DB> {
    let minute = std::time::Duration::from_mins(1);
    Idem::builder().lock_wait(minute).acquire_timeout(minute).open(url).await.expect("opened")
}

async fn many_callers<DB: Database>(idem: Idem<DB>) {
    let (operations, seed) = (crate::operations(3_000) as u64, Seed::new());
    let ledger = idem.ledger();
    ledger.account(TALLY).open(AccountSettings::tally()).await.expect("opened");
    for bounded in 1..4 {
        ledger.account(account(bounded)).open(Bounds::between(-50, 50)).await.expect("opened");
    }
    let (clock, mut tasks) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
    for number in 0..CALLERS {
        let caller = Caller { idem: idem.clone(), clock: clock.clone(), told: Vec::new() };
        tasks.spawn(caller.run(seed.rng(number), operations / CALLERS, operations));
    }
    let mut told = Vec::new();
    while let Some(caller) = tasks.join_next().await {
        told.extend(caller.expect("no panic"));
    }
    check(&idem, told).await;
}

fn account(number: u64) -> String {
    format!("account {number}")
}

struct Caller<DB: Database> {
    idem: Idem<DB>,
    /// Counts up at the beginning and at the end of each call.
    clock: Arc<AtomicU64>,
    told: Vec<Told>,
}

impl<DB: Database> Caller<DB> {
    /// Keys are drawn so that most come about twice, often at the same time; what is asked follows from the key.
    async fn run(mut self, mut rng: fastrand::Rng, operations: u64, all: u64) -> Vec<Told> {
        let mut made = 0;
        while made < operations {
            let window = self.now() / 2;
            let key = (window + rng.u64(0..CALLERS * 2)).min(all);
            made += if rng.u8(0..20) == 0 { self.batch(key).await } else { self.one(key).await };
        }
        self.told
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    async fn one(&mut self, number: u64) -> u64 {
        let began = self.now();
        let answer = self.ask(number).await;
        let ended = self.now();
        self.told.push(Told { key: number, began, ended, answer });
        1
    }

    async fn ask(&self, number: u64) -> Answer {
        let (ledger, key, mut rng) = (self.idem.ledger(), key(number), fastrand::Rng::with_seed(number));
        let (one, other) = (account(rng.u64(0..ACCOUNTS)), account(rng.u64(0..ACCOUNTS)));
        let (plain, amount) = (account(rng.u64(1..ACCOUNTS)), rng.i64(-20..=20));
        match number % 10 {
            0..4 => {
                entries(ledger.account(one).apply_delta(&key, amount).await.map(|told| told.map(|entry| vec![entry])))
            }
            4..7 => {
                entries(ledger.transfer(&key, one, other, amount).await.map(|told| told.map(|m| vec![m.from, m.to])))
            }
            7 => entries(ledger.post(&key, [(one, amount), (other, 1), (plain, -amount - 1)]).await),
            8 => entries(ledger.account(plain).hold(&key, amount.abs()).await.map(|told| told.map(|h| vec![h.entry]))),
            // Of the hold that the number before makes, if it was made by now: a refusal leaves the key free.
            _ => {
                let hold = self::key(number - 1).derive("hold");
                let captured = ledger.capture(&key, hold.as_str(), other, 1).await;
                entries(captured.map(|told| told.map(|m| vec![m.from, m.to])))
            }
        }
    }

    /// Some of the same requests, in one call.
    async fn batch(&mut self, number: u64) -> u64 {
        let numbers: Vec<u64> = (number..number + 10).filter(|number| number % 10 < 4).collect();
        let delta = |&number: &u64| {
            let mut rng = fastrand::Rng::with_seed(number);
            let one = account(rng.u64(0..ACCOUNTS));
            let _ = (rng.u64(0..ACCOUNTS), rng.u64(1..ACCOUNTS));
            Delta::new(one, &key(number), rng.i64(-20..=20))
        };
        let deltas: Vec<_> = numbers.iter().map(delta).collect();
        let began = self.now();
        let results = self.idem.ledger().apply_batch(&deltas).await.expect("a result per item");
        let ended = self.now();
        for (&key, result) in numbers.iter().zip(results) {
            let answer = entries(result.map(|told| told.map(|entry| vec![entry])));
            self.told.push(Told { key, began, ended, answer });
        }
        numbers.len() as u64
    }
}

pub(crate) fn key(number: u64) -> Key {
    Key::new("many callers", number.to_string()).expect("fit")
}

fn entries(answer: Result<Outcome<Vec<Entry>>, Error>) -> Answer {
    match answer {
        Ok(outcome) => Answer::Made { fresh: outcome.is_fresh(), legs: outcome.iter().map(Into::into).collect() },
        Err(error) if matches!(error.kind(), ErrorKind::OutOfBounds | ErrorKind::Ledger) => Answer::Refused,
        Err(error) => panic!("neither made nor refused: {error}"),
    }
}
