//! Deliveries for `payments`: what a network that delivers at least once makes of many payments.
//!
//! Whatever is refused stays refused in every later state of its payment. So a feed that is broken off and fed again
//! ends in the book of one that was not: refusals are not remembered, and one that became legal meanwhile would run.

mod delivery;
mod life;
mod noise;
mod rng;

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use delivery::Delivery;
use life::{Keys, life};
use rng::Rng;

use crate::figures::counted;
use crate::program::{self, Ended};

/// How many payments are on their way at a time.
const ACTIVE: usize = 150;

/// Writes deliveries for `payments`: the same seed and number of lines give the same bytes.
#[derive(Parser)]
#[command(
    name = "generate",
    version,
    after_help = "Exit status: 0 done, 1 the deliveries cannot be written, 2 wrong usage."
)]
struct Cli {
    /// What the choices are made from
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many lines
    #[arg(long, value_name = "N", default_value_t = 12_000)]
    lines: u64,
    /// Write them here instead of to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let written = match &cli.out {
        None => write(io::stdout().lock(), cli.seed, cli.lines),
        Some(file) => std::fs::File::create(file).and_then(|file| write(file, cli.seed, cli.lines)),
    };
    let written = match written {
        // A reader that has ended (`| head`) is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| match &cli.out {
            Some(file) => Ended::Failed(format!("{} cannot be written: {error}", file.display())),
            None => Ended::Failed(format!("stdout: {error}")),
        }),
    };
    if written.is_ok() {
        // Without a standard error the exit status still says it.
        drop(writeln!(io::stderr(), "generate: {} from seed {}", counted(cli.lines, "line"), cli.seed));
    }
    program::end::<Cli>(written.map(|()| ExitCode::SUCCESS))
}

/// Writes `lines` deliveries made from `seed`.
///
/// # Errors
/// Those of `out`.
pub fn write(out: impl io::Write, seed: u64, lines: u64) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut network = Network::new(seed);
    for _ in 0..lines {
        out.write_all(network.next()?.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// What is under way.
struct Network {
    rng: Rng,
    keys: Keys,
    /// The lives of the payments that are active, each with what it has still to send.
    active: Vec<VecDeque<Vec<Delivery>>>,
    /// Repeats by the line at which they are due, then by what they repeat.
    late: BTreeMap<(u64, u64, usize), Delivery>,
    /// Copies that come at once: nothing comes between them.
    burst: VecDeque<Delivery>,
    line: u64,
}

impl Network {
    fn new(seed: u64) -> Self {
        let (active, late, burst) = (Vec::new(), BTreeMap::new(), VecDeque::new());
        Self { rng: Rng::new(seed), keys: Keys::default(), active, late, burst, line: 0 }
    }

    fn next(&mut self) -> io::Result<String> {
        self.line += 1;
        if let Some(copy) = self.burst.pop_front() {
            return copy.text();
        }
        if let Some(due) = self.late.first_entry().filter(|due| due.key().0 <= self.line) {
            return due.remove().text();
        }
        if self.rng.percent(2) {
            return Ok(noise::malformed(&mut self.rng, self.line));
        }
        let step = self.step();
        self.burst.extend(step);
        match self.burst.pop_front() {
            None => Ok(noise::malformed(&mut self.rng, self.line)),
            Some(first) => {
                self.repeat(&first);
                first.text()
            }
        }
    }

    /// The next step of some payment.
    fn step(&mut self) -> Vec<Delivery> {
        loop {
            while self.active.len() < ACTIVE {
                self.active.push(life(&mut self.rng, &mut self.keys).into());
            }
            let at = self.rng.below(ACTIVE);
            match self.active.get_mut(at).and_then(VecDeque::pop_front) {
                Some(step) => return step,
                // This payment has lived; another takes its place.
                None => drop(self.active.swap_remove(at)),
            }
        }
    }

    /// The sender heard no answer: it sends again, soon or late, once or more.
    fn repeat(&mut self, first: &Delivery) {
        let soon = if self.rng.percent(20) { 1 + self.rng.below(2) } else { 0 };
        let late = if self.rng.percent(12) { 1 + self.rng.below(2) } else { 0 };
        for nth in 0..soon + late {
            let delay = if nth < soon { 1 + self.rng.below(20) } else { 200 + self.rng.below(4_000) };
            let again = first.again(&mut self.rng);
            self.late.insert((self.line + delay as u64, self.line, nth), again);
        }
    }
}
