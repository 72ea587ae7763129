//! Processes that work on the database beside the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tests::Worker;
use tests::lane::Ack;

/// The process that is killed.
pub(crate) fn worker(url: &str, order: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.arg(url).arg(order).stderr(Stdio::piped());
    command
}

/// The same with a transaction for each call, so that those that come at once race.
pub(crate) fn ungrouped(url: &str, order: &str) -> Command {
    let mut command = worker(url, order);
    command.env("IDEM_UNGROUPED", "1");
    command
}

/// Runs an order to its end; what it acknowledged.
pub(crate) fn finish(url: &str, order: &str, after: &str) -> Vec<Ack> {
    let ended = Worker::spawn(worker(url, order).stderr(Stdio::inherit())).finish();
    assert!(ended.status.success(), "after {after}: the next process fails at {order:?}");
    acks(&ended.acks)
}

pub(crate) fn acks(lines: &[String]) -> Vec<Ack> {
    lines.iter().map(|line| line.parse().expect("a whole line is an acknowledgement")).collect()
}

/// A process that takes orders one by one: it works while the test does something else, and is waited for by its answer.
pub(crate) struct Servant {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Servant {
    /// One that may be in a transaction while the database is checked.
    pub(crate) fn neighbour(url: &str) -> Self {
        match url.split_once(':') {
            Some(("sqlite", _)) => Self::spawn(url),
            _ if url.contains('?') => Self::spawn(&format!("{url}&application_name=neighbour")),
            _ => Self::spawn(&format!("{url}?application_name=neighbour")),
        }
    }

    pub(crate) fn spawn(url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        let mut child =
            command.arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the worker starts");
        let orders = child.stdin.take().expect("standard input is a pipe");
        let answers = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        Self { child, orders, answers }
    }

    /// Lets it begin.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("the servant listens");
    }

    /// Waits until it has done what it was ordered, and takes its acknowledgements.
    pub(crate) fn answer(&mut self) -> Vec<Ack> {
        let mut acks = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.answers.read_line(&mut line).expect("the pipe of a child can be read");
            assert_ne!(read, 0, "the servant ended");
            match line.trim_end_matches('\n') {
                "done" => return acks,
                ack => acks.push(ack.parse().expect("an acknowledgement")),
            }
        }
    }
}

impl Drop for Servant {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
