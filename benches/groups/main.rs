//! The ledger and the group commit, against single calls and against what one would write by hand:
//! `cargo bench -p benches --bench groups -- --help`.
//!
//! Every ratio is of two cells of one round; rounds repeat all cells in order, so that a busy minute of the machine strikes
//! both sides. Absolute figures are the machine's.

mod disturbed;
mod drive;
#[path = "../folder.rs"]
mod folder;
mod hand;
mod known;
mod machine;
mod meter;
mod processes;
#[path = "../server.rs"]
mod server;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use disturbed::{Holder, memory};
use drive::{Call, Sample, call, drive};
use folder::Folder;
use idem_core::ledger::Bounds;
use idem_core::{Database, Error, GroupCommit, Idem, Key, KeyError, Natural};
use known::Known;
use machine::{Bar, Tab, initial, tab};
use meter::{Cost, Meter};
use processes::{Load, several};
use server::on_server;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgPool, Postgres, Sqlite};

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
    /// By so many processes.
    Processes(usize, Load, String),
    /// While another transaction holds one of the machines.
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
    let measured = on_server(async |database| {
        let pool = hand::tables(&database).await?;
        let url = database.to_url_lossy().to_string();
        let grouped = Idem::<Postgres>::builder().max_connections(32).open(&url).await?;
        let off = Idem::<Postgres>::builder().max_connections(32).group_commit(GroupCommit::off()).open(&url).await?;
        if let Some(entries) = settings.grown {
            grown(&grouped, &pool, entries, settings).await?;
            return Ok(Table::new());
        }
        let mut cells = cells(&grouped, &off, &[1, 2, 4, 8, 32, 256, 1_024]).await?;
        grouped.ledger().account("floor").open(Bounds::at_least(0)).await?;
        for (what, load, callers) in [
            ("command hot", Load::HotMachine, 256),
            ("delta hot", Load::HotAccount, 256),
            ("delta spread", Load::SpreadAccounts, 512),
            ("delta at its floor", Load::AtTheFloor, 64),
        ] {
            for (name, processes) in [("one process", 1), ("two processes", 2)] {
                let call = Kind::Processes(processes, load, url.clone());
                cells.push(Cell { name: format!("{name}, {what}"), callers, call });
            }
        }
        for (share, every) in [("1 %", 100), ("10 %", 10)] {
            let (delta, command) = (Known::deltas(&grouped, every), Known::commands(&grouped, every));
            let name = |what: &str| format!("grouped, {what} spread, {share} known");
            cells.push(Cell { name: name("delta"), callers: 256, call: Kind::Own(delta) });
            cells.push(Cell { name: name("command"), callers: 256, call: Kind::Own(command) });
        }
        for callers in [1, 32] {
            cells.push(Cell { name: "replay, delta".into(), callers, call: Kind::Own(Known::deltas(&grouped, 1)) });
            cells.push(Cell { name: "replay, command".into(), callers, call: Kind::Own(Known::commands(&grouped, 1)) });
        }
        cells.push(Cell {
            name: "grouped, command on 1,000".into(),
            callers: 256,
            call: Kind::Own(command(&grouped, 0..1_000)),
        });
        cells.push(Cell {
            name: "grouped, command on 1,000, one held".into(),
            callers: 256,
            call: Kind::Disturbed(command(&grouped, 0..1_000), pool.clone()),
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
        let mut meter = Meter::of_both(&database).await?;
        let table = measure(&cells, Some(&database), &mut meter, settings).await?;
        pool.close().await;
        Ok::<_, Failure>(table)
    });
    let table = measured.await?.unwrap_or_default();
    if !table.is_empty() {
        print("PostgreSQL", &table, POSTGRES);
    }
    Ok(())
}

async fn sqlite(settings: &Settings) -> Result<(), Failure> {
    let folder = Folder::new("groups")?;
    let url = format!("sqlite://{}", folder.0.join("groups.db").display());
    let grouped = Idem::<Sqlite>::builder().open(&url).await?;
    let off = Idem::<Sqlite>::builder()
        .lock_wait(Duration::from_secs(20))
        .group_commit(GroupCommit::off())
        .open(&url)
        .await?;
    let cells = cells(&grouped, &off, &[1, 2, 4, 8, 32, 256]).await?;
    let table = measure(&cells, None, &mut Meter::of_client(), settings).await?;
    print("SQLite", &table, SQLITE);
    Ok(())
}

async fn cells<DB: Database>(grouped: &Idem<DB>, off: &Idem<DB>, callers: &[usize]) -> Result<Vec<Cell>, Failure> {
    let tabs = Tab::stored(grouped, Bar);
    for first in (0..2 * MACHINES).step_by(100) {
        let starts = (first..first + 100).map(|id| {
            let this = tabs.at(format!("tab-{id}"));
            tokio::spawn(async move { this.start(Natural, initial()).await.map(drop) })
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
                // Each mode has machines of its own, as two processes of one service mostly do.
                let machines = if mode == "grouped" { 0..machines } else { MACHINES..MACHINES + machines };
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

fn command<DB: Database>(idem: &Idem<DB>, machines: Range<u64>) -> Call {
    let tabs = Tab::stored(idem, Bar);
    call(move |nth| {
        let this = tabs.at(format!("tab-{}", machines.start + mix(nth) % (machines.end - machines.start)));
        async move {
            let add = tab::Add { amount: 1, reference: format!("reference-{nth:012}") };
            this.add(&Key::random("bench")?, add).await?;
            Ok(())
        }
    })
}

/// Changes of one account by 1 and by -1, which is refused where there is nothing.
fn at_the_floor<DB: Database>(idem: &Idem<DB>) -> Call {
    let account = idem.ledger().account("floor");
    call(move |nth| {
        let account = account.clone();
        async move {
            let delta = if mix(nth).is_multiple_of(2) { 1 } else { -1 };
            match account.apply_delta(&Key::random("bench")?, delta).await {
                Ok(_) | Err(Error::OutOfBounds(_)) => Ok(()),
                Err(error) => Err(error.into()),
            }
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
    hand::execute(pool, "TRUNCATE idem_entries; DELETE FROM idem_accounts".into()).await?;
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

type Table = BTreeMap<(String, usize), Vec<(Sample, Cost)>>;

async fn measure(
    cells: &[Cell],
    database: Option<&PgConnectOptions>,
    meter: &mut Meter,
    settings: &Settings,
) -> Result<Table, Failure> {
    let mut table = Table::new();
    // In the first round statements are prepared and files grow: it does not count.
    for round in 0..=settings.rounds {
        let time = if round == 0 { settings.time / 4 } else { settings.time };
        for cell in cells.iter().filter(|cell| format!("{} {}", cell.name, cell.callers).contains(&settings.only)) {
            let driven = async |call: &Call| {
                let sample = drive(call, cell.callers, time).await?;
                Ok((sample, sample.calls))
            };
            let sample = match (&cell.call, database) {
                (Kind::Own(call), _) => meter.measure(driven(call)).await?,
                (Kind::Pgbench { script, accounts, per_call }, Some(database)) => {
                    match hand::pgbench(database, script, *accounts, cell.callers, settings.time).await? {
                        Some(rate) => (Sample { rate: rate * per_call, ..Sample::default() }, Cost::default()),
                        None => continue,
                    }
                }
                (Kind::Processes(processes, load, url), _) => {
                    (several((*processes, *load), url, cell.callers, settings.time).await?, Cost::default())
                }
                (Kind::Disturbed(call, pool), _) => {
                    let holder = Holder::holding(pool.clone(), "tab-0");
                    let sample = meter.measure(driven(call)).await?;
                    holder.leave().await?;
                    sample
                }
                (Kind::Pgbench { .. }, None) => continue,
            };
            if round == 0 {
                continue;
            }
            let (Sample { rate, p99, .. }, Cost { client, server, .. }) = &sample;
            eprintln!(
                "{}, {} callers: {rate:.0}/s, p99 {p99:?}, {client:.1} + {server:.1} µs, {} MiB",
                cell.name,
                cell.callers,
                memory() >> 20
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
    ("grouped 256 ÷ single 32, spread", ("grouped, delta spread", 256), ("off, delta spread", 32), 6.0),
    (
        "grouped 1,024 ÷ thousand in pgbench, hot",
        ("grouped, delta hot", 1_024),
        ("pgbench, thousand deltas hot", 1),
        0.75,
    ),
    ("grouped ÷ single, 1 caller", ("grouped, delta spread", 1), ("off, delta spread", 1), 1.0),
    ("grouped ÷ single, 2 spread", ("grouped, delta spread", 2), ("off, delta spread", 2), 1.0),
    ("grouped ÷ single, 4 spread", ("grouped, delta spread", 4), ("off, delta spread", 4), 1.0),
    ("grouped ÷ single, 8 spread", ("grouped, delta spread", 8), ("off, delta spread", 8), 1.0),
    ("commands, grouped ÷ off, 32 spread", ("grouped, command spread", 32), ("off, command spread", 32), 3.5),
    ("commands, grouped ÷ off, 256 spread", ("grouped, command spread", 256), ("off, command spread", 256), 6.0),
    ("commands, grouped ÷ off, 32 hot", ("grouped, command hot", 32), ("off, command hot", 32), 15.0),
    ("commands, grouped ÷ off, 256 hot", ("grouped, command hot", 256), ("off, command hot", 256), 30.0),
    (
        "one machine held by another transaction ÷ none",
        ("grouped, command on 1,000, one held", 256),
        ("grouped, command on 1,000", 256),
        0.67,
    ),
    ("two processes ÷ one, hot machine", ("two processes, command hot", 256), ("one process, command hot", 256), 0.7),
    ("two processes ÷ one, hot account", ("two processes, delta hot", 256), ("one process, delta hot", 256), 0.7),
    (
        "two processes ÷ one, 1,000 accounts",
        ("two processes, delta spread", 512),
        ("one process, delta spread", 512),
        0.5,
    ),
    (
        "two processes ÷ one, an account at its floor",
        ("two processes, delta at its floor", 64),
        ("one process, delta at its floor", 64),
        f64::NAN,
    ),
    ("1 % of the deltas known ÷ none", ("grouped, delta spread, 1 % known", 256), ("grouped, delta spread", 256), 0.7),
    (
        "10 % of the deltas known ÷ none",
        ("grouped, delta spread, 10 % known", 256),
        ("grouped, delta spread", 256),
        0.7,
    ),
    (
        "1 % of the commands known ÷ none",
        ("grouped, command spread, 1 % known", 256),
        ("grouped, command spread", 256),
        0.7,
    ),
    (
        "10 % of the commands known ÷ none",
        ("grouped, command spread, 10 % known", 256),
        ("grouped, command spread", 256),
        0.7,
    ),
];

const SQLITE: &[Ratio] = &[
    ("delta, grouped ÷ off, 32", ("grouped, delta spread", 32), ("off, delta spread", 32), 6.0),
    ("delta, grouped ÷ off, 256", ("grouped, delta spread", 256), ("off, delta spread", 256), 12.0),
    ("commands, grouped ÷ off, 32", ("grouped, command spread", 32), ("off, command spread", 32), 4.0),
    ("commands, grouped ÷ off, 256", ("grouped, command spread", 256), ("off, command spread", 256), 7.0),
];

fn print(database: &str, table: &Table, ratios: &[Ratio]) {
    println!("## {database}\n");
    println!("| cell | callers | calls/s | p50 / p99 ms | client + server µs | log B | group | idle % |");
    println!("|---|---|---|---|---|---|---|---|");
    for ((name, callers), samples) in table {
        let of = |part: fn(&(Sample, Cost)) -> f64| median(samples.iter().map(part).collect());
        // Not every cell has each of them.
        let cost = |part: fn(&(Sample, Cost)) -> f64| match of(part) {
            cost if cost.is_finite() && cost > 0.0 => format!("{cost:.1}"),
            _ => "–".to_owned(),
        };
        println!(
            "| {name} | {callers} | {:.0} | {:.2} / {:.2} | {} + {} | {} | {} | {} |",
            of(|sample| sample.0.rate),
            of(|sample| sample.0.p50.as_secs_f64() * 1e3),
            of(|sample| sample.0.p99.as_secs_f64() * 1e3),
            cost(|sample| sample.1.client),
            cost(|sample| sample.1.server),
            cost(|sample| sample.1.log),
            cost(|sample| sample.1.group),
            cost(|sample| sample.1.idle),
        );
    }
    println!("\n| ratio | asked | reached [lowest, highest] |\n|---|---|---|");
    for (name, over, under, asked) in ratios {
        let cell = |(name, callers): &(&str, usize)| table.get(&((*name).to_owned(), *callers));
        let (Some(over), Some(under)) = (cell(over), cell(under)) else { continue };
        let mut each: Vec<f64> = over.iter().zip(under).map(|(over, under)| over.0.rate / under.0.rate).collect();
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
