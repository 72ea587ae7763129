//! What is measured, and how: callers in a closed loop for a fixed time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Failure;

/// A boxed future.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A library that takes the calls of a section.
pub(crate) trait Contender: Send + Sync + 'static {
    /// One call. Numbers are never used twice.
    fn call(&self, caller: u64, number: u64) -> Boxed<'_, Result<(), Wrong>>;

    /// How many calls the database holds; an error if what it holds does not add up.
    fn stored(&self) -> Boxed<'_, Result<u64, Failure>>;
}

/// How a call went wrong.
pub(crate) enum Wrong {
    /// The peer says so: counted, and shown.
    Error(String),
    /// It answered what cannot be right: the bench stops.
    Answer(String),
}

impl<E: std::error::Error> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self::Error(error.to_string())
    }
}

/// A contender, and what it answered so far.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    contender: Box<dyn Contender>,
    answered: AtomicU64,
}

/// What a contender did in its turn.
pub(crate) struct Sample {
    /// Calls per second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// How many errors it gave, and one of them.
    pub(crate) errors: (u64, Option<String>),
}

impl Peer {
    /// One that may have stored calls before.
    pub(crate) async fn new(name: &'static str, contender: impl Contender) -> Result<Arc<Self>, Failure> {
        let answered = AtomicU64::new(contender.stored().await?);
        Ok(Arc::new(Self { name, contender: Box::new(contender), answered }))
    }

    /// A turn; its first fifth warms up and does not count.
    pub(crate) async fn turn(self: &Arc<Self>, callers: u64, time: Duration) -> Result<Sample, Failure> {
        let (start, warm) = (Instant::now(), time / 5);
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let this = Arc::clone(self);
            tasks.spawn(async move { this.calls(caller, start, warm, time).await });
        }
        let (mut took, mut errors) = (Vec::new(), (0, None));
        while let Some(done) = tasks.join_next().await {
            let (its, (count, text)) = done??;
            took.extend(its);
            errors.0 += count;
            errors.1 = errors.1.or(text);
        }
        let counted = start.elapsed().saturating_sub(warm);
        took.sort_unstable();
        let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
        let rate = f64::from(u32::try_from(took.len())?) / counted.as_secs_f64();
        Ok(Sample { rate, p50: at(50), p99: at(99), errors })
    }

    async fn calls(&self, caller: u64, start: Instant, warm: Duration, time: Duration) -> Result<Calls, Failure> {
        let (mut took, mut errors) = (Vec::with_capacity(1024), (0, None));
        while start.elapsed() < warm + time {
            let began = Instant::now();
            match self.contender.call(caller, next()).await {
                Ok(()) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    if start.elapsed() > warm {
                        took.push(began.elapsed());
                    }
                }
                Err(Wrong::Error(text)) => errors = (errors.0 + 1, Some(text)),
                Err(Wrong::Answer(text)) => return Err(format!("{}: {text}", self.name).into()),
            }
        }
        Ok((took, errors))
    }

    /// Checks that the database holds as many calls as were answered.
    pub(crate) async fn audit(&self) -> Result<(), Failure> {
        let (stored, answered) = (self.contender.stored().await?, self.answered.load(Ordering::Relaxed));
        if stored == answered {
            return Ok(());
        }
        Err(format!("{}: {stored} calls are stored, {answered} were answered", self.name).into())
    }
}

/// How long a caller's calls took, and its errors.
type Calls = (Vec<Duration>, (u64, Option<String>));

/// A number that was not used before.
pub(crate) fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Spreads numbers (the finaliser of `SplitMix64`).
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
