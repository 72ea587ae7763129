//! The command line.

use std::time::Duration;

use crate::Failure;

const HELP: &str = "\
cargo bench -p benches --bench history -- [--rounds N] [--millis N] [--tasks 1,32] [--lengths 10,1000] [--db sqlite|postgres]

PostgreSQL is used where IDEM_POSTGRES_URL points; a database is created there and dropped again.";

/// What to run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) tasks: Vec<usize>,
    /// Transitions per machine; the first is the base of the ratios.
    pub(crate) lengths: Vec<i64>,
    pub(crate) sqlite: bool,
    pub(crate) postgres: bool,
}

impl Settings {
    /// From the arguments; `None` if only help was asked for.
    pub(crate) fn from_args() -> Result<Option<Self>, Failure> {
        let mut settings = Self {
            rounds: 31,
            // Short turns: what the machine does besides then strikes all histories alike.
            time: Duration::from_millis(100),
            tasks: vec![1, 32],
            lengths: vec![10, 1_000, 100_000, 1_000_000],
            sqlite: true,
            postgres: true,
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n{HELP}"));
            match arg.as_str() {
                // Cargo passes it to every bench.
                "--bench" => {}
                "--rounds" => settings.rounds = value()?.parse()?,
                "--millis" => settings.time = Duration::from_millis(value()?.parse()?),
                "--tasks" => settings.tasks = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--lengths" => settings.lengths = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--db" => match value()?.as_str() {
                    "sqlite" => settings.postgres = false,
                    "postgres" => settings.sqlite = false,
                    other => return Err(format!("{other} is neither sqlite nor postgres").into()),
                },
                "--help" | "-h" => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(format!("unknown argument {other}\n{HELP}").into()),
            }
        }
        if settings.lengths.iter().any(|&length| length < 10) {
            return Err("a history has at least 10 transitions here".into());
        }
        Ok(Some(settings))
    }

    /// What a reader of the figures must know.
    pub(crate) fn print(&self) {
        println!("{} rounds of {:?} each, histories in alternation", self.rounds, self.time);
        println!(
            "calls/s: median of the rounds; to the first: median [lowest, highest] of the ratios within a round\n"
        );
    }
}
