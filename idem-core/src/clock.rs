//! Time. The database's clock decides what is stored; this file holds the only reading of the local one.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, on the database's clock.
///
/// Displayed, also by `Debug`, as RFC 3339: for example `2026-11-22T10:18:00.000000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The point `micros` microseconds after (or, negative, before) 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This point moved later by `span`; the last representable point if it would be beyond.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The local clock's reading, for machines in memory: nothing stored in a database uses it.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the local clock")]
    pub(crate) fn local() -> Self {
        SystemTime::now().into()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(micros(after)),
            Err(before) => Self(-micros(before.duration())),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        let span = Duration::from_micros(at.0.unsigned_abs());
        if at.0 < 0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span }
    }
}

impl fmt::Display for Timestamp {
    // The proleptic Gregorian calendar counted from 1 March, so that the leap day ends a year (Howard Hinnant,
    // "chrono-Compatible Low-Level Date Algorithms"). A calendar crate would be most of the core's dependencies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MICROS_PER_DAY: i64 = 86_400_000_000;
        let days = self.0.div_euclid(MICROS_PER_DAY) + 719_468;
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_rfc_3339() {
        let shown = |micros| Timestamp::from_micros(micros).to_string();
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(shown(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
        assert_eq!(shown(1_795_342_680_123_456), "2026-11-22T10:18:00.123456Z");
        assert_eq!(format!("{:?}", Some(Timestamp::from_micros(0))), "Some(1970-01-01T00:00:00.000000Z)");
    }

    #[test]
    fn survives_the_ends_of_time() {
        for micros in [i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_micros(micros).to_string().is_empty());
        }
        assert_eq!(Timestamp::from_micros(i64::MAX).saturating_add(Duration::MAX).as_micros(), i64::MAX);
    }
}
