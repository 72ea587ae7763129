//! The settings of the middleware.

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::clock::{Clock, TokioClock};
use super::error::End;
use super::hosts::Hosts;

/// The server's clock may run ahead, and an attempt takes time to arrive.
const MARGIN: Duration = Duration::from_hours(1);

/// A middleware of [`reqwest_middleware`] that gives requests an `Idempotency-Key` and sends them again while that is safe: see the
/// [module](super).
///
/// Clones share what they know of the hosts; use clones of one value for all clients of a program.
///
/// # Which requests are repeated
/// Those with a key, and those whose method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE). A POST without a key, where
/// [`Retries::methods`] leaves it out, and a body that is a stream are sent once.
///
/// Add this middleware only for servers that honour the key. A server that ignores it, without saying so, has a second effect on each
/// repeat.
///
/// # Cancel safety
/// A call that is dropped sends nothing more. What it has sent may have its effect; only a call with the same key, by
/// [`RequestKey`](super::RequestKey) or a header of your own, can find out.
///
/// # Errors
/// The call fails with [`SendError`](super::SendError) if no attempt was answered or the host's breaker is open. Otherwise it gives the
/// last answer, with [`Sent`](super::Sent) among its extensions.
#[derive(Debug, Clone)]
pub struct Retries {
    attempts: u32,
    give_up_after: Duration,
    server_keeps: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    pub(super) methods: Arc<[Method]>,
    pub(super) follows_redirects: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hosts: Arc<Hosts>,
}

impl Default for Retries {
    /// Five attempts within 30 seconds, pauses of up to 200 ms, then doubling up to 5 s; keys for POST and PATCH, which the server keeps
    /// for 24 hours.
    fn default() -> Self {
        Self {
            attempts: 5,
            give_up_after: Duration::from_secs(30),
            server_keeps: Duration::from_hours(24),
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            methods: Arc::new([Method::POST, Method::PATCH]),
            follows_redirects: true,
            clock: Arc::new(TokioClock),
            hosts: Arc::default(),
        }
    }
}

impl Retries {
    /// At most this many attempts, the first included; at least 1. Default 5. With 1 a request is sent once. One that meets the first
    /// request in flight does not count: those end with [`give_up_after`](Self::give_up_after).
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// No attempt begins later than this after the first. Default 30 seconds.
    ///
    /// An attempt that has begun is not cut off: how long it may take is a setting of the client, `reqwest::ClientBuilder::timeout`, which
    /// has no default. Without a timeout, an attempt that is never answered is never repeated.
    #[must_use]
    pub fn give_up_after(self, time: Duration) -> Self {
        Self { give_up_after: time, ..self }
    }

    /// How long the server remembers a key, at least. Default 24 hours.
    ///
    /// No attempt with a key begins later than an hour before that, counted from the first attempt of the call: a repeat under a forgotten
    /// key is a second effect. With an hour or less, a request with a key is sent once. If you repeat a whole call, by
    /// [`RequestKey`](super::RequestKey), keep to this time as well.
    #[must_use]
    pub fn server_keeps(self, time: Duration) -> Self {
        Self { server_keeps: time, ..self }
    }

    /// The longest pause after the first attempt; after each further one it doubles. Default 200 milliseconds. A pause is a random share
    /// of that, and never shorter than `Retry-After`, of which a day is waited at most; a date there counts from the answer's `Date`, and for
    /// nothing without one.
    #[must_use]
    pub fn first_pause(self, pause: Duration) -> Self {
        Self { first_pause: pause, ..self }
    }

    /// The longest pause after any attempt, unless `Retry-After` is longer. Default 5 seconds.
    #[must_use]
    pub fn longest_pause(self, pause: Duration) -> Self {
        Self { longest_pause: pause, ..self }
    }

    /// The methods that get a key. Default POST and PATCH. A key that the caller gives is used with any method.
    ///
    /// ```
    /// use http::Method;
    /// use idem_http::client::Retries;
    ///
    /// let retries = Retries::default().methods([Method::POST, Method::PATCH, Method::DELETE]);
    /// ```
    #[must_use]
    pub fn methods(self, methods: impl IntoIterator<Item = Method>) -> Self {
        Self { methods: methods.into_iter().collect(), ..self }
    }

    /// The client follows no redirects: it is built with `redirect::Policy::none()`. Then a request that got no connection was not sent, and
    /// [`SendError::was_sent`](super::SendError::was_sent) says so. Where redirects are followed, the connection may be that to a second host.
    #[must_use]
    pub fn no_redirects(self) -> Self {
        Self { follows_redirects: false, ..self }
    }

