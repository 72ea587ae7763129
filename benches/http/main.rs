//! The HTTP edge beside handlers without it: `cargo bench -p benches --bench http -- [SECONDS [ROUNDS]]`, with `transactional`, `replay`,
//! `keyed`, `leased`, `layer`, `cost` or `written` for some of the questions alone, and `sqlite` or `postgres` for one of the databases.
//!
//! The contenders take turns, round after round, in one process and on one database, each on a table of its own. What counts is the
//! ratio within a round; absolute figures are the machine's. Requests are made and answered in this process: HTTP is read and written
//! in none of the contenders, which makes the ratios harder than those of a service are. PostgreSQL is started by the bench. Redis is
//! used where `IDEM_REDIS_URL` points, under a prefix whose keys are removed at the end.

mod caller;
mod cost;
mod databases;
#[path = "../folder.rs"]
mod folder;
mod keyed;
mod layer;
mod leased;
#[path = "../groups/machine.rs"]
mod machine;
mod rival;
mod service;
mod shop;
mod sides;
mod written;

use std::time::Duration;

pub(crate) use benches::Failure;
use benches::race::Race;
use benches::wire;

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    names: Vec<String>,
    pub(crate) race: Race,
}

const QUESTIONS: [&str; 7] = ["transactional", "replay", "keyed", "leased", "layer", "cost", "written"];
const DATABASES: [&str; 2] = ["sqlite", "postgres"];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Before there are threads: valgrind runs one at a time, and counts those that wait.
    if arguments.first().is_some_and(|first| first == cost::FLAG) {
        return cost::calls(&arguments[1..]);
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(arguments))
}

async fn measure(names: Vec<String>) -> Result<(), Failure> {
    let mut numbers = names.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let (seconds, rounds) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(3));
    let race = Race { time: Duration::from_secs(seconds), rounds };
    let asked = Asked { names, race };
    wire::count_sqlx()?;
    println!("{rounds} rounds of {:?} each; ratios: median [lowest, highest]", race.time);
    println!("processor: time of this process per call\n");
    databases::sqlite(&asked).await?;
    databases::postgres(&asked).await?;
    leased::redis(&asked).await?;
    layer::memory(&asked).await?;
    written::print(&asked).await?;
    cost::print(&asked)
}

impl Asked {
    /// Whether this is asked for; without a name of its kind everything is.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let kind = if DATABASES.contains(&name) { &DATABASES[..] } else { &QUESTIONS[..] };
        self.names.iter().any(|asked| asked == name) || !self.names.iter().any(|asked| kind.contains(&asked.as_str()))
    }
}
