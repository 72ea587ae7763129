//! Child processes that are killed while they work.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// A process that acknowledges its work, one line on standard output each. A line counts only with its end: what was
/// written before a kill stays in the pipe and is read after it, half a line is no acknowledgement.
///
/// Dropping it kills the process.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    output: BufReader<ChildStdout>,
    acks: Vec<String>,
}

/// What is left of a [`Worker`].
#[derive(Debug)]
pub struct Ended {
    /// Every acknowledgement, in order.
    pub acks: Vec<String>,
    /// How it ended; `status.code()` is `None` for a process that was killed.
    pub status: ExitStatus,
}

impl Worker {
    /// Starts `command` with its standard output caught.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the worker starts");
        let output = child.stdout.take().expect("standard output is a pipe");
        Self { child, output: BufReader::new(output), acks: Vec::new() }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for one more acknowledgement; `None` when the process has closed its output.
    pub fn next_ack(&mut self) -> Option<&str> {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the pipe of a child can be read");
        let ack = line.strip_suffix('\n')?;
        self.acks.push(ack.to_owned());
        self.acks.last().map(String::as_str)
    }

    /// Waits until the process ends by itself.
    pub fn finish(mut self) -> Ended {
        while self.next_ack().is_some() {}
        let status = self.child.wait().expect("a child can be waited for");
        Ended { acks: std::mem::take(&mut self.acks), status }
    }

    /// Kills the process now. A process that had already ended keeps its own status.
    pub fn kill(mut self) -> Ended {
        self.child.kill().expect("a child can be killed");
        self.finish()
    }

    /// Kills the process once it has acknowledged `acks` more times, somewhere in the work after the last of them.
    pub fn kill_after_acks(mut self, acks: usize) -> Ended {
        for _ in 0..acks {
            if self.next_ack().is_none() {
                break;
            }
        }
        self.kill()
    }

    /// Kills the process after `delay`: the moment is the fault that is tested, nothing is waited for.
    pub fn kill_after(self, delay: Duration) -> Ended {
        thread::sleep(delay);
        self.kill()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a process to end, as Ctrl-C does.
///
/// # Panics
/// If there is no such process.
pub fn interrupt(process: u32) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).expect("the id of a process");
    kill_process(process, Signal::INT).expect("it is running");
}

/// Kills a process that leads a group of its own, with all that it has started.
pub fn kill_group(leader: u32) {
    let group = i32::try_from(leader).ok().and_then(Pid::from_raw).expect("the id of a process");
    // All of it may have ended.
    let _ = kill_process_group(group, Signal::KILL);
}
