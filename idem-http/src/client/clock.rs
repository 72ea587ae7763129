//! Time and randomness.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::time::{Duration, Instant};

/// Time and randomness as [`Retries`](super::Retries) needs them, to be replaced in tests.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment; it never goes back.
    fn now(&self) -> Instant;

    /// Waits.
    ///
    /// # Cancel safety
    /// It is dropped when the call is dropped.
    fn pause(&self, length: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// A random number from 0 to 1: the share of the longest pause to wait.
    fn jitter(&self) -> f64;
}

/// Tokio's clock, so that `tokio::time::pause` works.
#[derive(Debug)]
pub(super) struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn pause(&self, length: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(length))
    }

    // The pauses of clients must differ; they need not be secret. The random seeds of the standard library's hash tables are enough.
    fn jitter(&self) -> f64 {
        let random = RandomState::new().hash_one(0_u8).to_be_bytes();
        f64::from(u32::from_be_bytes([random[0], random[1], random[2], random[3]])) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pause_is_of_tokios_clock() {
        let (clock, began) = (TokioClock, TokioClock.now());
        clock.pause(Duration::from_hours(1)).await;
        assert!(clock.now() - began >= Duration::from_hours(1));
    }

    #[test]
    fn jitter_is_spread_from_0_to_1() {
        let numbers: Vec<_> = (0..1_000).map(|_| TokioClock.jitter()).collect();
        assert!(numbers.iter().all(|number| (0.0..=1.0).contains(number)));
        // One of these is wrong by chance once in 10^45 runs.
        assert!(numbers.iter().any(|&number| number < 0.1) && numbers.iter().any(|&number| number > 0.9));
    }
}
