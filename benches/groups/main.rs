//! The ledger and the group commit, against single calls and against what one would write by hand:
//! `cargo bench -p benches --bench groups -- --help`.
//!
//! Every ratio is of two cells of one round; rounds repeat all cells in order, so that a busy minute of the machine strikes
//! both sides. Absolute figures are the machine's.

mod disturbed;
mod drive;
mod hand;
mod machine;
mod processes;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use disturbed::{Stranger, memory};
use drive::{Call, call, drive};
use idem_core::{Database, GroupCommit, Idem, Key, KeyError};
use machine::{Bar, Tab, initial, tab};
use processes::several;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool, Postgres, Sqlite};

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
cargo bench -p benches --bench groups -- [--rounds N] [--seconds N] [--db sqlite|postgres] [--only TEXT] [--grown N [--hashed]]

--only measures the cells whose name contains TEXT; --grown measures deltas beside N entries, instead of all else, under keys in
the order of time or, with --hashed, in none. PostgreSQL is used where IDEM_POSTGRES_URL points; a database is created there and
dropped again.";

struct Settings {
    rounds: usize,
    time: Duration,
    databases: Vec<String>,
    only: String,
    grown: Option<u64>,
    hashed: bool,
}

fn settings() -> Result<Option<Settings>, Failure> {
    let mut settings = Settings {
        rounds: 3,
        time: Duration::from_secs(2),
        databases: vec!["postgres".into(), "sqlite".into()],
        only: String::new(),
        grown: None,
        hashed: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n{HELP}"));
        match arg.as_str() {
            "--bench" => {}
            "--rounds" => settings.rounds = value()?.parse()?,
            "--seconds" => settings.time = Duration::from_secs(value()?.parse()?),
            "--db" => settings.databases = vec![value()?],
            "--only" => settings.only = value()?,
            "--hashed" => settings.hashed = true,
            "--grown" => settings.grown = Some(value()?.parse()?),
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(format!("unknown argument {other}\n{HELP}").into()),
        }
    }
    Ok(Some(settings))
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    if std::env::args().nth(1).is_some_and(|first| first == processes::FLAG) {
        return processes::one_of_several(std::env::args().skip(2)).await;
    }
    let Some(settings) = settings()? else { return Ok(()) };
    for database in &settings.databases {
        match database.as_str() {
            "postgres" => postgres(&settings).await?,
            _ => sqlite(&settings).await?,
        }
    }
    Ok(())
}

/// What is measured: a name, callers, and the call.
struct Cell {
    name: String,
    callers: usize,
    call: Kind,
}

enum Kind {
    Own(Call),
    /// Commands on one hot machine, by so many processes.
    Processes(usize, String),
    /// While a stranger holds one of the machines.
    Disturbed(Call, PgPool),
    Pgbench {
        script: &'static str,
        accounts: u64,
        per_call: f64,
    },
}

const MACHINES: u64 = 10_000;
const ACCOUNTS: u64 = 1_000;

