//! Turns in alternation, and the table of what they reached.

use std::sync::Arc;
use std::time::Duration;

use crate::Failure;
use crate::contender::{Peer, Sample};
use crate::settings::Settings;

/// A contender's row; the first row of a table is idem's.
pub(crate) struct Row {
    pub(crate) peer: Arc<Peer>,
    /// What idem is to reach over it.
    pub(crate) aim: Option<f64>,
}

/// Measures the rows in alternation, checks what they stored, and prints their table.
pub(crate) async fn compare(title: &str, rows: &[Row], callers: u64, settings: &Settings) -> Result<(), Failure> {
    let mut samples: Vec<Vec<Sample>> = rows.iter().map(|_| Vec::new()).collect();
    for round in 0..settings.rounds {
        for turn in 0..rows.len() {
            let at = (round + turn) % rows.len();
            if let (Some(row), Some(samples)) = (rows.get(at), samples.get_mut(at)) {
                samples.push(row.peer.turn(callers, settings.time).await?);
            }
        }
    }
    for row in rows {
        row.peer.audit().await?;
    }
    print(title, rows, &samples);
    Ok(())
}

fn print(title: &str, rows: &[Row], samples: &[Vec<Sample>]) {
    println!(
        "{title}\n\n| contender | calls/s | p50 / p99 ms | errors | idem over it | aim |\n|---|---|---|---|---|---|"
    );
    let idem = samples.first().map_or(&[][..], Vec::as_slice);
    for (row, samples) in rows.iter().zip(samples) {
        let rate = Spread::of(samples.iter().map(|sample| sample.rate)).median;
        let p50 = Spread::of(samples.iter().map(|sample| millis(sample.p50))).median;
        let p99 = Spread::of(samples.iter().map(|sample| millis(sample.p99))).median;
        let errors: u64 = samples.iter().map(|sample| sample.errors.0).sum();
        let ratio = Spread::of(idem.iter().zip(samples).map(|(idem, sample)| idem.rate / sample.rate));
        let aim = row.aim.map_or_else(|| "–".to_owned(), |aim| aim.to_string());
        println!("| {} | {rate:.0} | {p50:.2} / {p99:.2} | {errors} | {ratio} | {aim} |", row.peer.name);
    }
    println!();
    for (row, samples) in rows.iter().zip(samples) {
        if let Some(text) = samples.iter().find_map(|sample| sample.errors.1.as_ref()) {
            println!("{}, one of its errors: {text}\n", row.peer.name);
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Median, lowest and highest.
pub(crate) struct Spread {
    pub(crate) median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), lowest: at(0), highest: at(values.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} [{:.2}, {:.2}]", self.median, self.lowest, self.highest)
    }
}
