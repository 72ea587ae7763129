//! Processor time of this process, all threads: what a call costs here even while other work takes the machine.

use std::time::Duration;

/// What was used so far; `None` where there is no `/proc`.
pub(crate) fn used() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses; user and system time are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let ticks = times.next()?.ok()?.checked_add(times.next()?.ok()?)?;
    Some(Duration::from_millis(ticks.checked_mul(MILLIS_PER_TICK)?))
}

/// Linux counts in hundredths of a second for every program.
const MILLIS_PER_TICK: u64 = 10;