async fn postgres(settings: &Settings) -> Result<(), Failure> {
    let Ok(url) = std::env::var("IDEM_POSTGRES_URL") else {
        println!("SKIPPED: PostgreSQL. Set IDEM_POSTGRES_URL to a server where databases may be created.");
        return Ok(());
    };
    let server = PgConnectOptions::from_str(&url)?;
    let name = format!("idem_groups_{}", std::process::id());
    let mut admin = server.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
    let database = server.clone().database(&name);
    let measured = async {
        let pool = hand::tables(&database).await?;
        let url = database.to_url_lossy().to_string();
        let grouped = Idem::<Postgres>::builder().max_connections(32).open(&url).await?;
        let off = Idem::<Postgres>::builder().max_connections(32).group_commit(GroupCommit::off()).open(&url).await?;
        if let Some(entries) = settings.grown {
            grown(&grouped, &pool, entries, settings).await?;
            return Ok(Table::new());
        }
        let mut cells = cells(&grouped, &off, &[1, 8, 32, 256, 1_024]).await?;
        for (name, processes) in [("one process, command hot", 1), ("two processes, command hot", 2)] {
            cells.push(Cell { name: name.into(), callers: 256, call: Kind::Processes(processes, url.clone()) });
        }
        cells.push(Cell {
            name: "grouped, command on 1,000".into(),
            callers: 256,
            call: Kind::Own(command(&grouped, 1_000)),
        });
        cells.push(Cell {
            name: "grouped, command on 1,000, one held".into(),
            callers: 256,
            call: Kind::Disturbed(command(&grouped, 1_000), pool.clone()),
        });
        cells.push(Cell {
            name: "by hand, delta spread".into(),
            callers: 32,
            call: Kind::Own(hand::transaction(pool.clone(), ACCOUNTS)),
        });
        let floor = |name: &str, callers, script, accounts, per_call| Cell {
            name: name.into(),
            callers,
            call: Kind::Pgbench { script, accounts, per_call },
        };
        cells.push(floor("pgbench, delta spread", 8, hand::ONE, ACCOUNTS, 1.0));
        cells.push(floor("pgbench, thousand deltas hot", 1, hand::THOUSAND, 1, 1_000.0));
        hand::execute(&pool, "VACUUM ANALYZE".into()).await?;
        let table = measure(&cells, Some(&database), settings).await?;
        pool.close().await;
        Ok::<_, Failure>(table)
    };
    let table = measured.await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut admin).await?;
    let table = table?;
    if !table.is_empty() {
        print("PostgreSQL", &table, POSTGRES);
    }
    Ok(())
}

