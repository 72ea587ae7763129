//! What is measured, and how: callers in a closed loop for a fixed time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::workload::{MACHINES, Receipt, Request, mix};
use crate::{Failure, Load, Work, cpu};

/// Something that applies keyed commands to stored machines.
pub(crate) trait Contender: Send + Sync + 'static {
    /// Applies the command, or answers what the key was answered with before.
    fn apply(&self, request: &Request) -> impl Future<Output = Result<Answer, Failure>> + Send;

    /// How many transitions are stored, those of the start included; an error if they do not add up.
    fn audit(&self) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// What a command is answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) receipt: Receipt,
    pub(crate) fresh: bool,
}

/// Calls per second, and how long they took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) rate: f64,
    /// Unknown for a contender that only reports its rate.
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
    /// Processor time of this process per call.
    pub(crate) cpu: Option<Duration>,
}

/// A row of the report.
pub(crate) trait Measured {
    fn name(&self) -> &'static str;

    /// Runs one load for its time.
    fn measure(&self, load: Load) -> Pin<Box<dyn Future<Output = Result<Sample, Failure>> + Send + '_>>;

    /// Checks that the database holds what was answered.
    fn audit(&self) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>>;
}

/// A contender in this process, with what it was asked so far.
pub(crate) struct InProcess<C> {
    name: &'static str,
    contender: Arc<C>,
    seed: u64,
    /// Requests handed out so far; those below it are known unless a call is in flight.
    fresh: Arc<AtomicU64>,
    /// Counts replays, to spread them.
    replays: Arc<AtomicU64>,
}

/// Known keys that a replay picks from.
pub(crate) const KNOWN: u64 = 10_000;

impl<C: Contender> InProcess<C> {
    /// Applies the first [`KNOWN`] requests, so that there is something to replay.
    pub(crate) async fn warmed(name: &'static str, contender: C, seed: u64) -> Result<Self, Failure> {
        let this = Self { name, contender: Arc::new(contender), seed, fresh: Arc::default(), replays: Arc::default() };
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (contender, next) = (Arc::clone(&this.contender), Arc::clone(&this.fresh));
            tasks.spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= KNOWN {
                        break Ok::<_, Failure>(());
                    }
                    check(contender.as_ref(), seed, n, true).await?;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        this.fresh.store(KNOWN, Ordering::Relaxed);
        Ok(this)
    }

    fn next(work: Work, fresh: &AtomicU64, replays: &AtomicU64) -> u64 {
        match work {
            Work::Fresh => fresh.fetch_add(1, Ordering::Relaxed),
            Work::Replay => mix(replays.fetch_add(1, Ordering::Relaxed)) % KNOWN,
        }
    }
}

/// One call, and that its answer is the right one.
async fn check<C: Contender>(contender: &C, seed: u64, n: u64, fresh: bool) -> Result<(), Failure> {
    let request = Request::nth(seed, n);
    let answer = contender.apply(&request).await?;
    if answer.fresh != fresh || answer.receipt.reference != request.turn.reference {
        return Err(format!("request {n} was answered {answer:?}, expected fresh = {fresh}").into());
    }
    Ok(())
}

impl<C: Contender> Measured for InProcess<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn measure(&self, load: Load) -> Pin<Box<dyn Future<Output = Result<Sample, Failure>> + Send + '_>> {
        Box::pin(async move {
            let mut tasks = JoinSet::new();
            let (start, seed, cpu) = (Instant::now(), self.seed, cpu::used());
            for _ in 0..load.tasks {
                let contender = Arc::clone(&self.contender);
                let (fresh, replays) = (Arc::clone(&self.fresh), Arc::clone(&self.replays));
                tasks.spawn(async move {
                    let mut took = Vec::with_capacity(4096);
                    while start.elapsed() < load.time {
                        let n = Self::next(load.work, &fresh, &replays);
                        let call = Instant::now();
                        check(contender.as_ref(), seed, n, load.work == Work::Fresh).await?;
                        took.push(call.elapsed());
                    }
                    Ok::<_, Failure>(took)
                });
            }
            let mut took = Vec::new();
            while let Some(done) = tasks.join_next().await {
                took.extend(done??);
            }
            let cpu = cpu.and_then(|before| cpu::used()?.checked_sub(before));
            Sample::of(took, start.elapsed(), cpu)
        })
    }

    fn audit(&self) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
        Box::pin(async move {
            let (stored, asked) = (self.contender.audit().await?, self.fresh.load(Ordering::Relaxed));
            let expected = asked.saturating_add(MACHINES);
            if stored == expected {
                return Ok(());
            }
            Err(format!("{}: {stored} transitions are stored, {expected} were answered", self.name).into())
        })
    }
}

impl Sample {
    fn of(mut took: Vec<Duration>, whole: Duration, cpu: Option<Duration>) -> Result<Self, Failure> {
        took.sort_unstable();
        let at = |percent: usize| took.get(took.len().saturating_mul(percent) / 100).copied();
        let calls = u32::try_from(took.len())?;
        let cpu = cpu.and_then(|cpu| cpu.checked_div(calls));
        Ok(Self { rate: f64::from(calls) / whole.as_secs_f64(), p50: at(50), p99: at(99), cpu })
    }
}
