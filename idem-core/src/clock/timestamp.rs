//! A point in time, and the only reading of the local clock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, on the database's clock.
///
/// Displayed, also by `Debug`, as RFC 3339, and read from it. serde writes it so in formats that people read, such as JSON, and as
/// the number of microseconds in others. A number in JSON is refused: it could be of any unit.
///
/// ```
/// use idem_core::clock::Timestamp;
/// let at: Timestamp = "2026-11-22T11:18:00.5+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-22T10:18:00.500000Z");
/// assert!("22.11.2026".parse::<Timestamp>().is_err());
/// # Ok::<(), idem_core::clock::ParseTimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub(super) i64);

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

    /// This point moved earlier by `span`; the first representable point if it would be before.
    ///
    /// ```
    /// use idem_core::Timestamp;
    /// use std::time::Duration;
    ///
    /// let at: Timestamp = "2026-11-22T10:15:00Z".parse()?;
    /// assert_eq!(at.saturating_sub(Duration::from_mins(15)).to_string(), "2026-11-22T10:00:00.000000Z");
    /// assert_eq!(Timestamp::from_micros(i64::MIN).saturating_sub(Duration::MAX), Timestamp::from_micros(i64::MIN));
    /// # Ok::<(), idem_core::clock::ParseTimestampError>(())
    /// ```
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use idem_core::Timestamp;
    /// let at: Timestamp = "2026-11-22T10:18:00Z".parse()?;
    /// let later = at.saturating_add(Duration::from_secs(90));
    /// assert_eq!(later.saturating_since(at), Duration::from_secs(90));
    /// assert_eq!(at.saturating_since(later), Duration::ZERO);
    /// # Ok::<(), idem_core::clock::ParseTimestampError>(())
    /// ```
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

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_arithmetic_saturates() {
        assert_eq!(Timestamp::from_micros(i64::MAX).saturating_add(Duration::MAX).as_micros(), i64::MAX);
        let (first, last) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
        assert_eq!(first.saturating_since(last), Duration::ZERO);
    }
}
