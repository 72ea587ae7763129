//! Callers in a closed loop for a fixed time, and the table of what they reached.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use idem_core::Database;
use tokio::task::JoinSet;

use crate::book::Long;
use crate::settings::Settings;
use crate::{Failure, Load, Repeat};

/// Measures every load on every machine in alternation, the first of them the base of the ratios.
pub(crate) async fn compare<DB: Database>(
    database: &str,
    machines: &[Long<DB>],
    settings: &Settings,
) -> Result<(), Failure> {
    println!("{database}\n| repeat | tasks | history | calls/s | to the first |\n|---|---|---|---|---|");
    for repeat in [Repeat::Keyed, Repeat::Natural] {
        for &tasks in &settings.tasks {
            let load = Load { repeat, tasks, time: settings.time };
            let mut rates = vec![Vec::with_capacity(settings.rounds); machines.len()];
            for round in 0..settings.rounds {
                for turn in 0..machines.len() {
                    let at = (round + turn) % machines.len();
                    if let (Some(machine), Some(rates)) = (machines.get(at), rates.get_mut(at)) {
                        rates.push(rate(machine, load).await?);
                    }
                }
            }
            print(load, machines, &rates);
        }
    }
    for machine in machines {
        machine.check().await?;
    }
    println!("every history is whole\n");
    Ok(())
}

/// Calls per second.
async fn rate<DB: Database>(machine: &Long<DB>, load: Load) -> Result<f64, Failure> {
    let (next, start, mut tasks) = (Arc::new(AtomicU64::new(0)), Instant::now(), JoinSet::new());
    for _ in 0..load.tasks {
        let (machine, next) = (machine.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            while start.elapsed() < load.time {
                let n = next.fetch_add(1, Ordering::Relaxed);
                machine.repeat(load.repeat, n).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(f64::from(u32::try_from(next.load(Ordering::Relaxed))?) / start.elapsed().as_secs_f64())
}

fn print<DB: Database>(load: Load, machines: &[Long<DB>], rates: &[Vec<f64>]) {
    let repeat = match load.repeat {
        Repeat::Keyed => "by key",
        Repeat::Natural => "`Natural`",
    };
    let first: &[f64] = rates.first().map_or(&[], Vec::as_slice);
    for (machine, rates) in machines.iter().zip(rates) {
        let (rate, ..) = spread(rates.iter().copied());
        let (ratio, lowest, highest) = spread(rates.iter().zip(first).map(|(one, first)| one / first));
        let Load { tasks, .. } = load;
        println!("| {repeat} | {tasks} | {} | {rate:.0} | {ratio:.2} [{lowest:.2}, {highest:.2}] |", machine.length);
    }
}

/// Median, lowest and highest.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}
