//! The payments server under Stripe's own libraries, unchanged: every call, also where requests and replies are lost, and where the server
//! is killed again and again. The scripts end with an error where the balance is not exact to the cent.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::http::{Losses, LossyProxy};
use tests::{Report, Seed, scale, skip};
use tokio::runtime::Runtime;

use crate::server::Server;
use crate::support::{Database, text};

/// Retries of a library where a third of its tries is lost.
const PATIENT: u32 = 25;

/// A library of Stripe's.
#[derive(Clone, Copy)]
enum Library {
    Python,
    Node,
}

impl Library {
    /// Every call, in a process; `None` where the library is missing, which is said.
    fn calls(self, url: &str, seed: u64, retries: u32) -> Option<Command> {
        let (name, variable) = match self {
            Self::Python => ("stripe-python", "IDEM_STRIPE_PYTHON"),
            Self::Node => ("stripe-node", "IDEM_STRIPE_NODE"),
        };
        let Some(place) = std::env::var_os(variable).map(PathBuf::from) else {
            skip(name, &format!("run scripts/test, which installs it and sets {variable}"));
            return None;
        };
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk");
        let mut command = match self {
            // The interpreter of an environment that has the library.
            Self::Python => Command::new(place),
            // A folder in which the library is installed.
            Self::Node => {
                let mut command = Command::new("node");
                command.current_dir(place);
                command
            }
        };
        command.arg(scripts.join(match self {
            Self::Python => "calls.py",
            Self::Node => "calls.mjs",
        }));
        command.arg(url).arg(seed.to_string()).arg(retries.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Some(command)
    }
}

/// Runs these at once; each has to end well.
fn run(commands: Vec<Command>) {
    let running: Vec<_> = commands.into_iter().map(|mut command| command.spawn().expect("it starts")).collect();
    for child in running {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

/// Commands of both libraries; `None` if one is missing.
fn clients(url: &str, seed: Seed, each: u64, retries: u32) -> Option<Vec<Command>> {
    let mut random = seed.rng(1);
    let mut commands = Vec::new();
    for _ in 0..each {
        commands.push(Library::Python.calls(url, random.u32(..).into(), retries)?);
        commands.push(Library::Node.calls(url, random.u32(..).into(), retries)?);
    }
    Some(commands)
}

crate::support::on_each_database! {
    every_call_is_answered_as_by_stripe,
    lost_requests_and_replies_keep_balances_exact,
    killed_server_keeps_balances_exact,
}

fn every_call_is_answered_as_by_stripe(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let server = Server::start(&database.url());
    let Some(commands) = clients(&server.url(), Seed::new(), 1, 2) else { return };
    run(commands);
    let said = server.interrupt();
    assert!(said.contains("the ledger is sound"), "{said}");
}

fn lost_requests_and_replies_keep_balances_exact(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let (runtime, seed) = (Runtime::new().expect("threads"), Seed::new());
    let server = Server::start(&database.url());
    let proxy = runtime.block_on(LossyProxy::start(1, Losses { requests: 10, replies: 30 }, seed));
    proxy.set_server(0, Some(server.address));
    let Some(commands) = clients(&proxy.url(), seed, scale(2, 8), PATIENT) else { return };
    run(commands);
    let (requests, replies, _) = proxy.lost();
    let mut report = Report::new("Stripe's libraries under losses", 5);
    report.add("requests lost", requests);
    report.add("replies lost", replies);
    report.finish(scale(100, 500));
    let said = server.interrupt();
    assert!(said.contains("the ledger is sound"), "{said}");
}

fn killed_server_keeps_balances_exact(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let (runtime, seed, url) = (Runtime::new().expect("threads"), Seed::new(), database.url());
    let proxy = Arc::new(runtime.block_on(LossyProxy::start(1, Losses { requests: 0, replies: 0 }, seed)));
    let Some(commands) = clients(&proxy.url(), seed, scale(2, 8), PATIENT) else { return };
    let over = Arc::new(AtomicBool::default());
    let killer = std::thread::spawn({
        let (proxy, over, mut random) = (proxy.clone(), over.clone(), seed.rng(2));
        move || {
            let mut kills = 0;
            loop {
                let server = Server::start(&url);
                proxy.set_server(0, Some(server.address));
                if over.load(Ordering::Relaxed) {
                    return (server, kills);
                }
                // The moment is the fault that is tested; nothing is waited for.
                std::thread::sleep(Duration::from_millis(random.u64(200..900)));
                proxy.set_server(0, None);
                drop(server);
                kills += 1;
            }
        }
    });
    run(commands);
    over.store(true, Ordering::Relaxed);
    let (server, kills) = killer.join().expect("a server");
    let mut report = Report::new("Stripe's libraries while the server is killed", 5);
    report.add("server killed", kills);
    report.finish(scale(5, 20));
    let said = server.interrupt();
    assert!(said.contains("the ledger is sound"), "{said}");
}
