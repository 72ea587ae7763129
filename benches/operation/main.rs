//! Operations beside what is written by hand: `cargo bench -p benches --bench operation -- [SECONDS [ROUNDS]]`, with `once`, `replay`,
//! `fence`, `leased` or `renewals` for some of the questions alone, and `sqlite` or `postgres` for one of the databases.
//!
//! The contenders take turns, round after round, in one process and on one database, each on a table of its own. What counts is the
//! ratio within a round; absolute figures are the machine's. PostgreSQL is used where `IDEM_POSTGRES_URL` points, and a database is
//! created there and dropped again. Redis is used where `IDEM_REDIS_URL` points, under a prefix whose keys are removed at the end.

mod by_hand;
mod databases;
mod door;
#[path = "../folder.rs"]
mod folder;
mod idem;
mod leased;
mod renewals;
#[path = "../server.rs"]
mod server;

use std::time::Duration;

pub(crate) use benches::Failure;
use benches::race::Race;
use benches::{race, wire};

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    names: Vec<String>,
    pub(crate) race: Race,
}

const QUESTIONS: [&str; 5] = ["once", "replay", "fence", "leased", "renewals"];
const DATABASES: [&str; 2] = ["sqlite", "postgres"];

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let (seconds, rounds) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(3));
    let race = Race { time: Duration::from_secs(seconds), rounds };
    let asked = Asked { names: std::env::args().skip(1).collect(), race };
    wire::count_sqlx()?;
    println!("{rounds} rounds of {:?} each; ratios to the first contender: median [lowest, highest]", race.time);
    println!("processor: time of this process per call\n");
    databases::sqlite(&asked).await?;
    databases::postgres(&asked).await?;
    leased::redis(&asked).await
}

impl Asked {
    /// Whether this is asked for; without a name of its kind everything is.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let kind = if DATABASES.contains(&name) { &DATABASES[..] } else { &QUESTIONS[..] };
        self.names.iter().any(|asked| asked == name) || !self.names.iter().any(|asked| kind.contains(&asked.as_str()))
    }
}
