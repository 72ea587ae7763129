//! The command line of `payments`.

use std::fs::File;
use std::future::{Future as _, poll_fn};
use std::io::{self, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use idem_core::machine::Machine as _;
use indicatif::ProgressBar;
use tokio::runtime::Runtime;
use tokio::signal::ctrl_c;
use tokio::time::timeout;

use super::diagram;
use super::kill::KillSwitch;
use super::machine::{Payment, payment};
use super::run::{Failed, Input, run};
use super::server::serve::{self, ServeError};
use super::server::webhooks::Endpoint;
use super::storm::{self, Count, Plan, PlanError};
use crate::figures::grouped;
use crate::program::{self, Db, EXIT, Ended, Scheme, print};

const DELIVERIES: &str = "sqlite://deliveries.db";
const SERVER: &str = "sqlite://payments.db";

const OTHER_SERVICE: &str = r#"A service of your own:
  payments storm --url http://127.0.0.1:8080 --path /orders --body '{"item":"tea"}' \
    --header 'Content-Type: application/json' --count /orders/count --pointer /number

Exit status: 0 each request had one effect, 1 it had not or cannot be known, 2 wrong usage."#;

/// Payments that are made once, however often they are asked for.
///
/// Without a command it serves.
#[derive(Parser)]
#[command(name = "payments", version, after_help = EXIT, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    Serve(Serve),
    Deliveries(Feed),
    Diagram(Diagram),
    Storm(Storm),
}

/// Serves the core of Stripe's API, so that Stripe's own libraries can be pointed at it.
#[derive(Args)]
#[command(after_help = EXIT)]
struct Serve {
    /// Where the payments are kept: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", default_value = SERVER)]
    db: Db,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:12111")]
    listen: SocketAddr,
    /// Send every event there, in Stripe's form, signed with the secret: `http://HOST/PATH=whsec_SECRET`; may be given more than once
    #[arg(long, value_name = "URL=SECRET", value_parser = endpoint)]
    webhook: Vec<Endpoint>,
    /// End after this time, as in `30s`
    #[arg(long = "for", value_name = "TIME")]
    time: Option<humantime::Duration>,
}

/// Feeds a payment machine with deliveries that come twice, late, wrong and at once, and proves that each had its effect
/// exactly once.
///
/// A delivery is a line of JSON; `key` may be missing:
///
///   {"scope":"shop-1","key":"k-17","payment":"pay_9","command":"capture","args":{"amount":500}}
///
/// Commands: authorize {customer, merchant, amount, funds}, capture {amount} or {} for the rest, void {reason},
/// refund {amount}, expire {}. Amounts are in minor units. Deliveries of one payment that follow each other with the
/// same "lane" come at once.
#[derive(Args)]
#[command(verbatim_doc_comment, after_help = EXIT)]
struct Feed {
    /// Where the payments are kept: `sqlite://FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", default_value = DELIVERIES)]
    db: Db,
    /// How many deliveries are worked on at a time; those of one payment keep their order
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: u32,
    /// Kill this process at the commit of the N-th fresh command: for an odd N before it, for an even N after it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    kill_after: Option<u64>,
    /// Print the book and the verdicts as JSON
    #[arg(long)]
    json: bool,
    /// The deliveries, a line each; - reads stdin; without it the bundled sample is fed
    file: Option<PathBuf>,
}

