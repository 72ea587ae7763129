//! The command line of `jobs`.

use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use idem_core::Idem;

use super::drill::Drill;
use super::run::{Jobs, run};
use super::tables::Tables;
use super::worker::{Work, work};

/// Where a worker finds the URL of the database: arguments are shown by `ps`, and the URL may hold a password.
pub(super) const DB: &str = "JOBS_DB";

/// Writes nightly reports and sends mails by two worker processes on one database, kills one and pauses one, and proves that each night
/// has one report and each mail was sent once.
///
/// Exit status: 0 done, 1 the proof failed or the database was lost, 2 wrong usage.
#[derive(Parser)]
#[command(name = "jobs", version, verbatim_doc_comment)]
struct Arguments {
    /// Where the reports and the leases are kept: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", default_value = "sqlite://jobs.db")]
    db: String,
    /// How many nights there are, after those that the database knows
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(i64).range(2..=1_000))]
    nights: i64,
    /// How many mails are sent for each report
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(2..=10_000))]
    mails: u64,
    /// Kill the worker that begins to send the N-th mail, for an even N when the mail is sent and not recorded, and start another one;
    /// 0 for none. Default: random
    #[arg(long, value_name = "N")]
    kill_after: Option<u64>,
    /// Stop a worker that computes a report, for at least so many milliseconds and until the other one has written it; 0 for none
    #[arg(long, value_name = "MS", default_value_t = 1_500)]
    pause: u64,
    /// Give up after so many seconds
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
    let arguments = Arguments::parse();
    let done = tokio::runtime::Runtime::new().map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            match &arguments.role {
                Some(role) => as_worker(role).await,
                None => as_supervisor(&arguments).await,
            }
        })
    });
    match done {
        Ok(code) => code,
        Err(problem) => {
            // Without a standard error the exit status still says it.
            drop(writeln!(io::stderr(), "jobs: {problem}"));
            ExitCode::FAILURE
        }
    }
}

fn is_postgres(db: &str) -> bool {
    matches!(db.split(':').next(), Some("postgres" | "postgresql"))
}

async fn as_supervisor(arguments: &Arguments) -> Result<ExitCode, String> {
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().hash_one("seed"));
    // In the first two thirds of the mails, so that there is work left for the one that is started instead.
    let mails = arguments.nights.unsigned_abs() * arguments.mails;
    let kill_after = arguments.kill_after.unwrap_or(1 + seed % (mails * 2 / 3).max(1));
    drop(writeln!(io::stderr(), "jobs: --seed {seed} --kill-after {kill_after}"));
    let jobs = Jobs {
        db: arguments.db.clone(),
        nights: arguments.nights,
        mails: arguments.mails,
        within: Duration::from_secs(arguments.within),
        drill: Drill::new(kill_after, Duration::from_millis(arguments.pause)),
    };
    let proof = if is_postgres(&jobs.db) { run::<sqlx::Postgres>(jobs).await } else { run::<sqlx::Sqlite>(jobs).await };
    let proof = proof.map_err(|failed| failed.to_string())?;
    let text = if arguments.json { proof.json() } else { Ok(proof.to_string()) }.map_err(|error| error.to_string())?;
    io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(if proof.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn as_worker(role: &Role) -> Result<ExitCode, String> {
    let Role::Work { name, first, last, mails, server } = role;
    let job = Work { name: name.clone(), nights: *first..=*last, mails: *mails, server: *server };
    let db = std::env::var(DB).map_err(|_| format!("a worker needs {DB}; run the program without `work`"))?;
    let done =
        if is_postgres(&db) { on::<sqlx::Postgres>(&db, &job).await } else { on::<sqlx::Sqlite>(&db, &job).await };
    done.map(|()| ExitCode::SUCCESS).map_err(|problem| format!("{name}: {problem}"))
}

async fn on<DB: Tables>(db: &str, job: &Work) -> Result<(), String> {
    let idem = Idem::<DB>::open(db).await.map_err(|error| error.to_string())?;
    work(&idem, job).await.map_err(|stuck| stuck.to_string())
}
