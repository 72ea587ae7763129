//! The command line of `wallets`.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use idem_core::ledger::Ledger;
use idem_core::{Database, Error, Idem};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::proof::Books;
use super::shopper::{Told, visit};
use super::town::found;

/// Pays from many wallets to one busy merchant, with every fifth request sent twice, and proves that the books add up.
///
/// A second run on the same database sends the same requests again: nothing is paid twice.
///
/// Exit status: 0 done, 1 the books do not add up or the database was lost, 2 wrong usage.
#[derive(Parser)]
#[command(name = "wallets", version, verbatim_doc_comment)]
struct Arguments {
    /// Where the accounts are kept: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", default_value = "sqlite://wallets.db")]
    db: String,
    /// How many shoppers are at the till at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_024))]
    workers: u64,
    /// How many wallets there are
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    wallets: u64,
    /// How many visits to the shop
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    visits: u64,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = tokio::runtime::Runtime::new().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.db.split(':').next() {
                Some("postgres" | "postgresql") => run::<sqlx::Postgres>(&arguments).await,
                _ => run::<sqlx::Sqlite>(&arguments).await,
            }
        })
    });
    match done {
        Ok(code) => code,
        Err(problem) => {
            // Who cannot be told still gets the exit status.
            drop(writeln!(io::stderr(), "wallets: {problem}"));
            ExitCode::FAILURE
        }
    }
}

async fn run<DB: Database>(arguments: &Arguments) -> Result<ExitCode, String> {
    let told = |error: Error| error.to_string();
    let idem = Idem::<DB>::open(&arguments.db).await.map_err(told)?;
    let ledger = idem.ledger();
    found(&ledger, arguments.wallets).await.map_err(told)?;
    let before = Books::read(&ledger, arguments.wallets).await.map_err(told)?;
    let began = Instant::now();
    let said = shop(&ledger, arguments).await.map_err(told)?;
    let elapsed = began.elapsed();
    let after = Books::read(&ledger, arguments.wallets).await.map_err(told)?;
    let audit = ledger.audit().await.map_err(told)?;
    idem.shutdown().await;

    let changes = said.fresh + said.replayed + said.declined;
    let rate = u64::try_from(u128::from(changes) * 1_000 / elapsed.as_millis().max(1)).unwrap_or(0);
    let right =
        after.surplus() == 0 && after.held == 0 && after.taken() - before.taken() == said.paid && audit.is_sound();
    let report = format!(
        "answers      {} fresh, {} replayed, {} declined for lack of funds
             in {:.1} s: {rate} changes a second

bank         {}
wallets      {} in {}, of which {} are empty; {} held
merchant     {}
fees         {}

sum          {} (must be 0)
taken        {} in this run, and fresh answers said {}
audit        {} entries of {} accounts, {} keys, {} holds: {}
",
        said.fresh,
        said.replayed,
        said.declined,
        elapsed.as_secs_f64(),
        euros(after.bank),
        euros(after.wallets),
        after.count.0,
        after.count.1,
        euros(after.held),
        euros(after.merchant),
        euros(after.fees),
        euros(after.surplus()),
        euros(after.taken() - before.taken()),
        euros(said.paid),
        audit.entries,
        audit.accounts,
        audit.keys,
        audit.holds,
        audit.findings.first().map_or_else(|| "sound".to_owned(), ToString::to_string),
    );
    io::stdout().write_all(report.as_bytes()).map_err(|error| error.to_string())?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sends all shoppers through the shop.
async fn shop<DB: Database>(ledger: &Ledger<DB>, arguments: &Arguments) -> Result<Told, Error> {
    let next = Arc::new(AtomicU64::new(0));
    let bar = if io::stderr().is_terminal() { bar(arguments.visits) } else { ProgressBar::hidden() };
    let mut shoppers: JoinSet<Result<Told, Error>> = JoinSet::new();
    for _ in 0..arguments.workers {
        let (ledger, next, bar) = (ledger.clone(), next.clone(), bar.clone());
        let (visits, wallets) = (arguments.visits, arguments.wallets);
        shoppers.spawn(async move {
            let mut told = Told::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= visits {
                    return Ok(told);
                }
                visit(&ledger, wallets, number, &mut told).await?;
                bar.inc(1);
                if bar.is_hidden() && number % 5_000 == 4_999 {
                    drop(writeln!(io::stderr(), "wallets: {} visits", number + 1));
                }
            }
        });
    }
    let mut all = Told::default();
    while let Some(told) = shoppers.join_next().await {
        match told {
            Ok(told) => all = all.and(told?),
            Err(died) => std::panic::resume_unwind(died.into_panic()),
        }
    }
    bar.finish_and_clear();
    Ok(all)
}

fn bar(visits: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {per_sec}");
    ProgressBar::new(visits).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Cents as euros.
fn euros(cents: i64) -> String {
    format!("{}{}.{:02} EUR", if cents < 0 { "-" } else { "" }, cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}