/// Draws the machine of the deliveries: as Mermaid on stdout, or as a picture.
#[derive(Args)]
#[command(after_help = "Exit status: 0 done, 1 the picture cannot be written, 2 wrong usage.")]
struct Diagram {
    /// Write the picture here
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Sends requests more than once, at once, and without waiting for the reply, and proves that each had
/// one effect.
///
/// Without --path the service is a payments server: each request is a payment of a merchant of the storm's own,
/// and the ledger proves it.
/// Any other service needs its path, its body, and where it counts effects, which is read before and after. Each
/// request is a POST of that body with a header `Idempotency-Key: storm-...`; requests differ in nothing else.
#[derive(Args)]
#[command(verbatim_doc_comment, after_help = OTHER_SERVICE)]
struct Storm {
    /// The service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:12111")]
    url: String,
    /// How many different requests
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    requests: u32,
    /// How many are under way at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    clients: u32,
    /// How many are sent in a second at most, copies included
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    rate: u32,
    /// How long the number of effects must stay the same at the end: a service may still work on requests whose clients have gone
    #[arg(long, value_name = "TIME", default_value = "3s")]
    settle: humantime::Duration,
    /// Repeats the random choices and the keys of an earlier storm. A payments server then has that storm's payments, and no others; the
    /// number of another service does not change
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where requests are sent, of a service that is no payments server
    #[arg(long, value_name = "PATH", requires = "count")]
    path: Option<String>,
    /// The body of each request
    #[arg(long, value_name = "TEXT", requires = "path", default_value = "")]
    body: String,
    /// A header of each request: `NAME: VALUE`; may be given more than once
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// Where the service gives the number of effects, as JSON
    #[arg(long, value_name = "PATH", requires = "path")]
    count: Option<String>,
    /// The number in that document, as a JSON pointer
    #[arg(long, value_name = "POINTER", requires = "count", default_value = "")]
    pointer: String,
    /// The service may be on another machine, which is yours
    #[arg(long)]
    allow_remote: bool,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Cli { command, serve: without } = Cli::parse();
    program::end::<Cli>(match command.unwrap_or(Command::Serve(without)) {
        Command::Serve(arguments) => serve(&arguments),
        Command::Deliveries(arguments) => feed(&arguments),
        Command::Diagram(arguments) => draw(arguments.svg),
        Command::Storm(arguments) => storm(&arguments),
    })
}

fn storm(arguments: &Storm) -> Result<ExitCode, Ended> {
    let plan = plan(arguments).map_err(|error| Ended::Usage(error.to_string()))?;
    let progress = ProgressBar::new(plan.requests.into());
    let summary = Runtime::new()?.block_on(storm::storm(plan, progress))?;
    print(&summary.to_string())?;
    Ok(if summary.is_exact() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn plan(arguments: &Storm) -> Result<Plan, PlanError> {
    const AMOUNT: i64 = 100;
    let Storm { url, requests, clients, rate, path, pointer, allow_remote, .. } = arguments;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    let address = |path: &str| Plan::address(url, path, *allow_remote);
    let mut headers = Plan::headers(&arguments.header)?;
    let (target, body, count) = if let (Some(path), Some(count)) = (path, &arguments.count) {
        let count = Count::Number { url: address(count)?, pointer: pointer.clone() };
        (address(path)?, arguments.body.clone(), count)
    } else {
        // A merchant of the storm's own: nothing else is in its balance.
        let merchant = [format!("Authorization: Bearer sk_test_storm_{seed:016x}")];
        headers.extend(Plan::headers(&merchant)?);
        let body = format!("amount={AMOUNT}&currency=eur&payment_method=pm_card_visa&confirm=true");
        let count = Count::Balance { url: address("/v1/balance")?, currency: "eur".to_owned(), amount: AMOUNT };
        (address("/v1/payment_intents")?, body, count)
    };
    let (requests, clients, rate, settle) = (*requests, *clients, *rate, arguments.settle.into());
    Ok(Plan { target, headers, body, requests, clients, rate, count, settle, seed })
}

/// An endpoint of webhooks.
fn endpoint(text: &str) -> Result<Endpoint, String> {
    let (url, secret) =
        text.split_once("=whsec_").filter(|(_, secret)| !secret.is_empty()).ok_or("give URL=whsec_SECRET")?;
    let address = reqwest::Url::parse(url).ok().filter(|address| address.scheme() == "http" && address.has_host());
    address.ok_or("give an address that begins with http://")?;
    Ok(Endpoint { url: url.to_owned(), secret: format!("whsec_{secret}") })
}

fn serve(arguments: &Serve) -> Result<ExitCode, Ended> {
    let Serve { db, listen, webhook, time } = arguments;
    let (url, shown_url) = (&*db.url, db.redacted());
    let twice = webhook.iter().enumerate().find(|(at, one)| webhook.iter().take(*at).any(|other| other.url == one.url));
    if let Some((_, Endpoint { url, .. })) = twice {
        return Err(Ended::Usage(format!("--webhook {url} is given twice")));
    }
    let time = time.map(Duration::from);
    let served = Runtime::new()?.block_on(async {
        // Heard from here on: before the server says where it is.
        let mut interrupted = Box::pin(ctrl_c());
        let early = poll_fn(|cx| Poll::Ready(interrupted.as_mut().poll(cx).is_ready())).await;
        let stop = async move {
            match time {
                _ if early => {}
                Some(time) => drop(timeout(time, interrupted).await),
                None => drop(interrupted.await),
            }
        };
        match db.scheme {
            Scheme::Sqlite => serve::serve::<sqlx::Sqlite>((url, &shown_url), *listen, webhook, stop).await,
            Scheme::Postgres => serve::serve::<sqlx::Postgres>((url, &shown_url), *listen, webhook, stop).await,
        }
    });
    let summary = served.map_err(|error| match error {
        ServeError::Open(error) => Ended::open(error),
        error => error.into(),
    })?;
    print(&summary.to_string())?;
    Ok(if summary.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn feed(feed: &Feed) -> Result<ExitCode, Ended> {
    let Feed { db, workers, .. } = feed;
    let input = open(feed)?;
    let runtime = Runtime::new()?;
    let kill = feed.kill_after.map(KillSwitch::after);
    let from = feed.file.as_ref().map_or("the bundled sample".to_owned(), |file| match file.to_str() {
        Some("-") => "stdin".to_owned(),
        _ => file.display().to_string(),
    });
    let note = if db.url == DELIVERIES { " (in this directory; --db takes another)" } else { "" };
    drop(writeln!(io::stderr(), "payments: {from} into {}{note}, {workers} at a time", db.redacted()));
    let done = runtime.block_on(async {
        match db.scheme {
            Scheme::Sqlite => run::<sqlx::Sqlite>(&db.url, input, *workers, kill).await,
            Scheme::Postgres => run::<sqlx::Postgres>(&db.url, input, *workers, kill).await,
        }
    });
    // A thread that still waits for stdin does not keep the program.
    runtime.shutdown_background();
    let report = done.map_err(|failed| match failed {
        Failed::Open(error @ idem_core::Error::Config { .. }) => Ended::open(error),
        failed => failed.into(),
    })?;
    let text = if feed.json { report.json()? } else { report.to_string() };
    print(&text)?;
    if let Some(after) = feed.kill_after {
        drop(writeln!(
            io::stderr(),
            "payments: --kill-after {after}: the run had only {} fresh commands",
            grouped(report.tally.fresh)
        ));
    }
    Ok(if report.book.audit.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open(feed: &Feed) -> Result<Input, Ended> {
    let Some(file) = &feed.file else {
        return Ok(Input { lines: Box::new(super::SAMPLE), bytes: Some(super::SAMPLE.len() as u64) });
    };
    if file.as_os_str() == "-" {
        return Ok(Input { lines: Box::new(BufReader::new(io::stdin())), bytes: None });
    }
    match File::open(file).and_then(|opened| Ok((opened.metadata()?, opened))) {
        Ok((about, opened)) if !about.is_dir() => {
            Ok(Input { lines: Box::new(BufReader::new(opened)), bytes: about.is_file().then_some(about.len()) })
        }
        Ok(_) => Err(Ended::Usage(format!("{} is a directory; give a file of deliveries", file.display()))),
        Err(error) => Err(Ended::Usage(format!("{} cannot be read: {error}", file.display()))),
    }
}

fn draw(svg: Option<PathBuf>) -> Result<ExitCode, Ended> {
    match svg {
        None => print(payment::mermaid())?,
        Some(file) => std::fs::write(&file, diagram::document(Payment::GRAPH))
            .map_err(|error| Ended::Failed(format!("{} cannot be written: {error}", file.display())))?,
    }
    Ok(ExitCode::SUCCESS)
}
