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

use super::proof::{Books, Proof};
use super::shopper::{Told, visit};
use super::town::Town;
use crate::figures::grouped;
use crate::program::{self, Db, EXIT, Ended, Scheme};

/// Pays from many wallets to one busy merchant, with every fifth request sent twice,
/// and proves that the books add up.
///
/// A second run on the same database, with the same number of wallets, sends the same requests again:
/// nothing is paid twice. The names of the accounts begin with `wallets-`; accounts of other users of the
/// database are not looked at.
#[derive(Parser)]
#[command(name = "wallets", version, verbatim_doc_comment, after_help = EXIT)]
struct Cli {
    /// Where the accounts are kept: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", default_value = "sqlite://wallets.db")]
    db: Db,
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
    let cli = Cli::parse();
    let done = tokio::runtime::Runtime::new().map_err(Ended::from).and_then(|runtime| {
        runtime.block_on(async {
            match cli.db.scheme {
                Scheme::Sqlite => run::<sqlx::Sqlite>(&cli).await,
                Scheme::Postgres => run::<sqlx::Postgres>(&cli).await,
            }
        })
    });
    program::end::<Cli>(done.and_then(|proof| {
        program::print(&proof.to_string())?;
        Ok(if proof.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }))
}

async fn run<DB: Database>(cli: &Cli) -> Result<Proof, Ended> {
    let idem = Idem::<DB>::open(&cli.db.url).await.map_err(Ended::open)?;
    let proof = prove(&idem.ledger(), cli).await;
    program::close(&idem).await;
    Ok(proof?)
}

async fn prove<DB: Database>(ledger: &Ledger<DB>, cli: &Cli) -> Result<Proof, Error> {
    let town = Arc::new(Town::new(cli.wallets));
    town.found(ledger).await?;
    let before = Books::read(ledger, &town).await?;
    let began = Instant::now();
    let told = shop(ledger, &town, cli).await?;
    let elapsed = began.elapsed();
    let after = Books::read(ledger, &town).await?;
    let audit = ledger.audit().await?;
    Ok(Proof::new(&town, (cli.visits, told, elapsed), (&before, after), &audit))
}

/// Sends all shoppers through the shop.
async fn shop<DB: Database>(ledger: &Ledger<DB>, town: &Arc<Town>, cli: &Cli) -> Result<Told, Error> {
    let next = Arc::new(AtomicU64::new(0));
    let bar = if io::stderr().is_terminal() { bar(cli.visits) } else { ProgressBar::hidden() };
    let mut shoppers: JoinSet<Result<Told, Error>> = JoinSet::new();
    for _ in 0..cli.workers {
        let (ledger, next, bar) = (ledger.clone(), next.clone(), bar.clone());
        let (visits, town) = (cli.visits, town.clone());
        shoppers.spawn(async move {
            let mut told = Told::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= visits {
                    return Ok(told);
                }
                visit(&ledger, &town, number, &mut told).await?;
                bar.inc(1);
                if bar.is_hidden() && number % 5_000 == 4_999 {
                    drop(writeln!(io::stderr(), "wallets: {} visits done", grouped(number + 1)));
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
