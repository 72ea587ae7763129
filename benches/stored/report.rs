//! The table of figures.

use std::time::Duration;

use crate::contender::{Measured, Sample};
use crate::{Load, Work};

/// The samples of one load, a list per contender in the order of the rounds.
pub(crate) struct Cell(Vec<Vec<Sample>>);

/// Starts a database's table.
pub(crate) fn heading(database: &str) {
    println!("{database}");
    println!(
        "| load | contender | calls/s | p50 / p99 ms | processor µs | to the first | to the second |\n|---|---|---|---|---|---|---|"
    );
}

impl Cell {
    pub(crate) fn new(contenders: usize) -> Self {
        Self(vec![Vec::new(); contenders])
    }

    pub(crate) fn add(&mut self, contender: usize, sample: Sample) {
        if let Some(samples) = self.0.get_mut(contender) {
            samples.push(sample);
        }
    }

    /// A line per contender.
    pub(crate) fn print(&self, load: Load, contenders: &[Box<dyn Measured>]) {
        let work = if load.work == Work::Fresh { "fresh" } else { "replay" };
        for (contender, samples) in contenders.iter().zip(&self.0) {
            let (rate, ..) = spread(samples.iter().map(|sample| sample.rate));
            println!(
                "| {work} {} | {} | {rate:.0} | {} | {} | {} | {} |",
                load.tasks,
                contender.name(),
                latencies(samples),
                processor(samples),
                self.ratio(samples, 0),
                self.ratio(samples, 1),
            );
        }
    }

    /// Median, lowest and highest of the ratios within a round.
    fn ratio(&self, samples: &[Sample], base: usize) -> String {
        let base = self.0.get(base).into_iter().flatten();
        let (ratio, lowest, highest) = spread(samples.iter().zip(base).map(|(one, base)| one.rate / base.rate));
        format!("{ratio:.2} [{lowest:.2}, {highest:.2}]")
    }
}

fn latencies(samples: &[Sample]) -> String {
    let (p50, ..) = spread(samples.iter().filter_map(|sample| sample.p50).map(millis));
    let (p99, ..) = spread(samples.iter().filter_map(|sample| sample.p99).map(millis));
    if p50.is_nan() { "–".into() } else { format!("{p50:.2} / {p99:.2}") }
}

fn processor(samples: &[Sample]) -> String {
    let (cpu, ..) = spread(samples.iter().filter_map(|sample| sample.cpu).map(|time| millis(time) * 1_000.0));
    if cpu.is_nan() { "–".into() } else { format!("{cpu:.0}") }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Median, lowest and highest.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}
