//! Stored commands against what one would write by hand: `cargo bench -p benches --bench stored -- --help`.
//!
//! The contenders take turns, round after round, in one process and on one server, so that a busy minute of the machine
//! strikes all of them. What counts is the ratio within a round; absolute figures are the machine's.

mod baseline;
mod contender;
mod cpu;
#[path = "../folder.rs"]
mod folder;
mod idem;
mod pgbench;
mod postgres;
mod report;
#[path = "../server.rs"]
mod server;
mod settings;
mod sqlite;
mod workload;

use std::time::Duration;

use contender::Measured;
use report::Cell;
use settings::Settings;

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the calls ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// New keys.
    Fresh,
    /// Keys that have their outcome.
    Replay,
}

/// One load on one contender.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) work: Work,
    pub(crate) tasks: u32,
    pub(crate) time: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Some(settings) = Settings::from_args()? else { return Ok(()) };
    settings.print();
    if settings.databases.sqlite {
        sqlite::run(&settings).await?;
    }
    if settings.databases.postgres {
        postgres::run(&settings).await?;
    }
    Ok(())
}

/// Measures every load on every contender in alternation, the first of them the base of the ratios.
async fn compare(database: &str, contenders: &[Box<dyn Measured>], settings: &Settings) -> Result<(), Failure> {
    report::heading(database);
    for &work in &settings.works {
        for &tasks in &settings.tasks {
            let load = Load { work, tasks, time: settings.time };
            let mut cell = Cell::new(contenders.len());
            for round in 0..settings.rounds {
                for turn in 0..contenders.len() {
                    let at = (round + turn) % contenders.len();
                    if let Some(contender) = contenders.get(at) {
                        cell.add(at, contender.measure(load).await?);
                    }
                }
            }
            cell.print(load, contenders);
        }
    }
    for contender in contenders {
        contender.audit().await?;
    }
    println!("every contender's tables add up\n");
    Ok(())
}
