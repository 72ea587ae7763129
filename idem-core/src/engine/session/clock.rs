//! The database's clock, as far as it is known here.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::Timestamp;

/// The database's clock: behind it by no more than the time that an answer took, unless it was set since.
#[derive(Debug)]
pub(crate) struct DatabaseClock {
    began: Instant,
    /// By how many microseconds the database's clock is ahead of the time since `began`.
    ahead: AtomicI64,
    /// When that was noted, in microseconds since `began`.
    noted: AtomicI64,
}

/// How long a time that was read is relied on: clocks drift apart, and are set.
const RELIED_ON: Duration = Duration::from_mins(1);

const UNKNOWN: i64 = i64::MIN;

impl DatabaseClock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), ahead: AtomicI64::new(UNKNOWN), noted: AtomicI64::new(0) }
    }

    /// The database has given its time.
    pub(crate) fn note(&self, now: Timestamp) {
        let elapsed = self.elapsed();
        self.ahead.store(now.as_micros().saturating_sub(elapsed).max(UNKNOWN + 1), Ordering::Relaxed);
        self.noted.store(elapsed, Ordering::Relaxed);
    }

    /// Whether the time was read lately.
    pub(crate) fn is_known(&self) -> bool {
        let age = self.elapsed().saturating_sub(self.noted.load(Ordering::Relaxed));
        self.ahead.load(Ordering::Relaxed) != UNKNOWN && age < micros(RELIED_ON)
    }

    /// The time that was read is wrong.
    pub(crate) fn forget(&self) {
        self.ahead.store(UNKNOWN, Ordering::Relaxed);
    }

    /// The time in a while; `None` if it was never read.
    pub(crate) fn after(&self, wait: Duration) -> Option<Timestamp> {
        let ahead = Some(self.ahead.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)?;
        Some(Timestamp::from_micros(ahead.saturating_add(self.elapsed()).saturating_add(micros(wait))))
    }

    /// How long it is until then; nothing if the time is not known.
    pub(crate) fn until(&self, then: Timestamp) -> Duration {
        let now = self.after(Duration::ZERO).unwrap_or(then);
        Duration::from_micros(u64::try_from(then.as_micros().saturating_sub(now.as_micros())).unwrap_or_default())
    }

    fn elapsed(&self) -> i64 {
        micros(self.began.elapsed())
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_clock_continues_from_noted_time() {
        let clock = DatabaseClock::new();
        assert!(!clock.is_known() && clock.after(Duration::ZERO).is_none());
        let told = Timestamp::from_micros(1_000_000);
        clock.note(told);
        let then = clock.after(Duration::from_secs(2)).expect("it was told");
        assert!(clock.is_known() && then.as_micros() >= 3_000_000);
        assert!(clock.until(then) <= Duration::from_secs(2));
        assert_eq!(clock.until(told), Duration::ZERO);
        clock.forget();
        assert!(!clock.is_known() && clock.after(Duration::ZERO).is_none());
    }

    #[test]
    fn database_clock_at_ends_of_time_does_not_overflow() {
        for told in [i64::MIN + 1, i64::MAX] {
            let clock = DatabaseClock::new();
            clock.note(Timestamp::from_micros(told));
            let _ = clock.until(clock.after(Duration::MAX).expect("it was told"));
        }
    }
}
