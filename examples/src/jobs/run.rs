//! Starts the workers, does to them what the drill says, and proves what they did.

use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use idem_core::Idem;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, interval, sleep_until};

use super::cli::DB;
use super::drill::{Drill, Strike, signal};
use super::events::Event;
use super::proof::{Proof, Tally};
use super::server::MailServer;
use super::tables::Tables;
use super::worker::mail;
use crate::program::close;

const WORKERS: usize = 2;
/// Between two looks at a worker that is paused.
const LOOK: Duration = Duration::from_millis(20);

/// What is to be done.
pub(super) struct Jobs {
    pub(super) db: String,
    pub(super) nights: i64,
    pub(super) mails: u64,
    pub(super) within: Duration,
    pub(super) drill: Drill,
}

/// Why a run has no proof.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Idem(#[from] idem_core::Error),
    #[error("the database refused a statement of the application: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Signal(String),
    #[error("worker-{worker} failed: {status}")]
    Worker { worker: usize, status: std::process::ExitStatus },
    #[error("the jobs are not done within {0:?}")]
    Late(Duration),
}

/// From a worker: something happened, or its output has ended.
type Said = (usize, Option<Event>);

/// The workers. They are killed when this is dropped.
struct Crew {
    /// The arguments of a worker after its name, and the database.
    arguments: Vec<String>,
    db: String,
    workers: Vec<Option<Child>>,
    said: Sender<Said>,
    /// Those that were killed, and are started again.
    killed: [bool; WORKERS],
}

/// Runs the jobs of new nights, and gives the proof.
pub(super) async fn run<DB: Tables>(jobs: Jobs) -> Result<Proof, Failed> {
    let idem = Idem::<DB>::open(&jobs.db).await?;
    let proof = prove(&idem, jobs).await;
    if proof.is_err() {
        // A worker that was killed has left the log of a SQLite file: the connection that is closed last removes it.
        drop(idem.now().await);
    }
    close(&idem).await;
    proof
}

async fn prove<DB: Tables>(idem: &Idem<DB>, jobs: Jobs) -> Result<Proof, Failed> {
    let Jobs { db, nights, mails, within, drill } = jobs;
    DB::create(idem.pool()).await?;
    let (before, began) = (DB::newest_night(idem.pool()).await?, idem.now().await?);
    let server = MailServer::default();
    let address = server.listen().await?;
    let (said, listens) = channel(64);
    let arguments = arguments(before + 1, before + nights, mails, address);
    let mut crew =
        Crew { arguments, db, workers: (0..WORKERS).map(|_| None).collect(), said, killed: [false; WORKERS] };
    let (asked, mut tally) = (drill.asks(), Tally::default());
    let supervised = supervise((&mut crew, listens), drill, within, &server, &mut tally).await;
    crew.end().await;
    supervised?;
    let epochs = DB::epochs_after(idem.pool(), before).await?;
    // Mails of this run: earlier runs, and other users of the database, may have left claims of their own.
    let lost = idem.operation(mail::OPERATION).lost().await?;
    let lost = lost.iter().filter(|claim| claim.scope == mail::SCOPE && claim.claimed_at >= began).count();
    let post = server.post();
    Ok(Proof::new((nights, mails, asked), &epochs, lost, &post, &tally))
}

fn arguments(first: i64, last: i64, mails: u64, server: SocketAddr) -> Vec<String> {
    vec![first.to_string(), last.to_string(), mails.to_string(), server.to_string()]
}

