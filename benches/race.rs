//! Contenders that take turns.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{Failure, cpu};

/// Something that is called.
pub trait Contender: Send + Sync + 'static {
    /// Makes the call of this number, which no other call of this contender has, and checks its answer.
    fn call(&self, number: u64) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// How long and how often each contender is measured.
#[derive(Debug, Clone, Copy)]
pub struct Race {
    /// How long a cell of the table is measured in one round.
    pub time: Duration,
    /// How many rounds there are.
    pub rounds: u64,
}

/// A contender with the number of its next call.
#[derive(Debug)]
pub struct Player<C> {
    name: &'static str,
    contender: Arc<C>,
    next: Arc<AtomicU64>,
}

/// A contender of any kind.
pub trait Measured {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Calls it for this time, by so many tasks.
    fn measure(&self, tasks: u64, time: Duration) -> Future1<'_, Sample>;

    /// Makes this number of calls one after the other.
    fn repeat(&self, calls: u64) -> Future1<'_, ()>;

    /// How many calls were made so far.
    fn made(&self) -> u64;
}

/// What a contender of any kind gives.
pub type Future1<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

/// Calls per second, and the processor time of this process for each, where it is known.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    rate: f64,
    cpu: f64,
}

impl Race {
    /// Measures all contenders in alternation, the first of them the base of the ratios; the second as well, where there are more.
    ///
    /// # Errors
    /// That of the first call that fails.
    pub async fn run(self, load: &str, players: &[Box<dyn Measured>], tasks: &[u64]) -> Result<(), Failure> {
        let (column, line) = if players.len() > 2 { (" to the second |", "---|") } else { ("", "") };
        println!(
            "| {load}, tasks | contender | calls/s | processor µs | to the first |{column}\n|---|---|---|---|---|{line}"
        );
        for &tasks in tasks {
            let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); players.len()];
            for round in 0..usize::try_from(self.rounds)? {
                for turn in 0..players.len() {
                    let at = (round + turn) % players.len();
                    if let (Some(player), Some(samples)) = (players.get(at), samples.get_mut(at)) {
                        samples.push(player.measure(tasks, self.time).await?);
                    }
                }
            }
            print(tasks, players, &samples);
        }
        println!();
        Ok(())
    }
}

fn print(tasks: u64, players: &[Box<dyn Measured>], samples: &[Vec<Sample>]) {
    for (player, own) in players.iter().zip(samples) {
        let (rate, ..) = spread(own.iter().map(|sample| sample.rate));
        let (cpu, ..) = spread(own.iter().map(|sample| sample.cpu * 1e6));
        let bases = if players.len() > 2 { 2 } else { 1 };
        let ratios = samples.iter().take(bases).map(|base| format!(" {} |", ratio(own, base)));
        println!("| {tasks} | {} | {rate:.0} | {cpu:.1} |{}", player.name(), ratios.collect::<String>());
    }
}

/// Median, lowest and highest of the ratios within a round.
fn ratio(own: &[Sample], base: &[Sample]) -> String {
    let (ratio, lowest, highest) = spread(own.iter().zip(base).map(|(one, base)| one.rate / base.rate));
    format!("{ratio:.2} [{lowest:.2}, {highest:.2}]")
}

/// Median, lowest and highest.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}

impl<C: Contender> Player<C> {
    /// A contender that has not been called yet.
    pub fn boxed(name: &'static str, contender: C) -> Box<dyn Measured> {
        Box::new(Self { name, contender: Arc::new(contender), next: Arc::default() })
    }
}

impl<C: Contender> Measured for Player<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&self, tasks: u64, time: Duration) -> Future1<'_, Sample> {
        Box::pin(async move {
            let (start, cpu, mut running) = (Instant::now(), cpu::used(), JoinSet::new());
            for _ in 0..tasks {
                let (contender, next) = (Arc::clone(&self.contender), Arc::clone(&self.next));
                running.spawn(async move {
                    let mut calls = 0_u32;
                    while start.elapsed() < time {
                        contender.call(next.fetch_add(1, Ordering::Relaxed)).await?;
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

    fn repeat(&self, calls: u64) -> Future1<'_, ()> {
        Box::pin(async move {
            for _ in 0..calls {
                self.contender.call(self.next.fetch_add(1, Ordering::Relaxed)).await?;
            }
            Ok(())
        })
    }

    fn made(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }
}
