//! `Retry-After` (RFC 9110, section 10.2.3), as seconds or as a date.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName};

/// Beyond this nobody waits in a call; it also keeps sums of times far from overflow.
const LONGEST: Duration = Duration::from_hours(24);

/// How long to wait, at most a day. `None` if the header is missing or is not what the RFC allows: such a value promises nothing.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, &RETRY_AFTER)?;
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // All digits, so the only error is a number that is too large.
        text.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        // Measured from the server's own `Date`: the clocks of the two may differ. Without one the length is unknown, and the ordinary
        // pause has to do.
        let now = self::text(headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok());
        now.and_then(|now| until.duration_since(now).ok()).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(value: &'static [u8], date: Option<&'static str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_read_and_bounded() {
        assert_eq!(retry_after(&HeaderMap::new()), None);
        assert_eq!(read(b"0", None), Some(0));
        assert_eq!(read(b" 17 ", None), Some(17));
        assert_eq!(read(b"007", None), Some(7));
        for huge in [&b"86401"[..], b"18446744073709551615", b"18446744073709551616", &[b'9'; 300]] {
            assert_eq!(read(huge, None), Some(86_400));
        }
    }

    #[test]
    fn unfit_value_is_no_value() {
        for unfit in [&b""[..], b"-1", b"+1", b"1.5", b"1s", b"0x10", b"1,2", b"NaN", b"soon", b"\xff", b"\xd9\xa3"] {
            assert_eq!(read(unfit, None), None, "{unfit:?}");
        }
    }

    #[test]
    fn date_is_measured_from_the_servers_own() {
        let now = Some("Mon, 30 Nov 2026 04:00:00 GMT");
        assert_eq!(read(b"Mon, 30 Nov 2026 04:00:40 GMT", now), Some(40));
        assert_eq!(read(b"Monday, 30-Nov-26 04:00:40 GMT", now), Some(40));
        assert_eq!(read(b"Mon, 30 Nov 2026 03:00:00 GMT", now), Some(0));
        assert_eq!(read(b"Fri, 31 Dec 9999 23:59:59 GMT", now), Some(86_400));
        assert_eq!(read(b"Mon, 30 Nov 2026 04:00:40 GMT", None), Some(0));
        assert_eq!(read(b"Mon, 30 Nov 2026 04:00:40 GMT", Some("today")), Some(0));
        assert_eq!(read(b"Mon, 99 Nov 2026 04:00:40 GMT", now), None);
    }
}
