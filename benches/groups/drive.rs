//! Callers in a closed loop for a fixed time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Failure;

/// One call, told its number.
pub(crate) type Call = Arc<dyn Fn(u64) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> + Send + Sync>;

/// Makes a [`Call`] of an async function.
pub(crate) fn call<F, Fut>(work: F) -> Call
where
    F: Fn(u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send + 'static,
{
    Arc::new(move |nth| Box::pin(work(nth)))
}

/// Calls per second, and the time that half of them and that 99 of 100 took at most.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// All calls, those that warmed up among them.
    pub(crate) calls: f64,
}

/// Runs `callers` for `time`; the first fifth warms up and does not count.
pub(crate) async fn drive(call: &Call, callers: usize, time: Duration) -> Result<Sample, Failure> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let warm = time / 5;
    let start = Instant::now();
    let first = NEXT.load(Ordering::Relaxed);
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let call = call.clone();
        tasks.spawn(async move {
            // Microseconds in four bytes: what is kept of the calls is no part of the memory that is measured.
            let mut took: Vec<u32> = Vec::new();
            while start.elapsed() < time + warm {
                let began = Instant::now();
                call(NEXT.fetch_add(1, Ordering::Relaxed)).await?;
                if start.elapsed() > warm {
                    took.push(u32::try_from(began.elapsed().as_micros())?);
                }
            }
            Ok::<_, Failure>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.extend(done??);
    }
    let counted = start.elapsed().saturating_sub(warm);
    took.sort_unstable();
    let at = |place: usize| Duration::from_micros(took.get(place).copied().unwrap_or_default().into());
    let calls = f64::from(u32::try_from(NEXT.load(Ordering::Relaxed) - first)?);
    let rate = f64::from(u32::try_from(took.len())?) / counted.as_secs_f64();
    Ok(Sample { rate, p50: at(took.len() / 2), p99: at(took.len() * 99 / 100), calls })
}
