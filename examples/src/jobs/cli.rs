//! The command line of `jobs`.

use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use idem_core::Idem;

use super::drill::Drill;
use super::run::{Failed, Jobs, run};
use super::tables::Tables;
use super::worker::{Stuck, Work, work};
use crate::program::{self, Db, EXIT, Ended, Scheme};

/// Where a worker finds the URL of the database: arguments are shown by `ps`, and the URL may hold a password.
pub(super) const DB: &str = "JOBS_DB";

/// Writes nightly reports and sends mails by two worker processes on one database, and proves that each
/// night has one report and each mail was sent once.
///
/// Meanwhile it kills one worker and pauses one.
#[derive(Parser)]
#[command(name = "jobs", version, verbatim_doc_comment, after_help = EXIT)]
struct Cli {
    /// Where the reports and the leases are kept: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", default_value = "sqlite://jobs.db")]
    db: Db,
    /// How many nights there are, after those that the database knows
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(i64).range(2..=1_000))]
    nights: i64,
    /// How many mails are sent for each report
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    mails: u64,
    /// Kill the worker that begins to send the N-th mail, and start another one; 0 for none; default: random
    ///
    /// For an even N it is killed when the mail is sent and not recorded.
    #[arg(long, value_name = "N")]
    kill_after: Option<u64>,
    /// Pause a worker that computes a report for at least MS milliseconds; 0 for none
    ///
    /// It goes on when the other worker has written the report.
    #[arg(long, value_name = "MS", default_value_t = 1_500)]
    pause: u64,
    /// Give up after S seconds
    #[arg(long, value_name = "S", default_value_t = 30)]
    within: u64,
    /// What is random follows from it
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the proof as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Works; the program starts itself like this.
    #[command(hide = true)]
    Work { name: String, first: i64, last: i64, mails: u64, server: SocketAddr },
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = tokio::runtime::Runtime::new().map_err(Ended::from).and_then(|runtime| {
        runtime.block_on(async {
            match &cli.role {
                Some(role) => as_worker(role).await,
                None => as_supervisor(&cli).await,
            }
        })
    });
    program::end::<Cli>(done)
}

async fn as_supervisor(cli: &Cli) -> Result<ExitCode, Ended> {
    let seed = cli.seed.unwrap_or_else(|| RandomState::new().hash_one("seed"));
    // In the first two thirds of the mails, so that there is work left for the one that is started instead.
    let mails = cli.nights.unsigned_abs() * cli.mails;
    let kill_after = cli.kill_after.unwrap_or(1 + seed % (mails * 2 / 3).max(1));
    drop(writeln!(io::stderr(), "jobs: --seed {seed} --kill-after {kill_after}"));
    let jobs = Jobs {
        db: cli.db.url.clone(),
        nights: cli.nights,
        mails: cli.mails,
        within: Duration::from_secs(cli.within),
        drill: Drill::new(kill_after, Duration::from_millis(cli.pause)),
    };
    let proof = match cli.db.scheme {
        Scheme::Sqlite => run::<sqlx::Sqlite>(jobs).await,
        Scheme::Postgres => run::<sqlx::Postgres>(jobs).await,
    };
    let proof = proof.map_err(|failed| match failed {
        Failed::Idem(error) => Ended::open(error),
        failed => failed.into(),
    })?;
    program::print(&if cli.json { proof.json()? } else { proof.to_string() })?;
    Ok(if proof.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn as_worker(role: &Role) -> Result<ExitCode, Ended> {
    let Role::Work { name, first, last, mails, server } = role;
    let job = Work { name: name.clone(), nights: *first..=*last, mails: *mails, server: *server };
    let missing = |_| Ended::Usage(format!("a worker needs {DB}; run the program without `work`"));
    let db: Db = std::env::var(DB).map_err(missing)?.parse().map_err(Ended::Usage)?;
    let done = match db.scheme {
        Scheme::Sqlite => on::<sqlx::Sqlite>(&db.url, &job).await,
        Scheme::Postgres => on::<sqlx::Postgres>(&db.url, &job).await,
    };
    done.map(|()| ExitCode::SUCCESS).map_err(|stuck| Ended::Failed(format!("{name}: {stuck}")))
}

async fn on<DB: Tables>(db: &str, job: &Work) -> Result<(), Stuck> {
    let idem = Idem::<DB>::open(db).await?;
    let done = work(&idem, job).await;
    program::close(&idem).await;
    done
}
