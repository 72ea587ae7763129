//! The hot path beside the sweeper: `cargo bench -p benches --bench sweep -- [RECORDS [SECONDS [ROUNDS]]]`, with `sqlite` or `postgres` for
//! one of the databases. Without numbers: 10,000,000 records, 10 seconds, 6 rounds.
//!
//! The table of claims is filled with records that have expired. Then 8 tasks call `once`, whose closure inserts one
//! row, in turns with and without `sweep_in_background`. What counts is the ratio of the two within a round, of the time that 99 of 100 calls
//! take at most. PostgreSQL is used where `IDEM_POSTGRES_URL` points: a database is created there and dropped again.

mod databases;
#[path = "../folder.rs"]
mod folder;
#[path = "../server.rs"]
mod server;

use std::time::{Duration, Instant};

use idem_core::{Database, Error, Idem, Key, Tx};

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const TASKS: u64 = 8;

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    names: Vec<String>,
    records: u64,
    time: Duration,
    rounds: u64,
}

/// What the closure of `once` does: one INSERT.
pub(crate) trait Work: Database {
    fn order(tx: Tx<Self>, item: String) -> impl Future<Output = Result<u64, Error>> + Send;

    /// How many records there are.
    fn records(idem: &Idem<Self>) -> impl Future<Output = Result<u64, Failure>> + Send;
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let records = numbers.next().unwrap_or(10_000_000);
    let time = Duration::from_secs(numbers.next().unwrap_or(10));
    let asked = Asked { names: std::env::args().skip(1).collect(), records, time, rounds: numbers.next().unwrap_or(6) };
    println!(
        "{records} records that have expired; {} rounds of {time:?} without the sweeper and with it\n",
        asked.rounds
    );
    if asked.wants("sqlite", "postgres") {
        databases::sqlite(&asked).await?;
    }
    if asked.wants("postgres", "sqlite") {
        databases::postgres(&asked).await?;
    }
    Ok(())
}

impl Asked {
    fn wants(&self, database: &str, other: &str) -> bool {
        let asks = |name: &str| self.names.iter().any(|asked| asked == name);
        asks(database) || !asks(other)
    }
}

/// How long calls took.
struct Taken {
    sorted: Vec<Duration>,
}

impl Taken {
    /// The time that `per_mille` of 1,000 calls take at most.
    fn at(&self, per_mille: usize) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get(last * per_mille / 1_000).copied().unwrap_or_default()
    }
}

pub(crate) async fn compare<DB: Work>(idem: &Idem<DB>, title: &str, asked: &Asked) -> Result<(), Failure> {
    hot(idem, asked.time, "warm").await?;
    println!("{title}: milliseconds that 50, 99 and 99.9 of 100 calls take at most");
    let (mut ratios, mut swept) = (Vec::new(), 0);
    for round in 0..asked.rounds {
        let mut taken = [None, None];
        // The first one of a round is not always the same.
        for with in if round % 2 == 0 { [false, true] } else { [true, false] } {
            let before = DB::records(idem).await?;
            let sweeper = with.then(|| idem.sweep_in_background(Duration::from_secs(1)));
            let calls = hot(idem, asked.time, &format!("{round} {with}")).await?;
            drop(sweeper);
            let deleted = (before + calls.sorted.len() as u64).saturating_sub(DB::records(idem).await?);
            swept += deleted;
            let [half, most, nearly] = [500, 990, 999].map(|per_mille| calls.at(per_mille).as_secs_f64() * 1e3);
            let name = if with { "with" } else { "without" };
            let rate = f64::from(u32::try_from(calls.sorted.len())?) / asked.time.as_secs_f64();
            println!("  {name:8}{half:9.2}{most:9.2}{nearly:9.2}   {rate:7.0} calls/s, {deleted:7} records deleted");
            taken[usize::from(with)] = Some(calls);
        }
        if let [Some(without), Some(with)] = taken {
            ratios.push(with.at(990).as_secs_f64() / without.at(990).as_secs_f64());
        }
    }
    ratios.sort_by(f64::total_cmp);
    let [lowest, median, highest] = [0, ratios.len() / 2, ratios.len().saturating_sub(1)].map(|at| ratios[at]);
    println!(
        "  99 of 100 calls, with the sweeper to without it: {median:.2} [{lowest:.2}, {highest:.2}]; {swept} deleted\n"
    );
    Ok(())
}

/// Calls of 8 tasks, each under a key of its own.
async fn hot<DB: Work>(idem: &Idem<DB>, time: Duration, name: &str) -> Result<Taken, Failure> {
    let began = Instant::now();
    let task = |task: u64| {
        let (idem, name) = (idem.clone(), name.to_owned());
        async move {
            let (create, mut taken) = (idem.operation("create"), Vec::new());
            for number in 0.. {
                let key = Key::new("shop", format!("{name} {task} {number}"))?;
                let call = Instant::now();
                create.once(&key, &number, |tx| DB::order(tx, format!("item {number}"))).await?;
                taken.push(call.elapsed());
                if began.elapsed() >= time {
                    break;
                }
            }
            Ok::<_, Failure>(taken)
        }
    };
    let tasks: Vec<_> = (0..TASKS).map(|number| tokio::spawn(task(number))).collect();
    let mut sorted = Vec::new();
    for task in tasks {
        sorted.extend(task.await??);
    }
    sorted.sort_unstable();
    Ok(Taken { sorted })
}