    /// Another clock and source of randomness, for tests. The budget always uses tokio's clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Whether a request may be sent once more, after a pause that ends so long after the first attempt.
    pub(super) fn in_time(&self, since_first: Duration, keyed: bool) -> Result<(), End> {
        if keyed && since_first > self.server_keeps.saturating_sub(MARGIN) {
            return Err(End::KeyForgotten);
        }
        if since_first > self.give_up_after { Err(End::GivenUp) } else { Ok(()) }
    }

    /// Whether one more attempt may follow this number of failed ones.
    pub(super) fn may_follow(&self, failed: u32) -> Result<(), End> {
        if failed >= self.attempts || self.attempts == 1 { Err(End::Attempts) } else { Ok(()) }
    }

    /// The pause after attempt number `made`: full jitter, and at least `Retry-After`.
    pub(super) fn pause(&self, made: u32, wait: Option<Duration>) -> Duration {
        let doubled = self.first_pause.saturating_mul(2_u32.saturating_pow(made.saturating_sub(1)));
        let share = self.clock.jitter();
        // The clock is the caller's, and a share that is no number, or below 0, would end in a panic.
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
        // A day bounds the product: with `Duration::MAX` it would overflow.
        let longest = doubled.min(self.longest_pause).min(Duration::from_hours(24));
        longest.mul_f64(share).max(wait.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::time::Instant;

    use super::*;

    #[derive(Debug)]
    struct Share(f64);

    impl Clock for Share {
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn pause(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            Box::pin(std::future::ready(()))
        }

        fn jitter(&self) -> f64 {
            self.0
        }
    }

    fn pauses(retries: &Retries, wait: Option<u64>) -> Vec<u128> {
        let wait = wait.map(Duration::from_millis);
        (1..6).map(|made| retries.pause(made, wait).as_millis()).collect()
    }

    #[test]
    fn pause_is_a_share_of_what_doubles_and_at_least_the_wait() {
        let retries = Retries::default()
            .attempts(9)
            .first_pause(Duration::from_millis(100))
            .longest_pause(Duration::from_millis(700));
        let with = |share| retries.clone().clock(Arc::new(Share(share)));
        assert_eq!(pauses(&with(1.0), None), [100, 200, 400, 700, 700]);
        assert_eq!(pauses(&with(0.5), None), [50, 100, 200, 350, 350]);
        assert_eq!(pauses(&with(0.0), None), [0; 5]);
        assert_eq!(pauses(&with(1.0), Some(300)), [300, 300, 400, 700, 700]);
        assert_eq!(pauses(&with(1.0), Some(9_000)), [9_000; 5]);
        for odd in [f64::NAN, f64::INFINITY, -1.0, 7.0] {
            assert!(pauses(&with(odd), None).iter().all(|&pause| pause <= 700));
        }
    }

    #[test]
    fn pause_of_extreme_settings_is_bounded() {
        let retries = Retries::default().attempts(u32::MAX).first_pause(Duration::MAX).longest_pause(Duration::MAX);
        let longest = retries.clock(Arc::new(Share(1.0))).pause(u32::MAX - 1, None);
        assert_eq!(longest, Duration::from_hours(24));
    }

    #[test]
    fn no_attempt_follows_the_last() {
        assert_eq!(Retries::default().attempts(3).may_follow(3), Err(End::Attempts));
        assert_eq!(Retries::default().attempts(3).may_follow(2), Ok(()));
        assert_eq!(Retries::default().attempts(0).may_follow(1), Err(End::Attempts));
        assert_eq!(Retries::default().attempts(1).may_follow(0), Err(End::Attempts));
    }

    #[test]
    fn time_ends_an_hour_before_the_server_forgets_the_key() {
        let hours = |hours: u64| Duration::from_hours(hours);
        let retries = Retries::default().server_keeps(hours(24)).give_up_after(hours(100));
        assert_eq!(retries.in_time(hours(23), true), Ok(()));
        assert_eq!(retries.in_time(hours(23) + Duration::from_nanos(1), true), Err(End::KeyForgotten));
        assert_eq!(retries.in_time(hours(99), false), Ok(()));
        assert_eq!(retries.in_time(hours(101), false), Err(End::GivenUp));
        assert_eq!(retries.server_keeps(hours(1)).in_time(Duration::from_nanos(1), true), Err(End::KeyForgotten));
    }
}