async fn supervise(
    (crew, mut listens): (&mut Crew, Receiver<Said>),
    mut drill: Drill,
    within: Duration,
    server: &MailServer,
    tally: &mut Tally,
) -> Result<(), Failed> {
    for worker in 0..WORKERS {
        crew.start(worker)?;
    }
    let (deadline, mut looks) = (Instant::now() + within, interval(LOOK));
    while crew.is_at_work() {
        let strike = tokio::select! {
            said = listens.recv() => match said {
                Some((worker, Some(event))) => {
                    progress(worker, &event);
                    tally.note(&event);
                    drill.heard(worker, &event)
                }
                Some((worker, None)) => {
                    drill.ended(worker);
                    crew.ended(worker).await?;
                    None
                }
                // The crew has a sender of its own.
                None => return Ok(()),
            },
            _ = looks.tick() => drill.passed(),
            () = sleep_until(deadline) => return Err(Failed::Late(within)),
        };
        match strike {
            Some(Strike::Kill(worker, mail)) => {
                if let Some(mail) = mail {
                    server.has_sent(&mail).await;
                }
                tally.killed += u64::from(crew.kill(worker)?);
            }
            Some(Strike::Stop(worker)) => {
                crew.signal(worker, "STOP").await?;
                tally.paused += 1;
            }
            Some(Strike::Continue(worker)) => crew.signal(worker, "CONT").await?,
            None => {}
        }
    }
    Ok(())
}

impl Crew {
    fn start(&mut self, worker: usize) -> Result<(), Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("work").arg(format!("worker-{worker}")).args(&self.arguments).env(DB, &self.db);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        if let Some(output) = child.stdout.take() {
            let said = self.said.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(output).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    // Half a line, of a worker that was killed, is no event.
                    if let Ok(event) = serde_json::from_str(&line) {
                        drop(said.send((worker, Some(event))).await);
                    }
                }
                drop(said.send((worker, None)).await);
            });
        }
        report(format_args!("worker-{worker} is process {}", child.id().unwrap_or_default()));
        if let Some(place) = self.workers.get_mut(worker) {
            *place = Some(child);
        }
        Ok(())
    }

    /// Kills those that still run, and waits for their ends.
    async fn end(&mut self) {
        for child in self.workers.iter_mut().filter_map(Option::as_mut) {
            // One that cannot be killed has ended.
            drop(child.kill().await);
        }
    }

    fn is_at_work(&self) -> bool {
        self.workers.iter().any(Option::is_some)
    }

    /// Kills a worker; whether it still ran.
    fn kill(&mut self, worker: usize) -> Result<bool, Failed> {
        let Some(child) = self.workers.get_mut(worker).and_then(Option::as_mut) else { return Ok(false) };
        child.start_kill()?;
        report(format_args!("worker-{worker} is killed"));
        self.killed.iter_mut().skip(worker).take(1).for_each(|killed| *killed = true);
        Ok(true)
    }

    async fn signal(&self, worker: usize, name: &str) -> Result<(), Failed> {
        let Some(process) = self.workers.get(worker).and_then(Option::as_ref).and_then(Child::id) else {
            return Ok(());
        };
        report(format_args!("worker-{worker} gets SIG{name}"));
        signal(name, process).await.map_err(Failed::Signal)
    }

    /// The output of a worker has ended: it is done, or was killed and is started again.
    async fn ended(&mut self, worker: usize) -> Result<(), Failed> {
        let Some(mut child) = self.workers.get_mut(worker).and_then(Option::take) else { return Ok(()) };
        let status = child.wait().await?;
        if status.success() {
            return Ok(());
        }
        match self.killed.get_mut(worker).map(std::mem::take) {
            Some(true) => self.start(worker),
            _ => Err(Failed::Worker { worker, status }),
        }
    }
}

fn progress(worker: usize, event: &Event) {
    match event {
        Event::Written { night, .. } => report(format_args!("worker-{worker} has written the report of night {night}")),
        Event::Fenced { night, .. } => report(format_args!("worker-{worker} was fenced: night {night} is another's")),
        Event::Sending { night, to, attempt: attempt @ 2.. } => {
            report(format_args!("worker-{worker} takes over a mail of night {night} to {to}, attempt {attempt}"));
        }
        Event::Retried { error } => report(format_args!("worker-{worker} tries again after: {error}")),
        Event::Unknown { night, to } => report(format_args!("worker-{worker} does not know of night {night} to {to}")),
        Event::Locked { .. } | Event::Released { .. } | Event::Sending { .. } | Event::Sent { .. } => {}
    }
}

/// Says it on standard error. Without one there is nobody to say it to.
fn report(what: fmt::Arguments<'_>) {
    drop(writeln!(io::stderr(), "jobs: {what}"));
}
