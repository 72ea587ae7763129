//! Conditional updates against the same statement by hand: `cargo bench -p benches --bench update -- [SECONDS [ROUNDS]]`,
//! with `sqlite` or `postgres` for one of them alone.
//!
//! The contenders take turns, round after round, in one process and on one database, each on a table of its own. What
//! counts is the ratio within a round; absolute figures are the machine's. PostgreSQL is used where `IDEM_POSTGRES_URL`
//! points; a database is created there and dropped again.

mod by_hand;
#[path = "../stored/cpu.rs"]
mod cpu;
#[path = "../folder.rs"]
mod folder;
mod idem;
#[path = "../stored/baseline/kept.rs"]
mod kept;
mod postgres;
#[path = "../server.rs"]
mod server;
mod sqlite;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows of each contender's table.
pub(crate) const ROWS: i64 = 10_000;

const TASKS: [i64; 3] = [1, 8, 32];

/// An update of one row from a version that nobody else moves.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) id: i64,
    pub(crate) version: i64,
    pub(crate) body: String,
    /// The key under which it happens once, if it has one.
    pub(crate) key: Option<String>,
}

/// Something that updates rows.
pub(crate) trait Contender: Send + Sync + 'static {
    /// Updates the row and gives its new version.
    fn apply(&self, change: Change) -> impl Future<Output = Result<i64, Failure>> + Send;

    /// The sum of all versions.
    fn audit(&self) -> impl Future<Output = Result<i64, Failure>> + Send;
}

/// A contender with the versions that its rows have.
pub(crate) struct Player<C> {
    name: &'static str,
    contender: Arc<C>,
    versions: Arc<Vec<AtomicI64>>,
    made: Arc<AtomicU64>,
}

/// A contender of any kind.
pub(crate) trait Measured {
    fn name(&self) -> &'static str;

    fn measure(&self, tasks: i64, keyed: bool, time: Duration) -> Future1<'_, Sample>;

    /// Checks that the table holds what was answered.
    fn audit(&self) -> Future1<'_, ()>;
}

/// Updates per second, and the processor time of this process for each, where it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    rate: f64,
    cpu: f64,
}

type Future1<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let (seconds, rounds) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(3));
    let time = Duration::from_secs(seconds);
    println!("{rounds} rounds of {time:?} each; ratios to the first contender: median [lowest, highest]");
    println!("processor: time of this process per update\n");
    let (sqlite, postgres) = (named("sqlite"), named("postgres"));
    if sqlite || !postgres {
        sqlite::run(time, rounds).await?;
    }
    if postgres || !sqlite {
        postgres::run(time, rounds).await?;
    }
    Ok(())
}

fn named(database: &str) -> bool {
    std::env::args().any(|argument| argument == database)
}

/// Measures every load on every contender in alternation, the first of them the base of the ratios.
pub(crate) async fn compare(
    database: &str,
    players: &[Box<dyn Measured>],
    time: Duration,
    rounds: u64,
) -> Result<(), Failure> {
    println!("{database}\n| load | contender | updates/s | processor µs | to the first |\n|---|---|---|---|---|");
    for keyed in [false, true] {
        for tasks in TASKS {
            let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); players.len()];
            for round in 0..usize::try_from(rounds)? {
                for turn in 0..players.len() {
                    let at = (round + turn) % players.len();
                    if let (Some(player), Some(samples)) = (players.get(at), samples.get_mut(at)) {
                        samples.push(player.measure(tasks, keyed, time).await?);
                    }
                }
            }
            print(if keyed { "once" } else { "update" }, tasks, players, &samples);
        }
    }
    for player in players {
        player.audit().await?;
    }
    println!("every contender's table adds up\n");
    Ok(())
}

fn print(load: &str, tasks: i64, players: &[Box<dyn Measured>], samples: &[Vec<Sample>]) {
    for (player, own) in players.iter().zip(samples) {
        let (rate, ..) = spread(own.iter().map(|sample| sample.rate));
        let (cpu, ..) = spread(own.iter().map(|sample| sample.cpu * 1e6));
        let base = samples.first().into_iter().flatten();
        let (ratio, lowest, highest) = spread(own.iter().zip(base).map(|(one, base)| one.rate / base.rate));
        println!(
            "| {load} {tasks} | {} | {rate:.0} | {cpu:.0} | {ratio:.2} [{lowest:.2}, {highest:.2}] |",
            player.name()
        );
    }
}

/// Median, lowest and highest.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}

impl<C: Contender> Player<C> {
    pub(crate) fn boxed(name: &'static str, contender: C) -> Box<dyn Measured> {
        let versions = (0..ROWS).map(|_| AtomicI64::new(1)).collect();
        Box::new(Self { name, contender: Arc::new(contender), versions: Arc::new(versions), made: Arc::default() })
    }
}

impl<C: Contender> Measured for Player<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&self, tasks: i64, keyed: bool, time: Duration) -> Future1<'_, Sample> {
        Box::pin(async move {
            let (start, cpu, mut running) = (Instant::now(), cpu::used(), JoinSet::new());
            for task in 0..tasks {
                let (contender, made) = (Arc::clone(&self.contender), Arc::clone(&self.made));
                let versions = Arc::clone(&self.versions);
                running.spawn(async move {
                    let mut calls = 0_u32;
                    // Every task has rows of its own, so that none is ever stale.
                    for id in (0..ROWS).filter(|id| id % tasks == task).cycle() {
                        if start.elapsed() >= time {
                            break;
                        }
                        let Some(known) = versions.get(usize::try_from(id)?) else { break };
                        let n = made.fetch_add(1, Ordering::Relaxed);
                        let version = known.load(Ordering::Relaxed);
                        let key = keyed.then(|| format!("key-{n:016}"));
                        let change = Change { id, version, body: format!("the body of change {n:016}"), key };
                        let led_to = contender.apply(change).await?;
                        if led_to != version + 1 {
                            return Err(format!("row {id} went from {version} to {led_to}").into());
                        }
                        known.store(led_to, Ordering::Relaxed);
                        calls += 1;
                    }
                    Ok::<_, Failure>(calls)
                });
            }
            let mut calls = 0;
            while let Some(done) = running.join_next().await {
                calls += done??;
            }
            let cpu = cpu.and_then(|before| cpu::used()?.checked_sub(before));
            let cpu = cpu.map_or(f64::NAN, |used| used.as_secs_f64() / f64::from(calls));
            Ok(Sample { rate: f64::from(calls) / start.elapsed().as_secs_f64(), cpu })
        })
    }

    fn audit(&self) -> Future1<'_, ()> {
        Box::pin(async move {
            let expected: i64 = self.versions.iter().map(|version| version.load(Ordering::Relaxed)).sum();
            let stored = self.contender.audit().await?;
            if stored == expected {
                return Ok(());
            }
            Err(format!("{}: the versions sum up to {stored}, {expected} were answered", self.name).into())
        })
    }
}
