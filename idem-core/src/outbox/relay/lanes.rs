//! Lanes whose messages wait after a failure. A lane is a machine, or a sequence: what leaves in order.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// The pause after the first failure; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_mins(1);
/// With as many lanes that wait nothing is loaded: the load would pass over the messages of all of them.
pub(super) const MOST: usize = 1_000;

/// Lanes that have failed, and have not succeeded since.
#[derive(Debug, Default)]
pub(super) struct Lanes(HashMap<String, Lane>);

#[derive(Debug)]
struct Lane {
    failures: u32,
    until: Instant,
}

impl Lanes {
    /// Its first message failed; how often it has by now.
    pub(super) fn failed(&mut self, lane: &str, now: Instant) -> u32 {
        let known = self.0.entry(lane.to_owned()).or_insert(Lane { failures: 0, until: now });
        known.failures = known.failures.saturating_add(1);
        known.until = now + pause(known.failures);
        known.failures
    }

    /// Its first message was delivered, or parked.
    pub(super) fn passed(&mut self, lane: &str) {
        self.0.remove(lane);
    }

    /// Those that still wait.
    pub(super) fn waiting(&self, now: Instant) -> Vec<String> {
        self.0.iter().filter(|(_, lane)| lane.until > now).map(|(name, _)| name.clone()).collect()
    }

    /// When the first of those that still wait may go on.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        self.0.values().map(|lane| lane.until).filter(|until| *until > now).min()
    }

    /// All messages that may go on are in this load: a lane that may, and is not in it, has none left.
    pub(super) fn forget_all_but(&mut self, loaded: &HashSet<&str>, now: Instant) {
        self.0.retain(|name, lane| lane.until > now || loaded.contains(name.as_str()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The pause after this number of failures.
pub(super) fn pause(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_waits_longer_after_each_failure_until_it_passes() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        assert_eq!((lanes.failed("a", now), lanes.failed("a", now), lanes.failed("b", now)), (1, 2, 1));
        assert_eq!((lanes.next(now), lanes.next(now + FIRST)), (Some(now + FIRST), Some(now + FIRST * 2)));
        assert_eq!(lanes.waiting(now + FIRST), ["a"]);
        assert!(lanes.waiting(now + FIRST * 2).is_empty() && !lanes.is_empty());
        lanes.passed("a");
        assert_eq!(lanes.failed("a", now), 1);
    }

    #[test]
    fn lane_that_has_no_message_left_is_forgotten() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        for lane in ["a", "b"] {
            lanes.failed(lane, now);
        }
        lanes.forget_all_but(&HashSet::new(), now);
        assert!(!lanes.is_empty(), "they wait");
        lanes.forget_all_but(&HashSet::from(["a"]), now + FIRST);
        assert_eq!((lanes.failed("a", now), lanes.failed("b", now)), (2, 1));
    }

    #[test]
    fn pause_doubles_up_to_a_minute() {
        let millis = [1, 2, 3, 10, 11, u32::MAX].map(|failures| pause(failures).as_millis());
        assert_eq!(millis, [100, 200, 400, 51_200, 60_000, 60_000]);
    }
}
