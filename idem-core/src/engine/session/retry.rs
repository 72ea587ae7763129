//! How often, and how far apart.

use std::time::Duration;

/// How long to wait for a database that does not answer, to look up whether a write happened.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How a call or a transaction is tried again when other writers are faster: exponential pauses with full jitter, bounded in
/// number.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::time::Duration;
///
/// use idem_core::update::retry_stale;
/// use idem_core::{Error, RetryPolicy};
///
/// let runs = async |policy: RetryPolicy| {
///     let mut runs = 0;
///     let answer = retry_stale(policy, || {
///         runs += 1;
///         async { Err::<(), _>(Error::Contention { attempts: 1 }) }
///     });
///     assert!(matches!(answer.await, Err(Error::Contention { .. })));
///     runs
/// };
/// assert_eq!(runs(RetryPolicy::never()).await, 1);
/// assert_eq!(runs(RetryPolicy::default().attempts(5).longest_pause(Duration::from_millis(20))).await, 5);
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    first: Duration,
    longest: Duration,
}

impl Default for RetryPolicy {
    /// Ten attempts; pauses of up to 5 ms, then doubling up to 500 ms.
    fn default() -> Self {
        Self { attempts: 10, first: Duration::from_millis(5), longest: Duration::from_millis(500) }
    }
}

impl RetryPolicy {
    /// No retries: one attempt.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// At most this many attempts, the first included; at least 1. Default 10.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// The longest pause after the first attempt; after each further one it doubles. Default 5 milliseconds. A pause is a random
    /// share of that, and never longer than [`RetryPolicy::longest_pause`].
    #[must_use]
    pub fn first_pause(self, first: Duration) -> Self {
        Self { first, ..self }
    }

    /// The longest pause after any attempt. Default 500 milliseconds.
    #[must_use]
    pub fn longest_pause(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Whether no attempt is left after `made`.
    pub(crate) fn spent(&self, made: u32) -> bool {
        made >= self.attempts
    }

    /// How many attempts there are at most, the first included.
    pub fn limit(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn longest(&self) -> Duration {
        self.longest.max(self.first)
    }

    /// Waits before the next attempt, after `made` of them (at least 1); false, at once, if none is left. For a layer that runs a
    /// transaction again, as [`Idem::transaction`](crate::Idem::transaction) does.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use idem_core::RetryPolicy;
    ///
    /// let twice = RetryPolicy::default().attempts(2);
    /// assert_eq!((twice.pause(1).await, twice.pause(2).await, twice.limit()), (true, false, 2));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Cancel safety
    /// It only waits.
    pub async fn pause(&self, made: u32) -> bool {
        if self.spent(made) {
            return false;
        }
        let ceiling = self.first.saturating_mul(2_u32.saturating_pow(made.saturating_sub(1))).min(self.longest);
        tokio::time::sleep(ceiling.mul_f64(jitter())).await;
        true
    }
}

/// A random share between 0 and 1.
fn jitter() -> f64 {
    // Without randomness the full pause is waited: slower, and still right.
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}
