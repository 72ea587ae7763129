//! The drill: which worker is killed, which is paused, and when.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::events::Event;
use super::server::Mail;

/// What is still to be done to the workers.
#[derive(Debug, Clone)]
pub(super) struct Drill {
    /// A worker is killed when this number of mails has begun; 0 for none, or none any more.
    kill_after: u64,
    begun: u64,
    pause: Duration,
    paused: Option<Pause>,
    /// Of workers that were paused, those whose work was taken over meanwhile.
    outlived: u64,
}

#[derive(Debug, Clone)]
struct Pause {
    worker: usize,
    night: i64,
    began: Instant,
    taken_over: bool,
}

/// What is to be done to the worker that has said something, or to the one that is paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Strike {
    /// At once; or, with a mail, when the mail server has sent that.
    Kill(usize, Option<Mail>),
    Stop(usize),
    Continue(usize),
}

impl Drill {
    pub(super) fn new(kill_after: u64, pause: Duration) -> Self {
        Self { kill_after, begun: 0, pause, paused: None, outlived: 0 }
    }

    /// Whether this kind of thing was asked for: a kill, a pause.
    pub(super) fn asks(&self) -> (bool, bool) {
        (self.kill_after > 0, !self.pause.is_zero())
    }

    /// What a worker has said, and what follows from it.
    pub(super) fn heard(&mut self, worker: usize, event: &Event) -> Option<Strike> {
        match event {
            Event::Sending { night, to, .. } => {
                self.begun += 1;
                // Not while the other one is paused: then nobody would work.
                let strikes = self.kill_after > 0 && self.begun >= self.kill_after && self.paused.is_none();
                strikes.then(|| {
                    let sent = std::mem::take(&mut self.kill_after).is_multiple_of(2);
                    Strike::Kill(worker, sent.then(|| Mail { night: *night, to: to.clone() }))
                })
            }
            // The first night shows how it is without a pause. One whose work was not taken over is made again.
            Event::Locked { night, .. }
                if !self.pause.is_zero() && self.begun > 0 && self.paused.is_none() && self.outlived == 0 =>
            {
                let (night, began) = (*night, Instant::now());
                self.paused = Some(Pause { worker, night, began, taken_over: false });
                Some(Strike::Stop(worker))
            }
            Event::Written { night, .. } => {
                if let Some(pause) = self.paused.as_mut().filter(|pause| pause.night == *night) {
                    pause.taken_over |= pause.worker != worker;
                }
                None
            }
            _ => None,
        }
    }

    /// What time brings about.
    pub(super) fn passed(&mut self) -> Option<Strike> {
        // What another worker waits for may be held by the one that is paused, such as the lock of a SQLite file.
        const LONGEST: u32 = 4;
        let pause = self.paused.as_ref()?;
        let elapsed = pause.began.elapsed();
        if elapsed < self.pause || !pause.taken_over && elapsed < self.pause * LONGEST {
            return None;
        }
        let (worker, taken_over) = (pause.worker, pause.taken_over);
        self.outlived += u64::from(taken_over);
        self.paused = None;
        Some(Strike::Continue(worker))
    }

    /// A worker has ended, or was replaced.
    pub(super) fn ended(&mut self, worker: usize) {
        self.paused.take_if(|pause| pause.worker == worker);
    }
}

/// Sends a signal to a child of this process that was not waited for, so that its number is its own.
///
/// # Errors
/// There is no program `kill`, or no such process.
pub(super) async fn signal(name: &str, process: u32) -> Result<(), String> {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).arg(process.to_string()).stdin(Stdio::null());
    match kill.status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`kill -{name} {process}`: {status}")),
        Err(error) => Err(format!("`kill` cannot be run: {error}")),
    }
}
