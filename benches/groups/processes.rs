//! Real processes that share a database: this program starts itself again, with a flag that its help does not name.

use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use sqlx::Postgres;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use idem_core::Idem;

use crate::drive::{Sample, drive};
use crate::{ACCOUNTS, Failure, at_the_floor, command, delta};

/// The flag of such a process; it is followed by the database, what it does, the callers and the milliseconds.
pub(crate) const FLAG: &str = "--as-one-of-several";

/// How long a process may take beside what it measures.
const GRACE: Duration = Duration::from_mins(1);

/// What each of several processes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    HotMachine,
    HotAccount,
    SpreadAccounts,
    /// One account at its floor: half of the changes add, and the other half are refused if they come first.
    AtTheFloor,
}

impl Load {
    const ALL: [(&str, Self); 4] = [
        ("hot-machine", Self::HotMachine),
        ("hot-account", Self::HotAccount),
        ("spread-accounts", Self::SpreadAccounts),
        ("at-the-floor", Self::AtTheFloor),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, load)| *load == self).map_or("", |(name, _)| name)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, load)| *load)
    }
}

/// Runs `callers` for `time`, an equal part of them in each of so many processes.
pub(crate) async fn several(
    (processes, load): (usize, Load),
    url: &str,
    callers: usize,
    time: Duration,
) -> Result<Sample, Failure> {
    let mut at_work = Vec::with_capacity(processes);
    for _ in 0..processes {
        at_work.push(Process::start(url, load, callers / processes, time)?);
    }
    // All have opened the database before the first of them begins.
    for process in &mut at_work {
        process.line(GRACE).await?;
    }
    for process in &mut at_work {
        process.orders.write_all(b"go\n").await?;
    }
    let mut all = Sample::default();
    for mut process in at_work {
        let line = process.line(2 * time + GRACE).await?;
        let told: Vec<&str> = line.split(' ').collect();
        let [rate, p50, p99] = told[..] else { return Err("a process tells its rate, its p50 and its p99".into()) };
        all.rate += rate.parse::<f64>()?;
        all.p50 = all.p50.max(Duration::from_micros(p50.parse()?));
        all.p99 = all.p99.max(Duration::from_micros(p99.parse()?));
    }
    Ok(all)
}

/// A process that is killed, by its id, when this is dropped.
struct Process {
    _child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    fn start(url: &str, load: Load, callers: usize, time: Duration) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?);
        process.arg(FLAG).arg(url).arg(load.name()).arg(callers.to_string()).arg(time.as_millis().to_string());
        let mut child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let orders = child.stdin.take().ok_or("standard input is a pipe")?;
        let answers = BufReader::new(child.stdout.take().ok_or("standard output is a pipe")?);
        Ok(Self { _child: child, orders, answers })
    }

    async fn line(&mut self, patience: Duration) -> Result<String, Failure> {
        let mut line = String::new();
        match timeout(patience, self.answers.read_line(&mut line)).await?? {
            0 => Err("a process ended without its answer".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

/// The other side: says that it is ready, waits for its order, and tells its calls per second and its p99 in microseconds.
pub(crate) async fn one_of_several(mut args: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut argument = || args.next().ok_or_else(|| format!("{FLAG} URL LOAD CALLERS MILLISECONDS"));
    let (url, load, callers, time) = (argument()?, argument()?, argument()?, argument()?);
    let load = Load::named(&load).ok_or("an unknown load")?;
    let idem = Idem::<Postgres>::builder().max_connections(32).open(&url).await?;
    let call = match load {
        Load::HotMachine => command(&idem, 0..1),
        Load::HotAccount => delta(&idem, 1),
        Load::SpreadAccounts => delta(&idem, ACCOUNTS),
        Load::AtTheFloor => at_the_floor(&idem),
    };
    println!("ready");
    let mut input = std::io::stdin();
    input.read_exact(&mut [0; 3])?;
    // A parent that was killed kills nobody, but its end of the pipe closes.
    std::thread::spawn(move || {
        let _ = input.read(&mut [0]);
        std::process::exit(1);
    });
    let sample = drive(&call, callers.parse()?, Duration::from_millis(time.parse()?)).await?;
    println!("{} {} {}", sample.rate, sample.p50.as_micros(), sample.p99.as_micros());
    Ok(())
}
