//! A breaker: nothing is sent to a host that only fails.
//!
//! ```text
//! closed ── 10 failures in a row ──► open ── after 5 s, the next request ──► probing ── after 5 s, the next request ──► probing
//!    ▲                                ▲ └───────────── probe dropped ◄──────────┤
//!    │                                └─────────────── probe failed ◄───────────┤
//!    └──────────────────────────────── probe answered ◄─────────────────────────┘
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The number of failures in a row that opens it.
pub(super) const FAILURES: u32 = 10;

/// How long nothing is sent.
const OPEN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing { since: Instant },
}

impl State {
    /// Whether this permit is the probe under way.
    fn is_probe(&self, permitted: Option<Instant>) -> bool {
        matches!(self, Self::Probing { since } if Some(*since) == permitted)
    }

    /// When the next request is a probe.
    fn probes_at(&self, time: Instant) -> Instant {
        if matches!(self, Self::Probing { .. }) { time + OPEN } else { time }
    }
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// A permit to send one request; or after how long, at most, there is one.
    pub(super) fn enter(&self, now: Instant) -> Result<Permit<'_>, Duration> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Ok(Permit { breaker: self, probe_since: None }),
            // A probe that is not answered for as long is not waited for any more.
            State::Open { until } | State::Probing { since: until } if state.probes_at(until) <= now => {
                *state = State::Probing { since: now };
                Ok(Permit { breaker: self, probe_since: Some(now) })
            }
            State::Open { until } | State::Probing { since: until } => Err(state.probes_at(until) - now),
        }
    }

    /// Whether it is known that nothing is sent at this time.
    pub(super) fn is_open_at(&self, time: Instant) -> bool {
        matches!(*self.state(), State::Open { until } if until > time)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A permit to send one request. If a probe is dropped without a result, the next request is the probe.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    /// When the probe was permitted; `None` for an ordinary request.
    probe_since: Option<Instant>,
}

impl Permit<'_> {
    /// The host answered, and its answer is no failure.
    pub(super) fn answered(mut self) {
        let probe = self.probe_since.take();
        let mut state = self.breaker.state();
        // An answer to a request from before the breaker opened does not close it, nor does that of a probe that was given up: only the
        // probe under way does.
        if state.is_probe(probe) || (probe.is_none() && matches!(*state, State::Closed { .. })) {
            *state = State::Closed { failures: 0 };
        }
    }

    /// The host failed.
    pub(super) fn failed(mut self, now: Instant) {
        let probe = self.probe_since.take();
        let mut state = self.breaker.state();
        let failures = match *state {
            _ if state.is_probe(probe) => FAILURES,
            State::Closed { failures } if probe.is_none() => failures + 1,
            _ => return,
        };
        *state = if failures < FAILURES { State::Closed { failures } } else { State::Open { until: now + OPEN } };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let Some(mine) = self.probe_since.take() else { return };
        let mut state = self.breaker.state();
        // Another one may be under way.
        if state.is_probe(Some(mine)) {
            *state = State::Open { until: mine };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        (0..times).for_each(|_| breaker.enter(now).expect("closed").failed(now));
    }

    #[test]
    fn ten_failures_in_a_row_open_it() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        fail(&breaker, 9, now);
        breaker.enter(now).expect("closed").answered();
        fail(&breaker, 9, now);
        assert!(!breaker.is_open_at(now));
        fail(&breaker, 1, now);
        assert_eq!(breaker.enter(now).expect_err("open"), OPEN);
        assert_eq!(breaker.enter(now + OPEN / 5).expect_err("open"), OPEN / 5 * 4);
        assert!(breaker.is_open_at(now) && !breaker.is_open_at(now + OPEN));
    }

    #[test]
    fn one_probe_decides() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        fail(&breaker, 10, now);
        let (later, latest) = (now + OPEN, now + 2 * OPEN);
        let probe = breaker.enter(later).expect("the probe");
        assert_eq!(breaker.enter(later).expect_err("probing"), OPEN);
        probe.failed(later);
        assert!(breaker.is_open_at(later));
        let probe = breaker.enter(latest).expect("the next probe");
        probe.answered();
        fail(&breaker, 9, latest);
        assert!(!breaker.is_open_at(latest));
    }

    #[test]
    fn dropped_probe_permits_the_next_one() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        fail(&breaker, 10, now);
        drop(breaker.enter(now + OPEN).expect("the probe"));
        let _probe = breaker.enter(now + OPEN).expect("the next probe");
        breaker.enter(now + OPEN).expect_err("probing");
    }

    #[test]
    fn probe_that_is_never_answered_does_not_keep_it_open() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        fail(&breaker, 10, now);
        let hangs = breaker.enter(now + OPEN).expect("the probe");
        assert_eq!(breaker.enter(now + OPEN / 5 * 6).expect_err("probing"), OPEN / 5 * 4);
        let next = breaker.enter(now + OPEN * 2).expect("the next probe");
        hangs.failed(now + OPEN * 2);
        breaker.enter(now + OPEN * 2).expect_err("the next one is under way");
        next.answered();
        assert!(breaker.enter(now + OPEN * 2).is_ok());
    }

    #[test]
    fn late_result_does_not_move_an_open_breaker() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        let late = [breaker.enter(now).expect("closed"), breaker.enter(now).expect("closed")];
        fail(&breaker, 10, now);
        let [well, failed] = late;
        well.answered();
        failed.failed(now + OPEN);
        assert!(breaker.is_open_at(now) && !breaker.is_open_at(now + OPEN));
    }
}
