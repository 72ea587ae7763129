//! Timestamps as text and in serde's formats.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::timestamp::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// From 1 March of the year 0 to 1 January 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

/// A text is no timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no timestamp; write it as RFC 3339 does, for example `2026-11-22T10:18:00Z`")]
pub struct ParseTimestampError {
    /// The text, cut short.
    text: String,
}

// The proleptic Gregorian calendar counted from 1 March, so that the leap day ends a year (Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms"). A calendar crate would be most of the core's dependencies.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, fraction) = (self.0.div_euclid(MICROS_PER_SECOND), self.0.rem_euclid(MICROS_PER_SECOND));
        let (days, seconds) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = date(days);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads RFC 3339: with `Z` or an offset, and any number of digits of a second, of which those past microseconds are cut off.
    /// Years outside 0 to 9999 are read as they are displayed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHOWN: usize = 40;
        parse(text).ok_or_else(|| ParseTimestampError { text: text.chars().take(SHOWN).collect() })
    }
}

/// The year, month and day that is this number of days after 1 January 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_BEFORE_1970;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The other way.
fn days((year, month, day): (i64, i64, i64)) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_BEFORE_1970
}

fn parse(text: &str) -> Option<Timestamp> {
    let (of_date, of_time) = text.split_once(['T', 't', ' '])?;
    let mut fields = of_date.rsplitn(3, '-');
    let (day, month, of_year) = (two_digits(fields.next()?)?, two_digits(fields.next()?)?, fields.next()?);
    let days = days((year(of_year)?, month, day));
    // No other text stands for the date: a day past the end of its month is refused.
    if date(days) != (year(of_year)?, month, day) {
        return None;
    }
    let (of_time, offset) = offset(of_time)?;
    let (of_time, fraction) = of_time.split_once('.').map_or((of_time, Some(0)), |(time, of)| (time, micros(of)));
    let mut fields = of_time.splitn(3, ':').map(two_digits);
    let (hour, minute, second) = (fields.next()??, fields.next()??, fields.next()??);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offset;
    let micros = i128::from(seconds) * i128::from(MICROS_PER_SECOND) + i128::from(fraction?);
    i64::try_from(micros).ok().map(Timestamp)
}

/// Four digits, or more with a sign as they are displayed.
fn year(text: &str) -> Option<i64> {
    const MOST: usize = 6;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let least = if sign < 0 { 3 } else { 4 };
    if digits.len() < least || digits.len() > MOST { None } else { number(digits).map(|year| sign * year) }
}

/// The time without its offset, and that in seconds.
fn offset(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (time, offset) = text.split_at(at);
    let (hours, minutes) = offset[1..].split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    Some((time, if offset.starts_with('-') { -seconds } else { seconds }))
}

/// The digits after the point.
fn micros(digits: &str) -> Option<i64> {
    let shown = digits.get(..digits.len().min(6))?;
    let scale = 10_i64.pow(u32::try_from(6 - shown.len()).ok()?);
    number(digits)?;
    Some(number(shown)? * scale)
}

fn two_digits(text: &str) -> Option<i64> {
    if text.len() == 2 { number(text) } else { None }
}

/// Digits alone: no sign, no white space. A value that is too large is the largest.
fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(i64::MAX))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text)
        } else {
            i64::deserialize(deserializer).map(Timestamp)
        }
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp as RFC 3339 writes it")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_is_displayed_as_rfc_3339() {
        let shown = |micros| Timestamp(micros).to_string();
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(shown(951_782_400_000_000), "2000-02-29T00:00:00.000000Z");
        assert_eq!(shown(1_795_342_680_123_456), "2026-11-22T10:18:00.123456Z");
        assert_eq!(format!("{:?}", Some(Timestamp(0))), "Some(1970-01-01T00:00:00.000000Z)");
    }

    #[test]
    fn timestamp_text_is_read_back() {
        let days = (-1_000..1_000).map(|step| step * 86_400_000_000 * 37 + step);
        for micros in days.chain([i64::MIN, i64::MAX, -62_200_000_000_000_000, 253_402_300_800_000_000]) {
            let text = Timestamp(micros).to_string();
            assert_eq!(text.parse(), Ok(Timestamp(micros)), "{text}");
        }
    }

    #[test]
    fn timestamp_in_every_rfc_3339_form_is_read() {
        for text in [
            "2026-11-22T10:18:00.1Z",
            "2026-11-22t10:18:00.100z",
            "2026-11-22 10:18:00.1000009Z",
            "2026-11-22T11:48:00.1+01:30",
            "2026-11-21T20:18:00.100000-14:00",
            "2026-11-22T10:18:00.1-00:00",
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(1_795_342_680_100_000)), "{text}");
        }
    }

    #[test]
    fn timestamp_in_other_form_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T10:18Z",
            "2026-11-22T10:18:00",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:60:00Z",
            "2026-11-22T10:18:60Z",
            "2026-11-31T10:18:00Z",
            "2026-02-29T10:18:00Z",
            "2026-00-22T10:18:00Z",
            "2026-13-22T10:18:00Z",
            "2026-11-00T10:18:00Z",
            "2026-1-22T10:18:00Z",
            "+2026-11-22T10:18:00Z",
            "26-11-22T10:18:00Z",
            "2026-11-22T10:18:00.Z",
            "2026-11-22T10:18:00.1 Z",
            "2026-11-22T10:18:00.-1Z",
            "2026-11-22T10:18:00+1:00",
            "2026-11-22T10:18:00+24:00",
            "2026-11-22T10:18:00+0100",
            "999999-11-22T10:18:00Z",
            "2026-11-22T10:18:00Z ",
            "2026-11-22T10:18:0\u{e9}Z",
            "2026-11-22T10:18:00.12345\u{e9}Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
        let long = "9".repeat(1_000).parse::<Timestamp>().expect_err("no timestamp");
        assert!(long.to_string().len() < 200);
    }

    #[test]
    fn timestamp_json_is_its_text() {
        let at = Timestamp(1_795_342_680_123_456);
        let json = serde_json::to_string(&at).expect("writes");
        assert_eq!(json, r#""2026-11-22T10:18:00.123456Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(&json).expect("reads"), at);
        for other in ["1795342680123456", "null", "\"now\""] {
            assert!(serde_json::from_str::<Timestamp>(other).is_err(), "{other}");
        }
    }
}