async fn sqlite(settings: &Settings) -> Result<(), Failure> {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("groups-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let url = format!("sqlite://{}", folder.join("groups.db").display());
    let grouped = Idem::<Sqlite>::builder().open(&url).await?;
    let off = Idem::<Sqlite>::builder()
        .lock_wait(Duration::from_secs(20))
        .group_commit(GroupCommit::off())
        .open(&url)
        .await?;
    let cells = cells(&grouped, &off, &[1, 8, 32, 256]).await?;
    let table = measure(&cells, None, settings).await?;
    std::fs::remove_dir_all(&folder)?;
    print("SQLite", &table, SQLITE);
    Ok(())
}

async fn cells<DB: Database>(grouped: &Idem<DB>, off: &Idem<DB>, callers: &[usize]) -> Result<Vec<Cell>, Failure> {
    let tabs = Tab::stored(grouped, Bar);
    for first in (0..MACHINES).step_by(100) {
        let starts = (first..first + 100).map(|id| {
            let this = tabs.at(format!("tab-{id}"));
            tokio::spawn(async move { this.start(initial()).await.map(drop) })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await??;
        }
    }
    let mut cells = Vec::new();
    for (mode, idem) in [("grouped", grouped), ("off", off)] {
        for &callers in callers.iter().filter(|callers| mode == "grouped" || **callers <= 256) {
            for (load, accounts) in [("hot", 1), ("spread", ACCOUNTS)] {
                let name = format!("{mode}, delta {load}");
                cells.push(Cell { name, callers, call: Kind::Own(delta(idem, accounts)) });
            }
            cells.push(Cell { name: format!("{mode}, transfer spread"), callers, call: Kind::Own(transfer(idem)) });
            for (load, machines) in [("hot", 1), ("spread", MACHINES)] {
                let name = format!("{mode}, command {load}");
                cells.push(Cell { name, callers, call: Kind::Own(command(idem, machines)) });
            }
        }
    }
    Ok(cells)
}

fn delta<DB: Database>(idem: &Idem<DB>, accounts: u64) -> Call {
    delta_by(idem, accounts, |_| Key::random("bench"))
}

fn delta_by<DB: Database>(idem: &Idem<DB>, accounts: u64, key: fn(u64) -> Result<Key, KeyError>) -> Call {
    let ledger = idem.ledger();
    call(move |nth| {
        let ledger = ledger.clone();
        async move {
            let account = ledger.account(format!("account-{}", mix(nth) % accounts));
            let made = account.apply_delta(&key(nth)?, 1).await?;
            if made.is_fresh() { Ok(()) } else { Err("a new key was known".into()) }
        }
    })
}

fn transfer<DB: Database>(idem: &Idem<DB>) -> Call {
    let ledger = idem.ledger();
    call(move |nth| {
        let ledger = ledger.clone();
        async move {
            let (from, to) = (mix(nth) % ACCOUNTS, mix(!nth) % ACCOUNTS);
            ledger.transfer(&Key::random("bench")?, format!("account-{from}"), format!("account-{to}"), 1).await?;
            Ok(())
        }
    })
}

fn command<DB: Database>(idem: &Idem<DB>, machines: u64) -> Call {
    let tabs = Tab::stored(idem, Bar);
    call(move |nth| {
        let this = tabs.at(format!("tab-{}", mix(nth) % machines));
        async move {
            let add = tab::Add { amount: 1, reference: format!("reference-{nth:012}") };
            this.add(&Key::random("bench")?, add).await?;
            Ok(())
        }
    })
}

/// Deltas beside a small table, and beside one that has grown.
async fn grown(idem: &Idem<Postgres>, pool: &sqlx::PgPool, entries: u64, settings: &Settings) -> Result<(), Failure> {
    let hashed = |nth: u64| Key::of("bench", [nth.to_le_bytes()]);
    let call = if settings.hashed { delta_by(idem, ACCOUNTS, hashed) } else { delta(idem, ACCOUNTS) };
    drive(&call, 32, settings.time).await?;
    println!("| entries before | grouped deltas at 32 callers, spread |\n|---|---|");
    let (small, large) = (10_000.min(entries), entries);
    disturbed::grow(pool, small, settings.hashed).await?;
    for _ in 0..settings.rounds {
        println!("| {small} | {:.0} |", drive(&call, 32, settings.time).await?.rate);
    }
    hand::execute(pool, "TRUNCATE idem_entries, idem_keys; DELETE FROM idem_accounts".into()).await?;
    disturbed::grow(pool, large, settings.hashed).await?;
    for _ in 0..settings.rounds {
        println!("| {large} | {:.0} |", drive(&call, 32, settings.time).await?.rate);
    }
    Ok(())
}

/// Spreads numbers (the finaliser of `SplitMix64`).
fn mix(nth: u64) -> u64 {
    let nth = (nth ^ (nth >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let nth = (nth ^ (nth >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    nth ^ (nth >> 31)
}

type Table = BTreeMap<(String, usize), Vec<(f64, Duration)>>;

async fn measure(cells: &[Cell], database: Option<&PgConnectOptions>, settings: &Settings) -> Result<Table, Failure> {
    let mut table = Table::new();
    // In the first round statements are prepared and files grow: it does not count.
    for round in 0..=settings.rounds {
        let time = if round == 0 { settings.time / 4 } else { settings.time };
        for cell in cells.iter().filter(|cell| format!("{} {}", cell.name, cell.callers).contains(&settings.only)) {
            let sample = match (&cell.call, database) {
                (Kind::Own(call), _) => {
                    let sample = drive(call, cell.callers, time).await?;
                    (sample.rate, sample.p99)
                }
                (Kind::Pgbench { script, accounts, per_call }, Some(database)) => {
                    match hand::pgbench(database, script, *accounts, cell.callers, settings.time).await? {
                        Some(rate) => (rate * per_call, Duration::ZERO),
                        None => continue,
                    }
                }
                (Kind::Processes(processes, url), _) => {
                    let sample = several(*processes, url, cell.callers, settings.time).await?;
                    (sample.rate, sample.p99)
                }
                (Kind::Disturbed(call, pool), _) => {
                    let stranger = Stranger::holding(pool.clone(), "tab-0");
                    let sample = drive(call, cell.callers, time).await?;
                    stranger.leave().await?;
                    (sample.rate, sample.p99)
                }
                (Kind::Pgbench { .. }, None) => continue,
            };
            if round == 0 {
                continue;
            }
            let megabytes = memory() >> 20;
            eprintln!(
                "{}, {} callers: {:.0}/s, p99 {:?}, {megabytes} MiB",
                cell.name, cell.callers, sample.0, sample.1
            );
            table.entry((cell.name.clone(), cell.callers)).or_default().push(sample);
        }
    }
    Ok(table)
}

/// One cell over another, and what is asked of it.
type Ratio = (&'static str, (&'static str, usize), (&'static str, usize), f64);

const POSTGRES: &[Ratio] = &[
    ("delta, 8 spread ÷ pgbench", ("grouped, delta spread", 8), ("pgbench, delta spread", 8), 0.63),
    ("single delta, 32 spread ÷ transaction by hand", ("off, delta spread", 32), ("by hand, delta spread", 32), 1.4),
    ("grouped 32 ÷ single 32, hot", ("grouped, delta hot", 32), ("off, delta hot", 32), 8.0),
    ("grouped 256 ÷ single 32, hot", ("grouped, delta hot", 256), ("off, delta hot", 32), 25.0),
    ("grouped 256 ÷ single 32, spread", ("grouped, delta spread", 256), ("off, delta spread", 32), 5.0),
    (
        "grouped 1,024 ÷ thousand in pgbench, hot",
        ("grouped, delta hot", 1_024),
        ("pgbench, thousand deltas hot", 1),
        0.9,
    ),
    ("grouped ÷ single, 1 caller", ("grouped, delta spread", 1), ("off, delta spread", 1), 0.97),
    ("grouped ÷ single, 8 spread", ("grouped, delta spread", 8), ("off, delta spread", 8), 0.9),
    ("commands, grouped ÷ off, 32 spread", ("grouped, command spread", 32), ("off, command spread", 32), 2.2),
    ("commands, grouped ÷ off, 256 spread", ("grouped, command spread", 256), ("off, command spread", 256), 4.5),
    ("commands, grouped ÷ off, 32 hot", ("grouped, command hot", 32), ("off, command hot", 32), 15.0),
    ("commands, grouped ÷ off, 256 hot", ("grouped, command hot", 256), ("off, command hot", 256), 30.0),
    (
        "one machine held by a stranger ÷ none",
        ("grouped, command on 1,000, one held", 256),
        ("grouped, command on 1,000", 256),
        0.6,
    ),
    ("two processes ÷ one, hot", ("two processes, command hot", 256), ("one process, command hot", 256), 0.6),
];

const SQLITE: &[Ratio] = &[
    ("delta, grouped ÷ off, 32", ("grouped, delta spread", 32), ("off, delta spread", 32), 6.0),
    ("delta, grouped ÷ off, 256", ("grouped, delta spread", 256), ("off, delta spread", 256), 10.0),
    ("commands, grouped ÷ off, 32", ("grouped, command spread", 32), ("off, command spread", 32), 4.0),
    ("commands, grouped ÷ off, 256", ("grouped, command spread", 256), ("off, command spread", 256), 6.0),
];

fn print(database: &str, table: &Table, ratios: &[Ratio]) {
    println!("## {database}\n\n| cell | callers | calls/s | p99 |\n|---|---|---|---|");
    for ((name, callers), samples) in table {
        let rates: Vec<f64> = samples.iter().map(|sample| sample.0).collect();
        let p99 = samples.iter().map(|sample| sample.1).max().unwrap_or_default();
        println!("| {name} | {callers} | {:.0} | {:.1} ms |", median(rates), p99.as_secs_f64() * 1e3);
    }
    println!("\n| ratio | asked | reached [lowest, highest] |\n|---|---|---|");
    for (name, over, under, asked) in ratios {
        let cell = |(name, callers): &(&str, usize)| table.get(&((*name).to_owned(), *callers));
        let (Some(over), Some(under)) = (cell(over), cell(under)) else { continue };
        let mut each: Vec<f64> = over.iter().zip(under).map(|(over, under)| over.0 / under.0).collect();
        each.sort_by(f64::total_cmp);
        let (lowest, highest) = (each.first().copied().unwrap_or(0.0), each.last().copied().unwrap_or(0.0));
        println!("| {name} | {asked} | {:.2} [{lowest:.2}, {highest:.2}] |", median(each));
    }
    println!();
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
