//! The command line.

use std::time::Duration;

use crate::{Failure, Work};

const HELP: &str = "\
cargo bench -p benches --bench stored -- [--rounds N] [--seconds N] [--tasks 1,8,32] [--only fresh|replay] [--db sqlite|postgres]

PostgreSQL is used where IDEM_POSTGRES_URL points; a database is created there and dropped again.
IDEM_SEED sets the seed of the requests.";

/// What to run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) tasks: Vec<u32>,
    pub(crate) works: Vec<Work>,
    pub(crate) databases: Databases,
    pub(crate) seed: u64,
}

/// The databases to run on.
#[derive(Debug)]
pub(crate) struct Databases {
    pub(crate) sqlite: bool,
    pub(crate) postgres: bool,
}

impl Settings {
    /// From the arguments; `None` if only help was asked for.
    pub(crate) fn from_args() -> Result<Option<Self>, Failure> {
        let mut settings = Self {
            rounds: 5,
            time: Duration::from_secs(2),
            tasks: vec![1, 8, 32],
            works: vec![Work::Fresh, Work::Replay],
            databases: Databases { sqlite: true, postgres: true },
            seed: std::env::var("IDEM_SEED").map_or(Ok(7), |seed| seed.parse())?,
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n{HELP}"));
            match arg.as_str() {
                // What `cargo bench` passes to every bench.
                "--bench" => {}
                "--rounds" => settings.rounds = value()?.parse()?,
                "--seconds" => settings.time = Duration::from_secs(value()?.parse()?),
                "--tasks" => settings.tasks = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--only" => settings.works = vec![work(&value()?)?],
                "--db" => settings.databases = databases(&value()?)?,
                "--help" | "-h" => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(format!("unknown argument {other}\n{HELP}").into()),
            }
        }
        Ok(Some(settings))
    }

    /// What a reader of the figures must know.
    pub(crate) fn print(&self) {
        let Self { rounds, time, seed, .. } = self;
        println!("{rounds} rounds of {time:?} each, contenders in alternation; IDEM_SEED={seed}");
        println!("calls/s: median of the rounds; processor: time of this process per call");
        println!("to the first, to the second: median [lowest, highest] of the ratios within a round\n");
    }
}

fn work(name: &str) -> Result<Work, Failure> {
    match name {
        "fresh" => Ok(Work::Fresh),
        "replay" => Ok(Work::Replay),
        other => Err(format!("{other} is neither fresh nor replay").into()),
    }
}

fn databases(name: &str) -> Result<Databases, Failure> {
    match name {
        "sqlite" => Ok(Databases { sqlite: true, postgres: false }),
        "postgres" => Ok(Databases { sqlite: false, postgres: true }),
        other => Err(format!("{other} is neither sqlite nor postgres").into()),
    }
}
