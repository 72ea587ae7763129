//! Whether an answer is final: the rules of the table in the module's docs.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::retry_after::retry_after;

const REPLAYED: &str = "idempotent-replayed";
const STATUS: &str = "idempotency-status";
const STRIPE: &str = "stripe-should-retry";

/// What to do after an answer, as [`verdict`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "another client must handle both; there is no third thing to do")]
pub enum Advice {
    /// The answer is final: do not send the request again.
    Final,
    /// Send the request again, with the same key and the same bytes.
    Again {
        /// What `Retry-After` says, at most a day: do not send it earlier. `None` if there is none that can be read.
        wait: Option<Duration>,
        /// Whether the answer is a failure of the host, which counts against its budget and breaker.
        counts: bool,
    },
}

/// Whether to repeat a request that was answered so.
///
/// The rules are for a request that is idempotent by its method or carries an idempotency key; without either, a repeat can be a second
/// effect whatever the answer.
///
/// ```
/// use std::time::Duration;
///
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use idem_http::client::{Advice, verdict};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(verdict(StatusCode::CONFLICT, &headers), Advice::Final);                  // the application's own
/// headers.insert("retry-after", HeaderValue::from_static("3"));
/// let wait = Some(Duration::from_secs(3));
/// assert_eq!(verdict(StatusCode::CONFLICT, &headers), Advice::Again { wait, counts: false });      // in flight
/// headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
/// assert_eq!(verdict(StatusCode::INTERNAL_SERVER_ERROR, &headers), Advice::Final);     // what happened the first time
/// ```
pub fn verdict(status: StatusCode, headers: &HeaderMap) -> Advice {
    let wait = retry_after(headers);
    let again = |counts| Advice::Again { wait, counts };
    // Headers are enough: the problem `outcome-unknown` that must not be repeated is a 409 without `Retry-After`. So the body is left to the
    // caller, unread.
    #[allow(clippy::match_same_arms, reason = "one arm for each line of the table, in its order")]
    match status.as_u16() {
        // The table is of failures: no header makes a success one.
        ..400 => Advice::Final,
        _ if says(headers, REPLAYED, "true") && !seeded_bug!("replay-repeated") => Advice::Final,
        // The server did not look at the key, so a repeat can be a second effect; with `Retry-After` it promises that there was none.
        _ if wait.is_none() && says(headers, STATUS, "ignored") => Advice::Final,
        _ if says(headers, STRIPE, "false") => Advice::Final,
        _ if says(headers, STRIPE, "true") => again(true),
        409 if wait.is_some() => again(false),
        425 => again(false),
        408 | 429 => again(true),
        500 | 502..=504 => again(true),
        _ => Advice::Final,
    }
}

/// Whether one of the lines of this header is this word, with or without parameters.
fn says(headers: &HeaderMap, name: &str, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|line| line.split(';').next().is_some_and(|token| token.trim().eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const AGAIN: Advice = Advice::Again { wait: None, counts: true };

    fn advice(status: u16, headers: &[(&'static str, &'static str)]) -> Advice {
        let headers = headers.iter().map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        verdict(StatusCode::from_u16(status).unwrap(), &headers.collect())
    }

    fn after(seconds: u64, counts: bool) -> Advice {
        Advice::Again { wait: Some(Duration::from_secs(seconds)), counts }
    }

    #[test]
    fn replay_is_final_whatever_else_it_says() {
        let replay = ("idempotent-replayed", "true");
        for status in [200, 402, 409, 425, 429, 500, 503] {
            let more = [replay, ("stripe-should-retry", "true"), ("retry-after", "1")];
            assert_eq!(advice(status, &more), Advice::Final, "{status}");
        }
        assert_eq!(advice(500, &[("idempotent-replayed", "True")]), Advice::Final);
        assert_eq!(advice(500, &[("idempotent-replayed", "false")]), AGAIN);
        assert_eq!(advice(500, &[("idempotent-replayed", "false"), replay]), Advice::Final);
    }

    #[test]
    fn stripe_header_decides_before_the_status() {
        for status in [402, 409, 429, 500, 503] {
            assert_eq!(advice(status, &[("stripe-should-retry", "false"), ("retry-after", "1")]), Advice::Final);
            assert_eq!(advice(status, &[("stripe-should-retry", "true")]), AGAIN, "{status}");
        }
        assert_eq!(advice(409, &[("stripe-should-retry", "true"), ("retry-after", "2")]), after(2, true));
        assert_eq!(advice(500, &[("stripe-should-retry", "perhaps")]), AGAIN);
        assert_eq!(advice(402, &[("stripe-should-retry", "perhaps")]), Advice::Final);
        for status in [201, 307] {
            assert_eq!(advice(status, &[("stripe-should-retry", "true")]), Advice::Final, "{status}");
        }
    }

    #[test]
    fn client_error_is_final() {
        for status in [400, 401, 403, 404, 405, 410, 412, 413, 418, 421, 422, 428, 431, 451] {
            assert_eq!(advice(status, &[("retry-after", "1")]), Advice::Final, "{status}");
        }
    }

    #[test]
    fn conflict_is_in_flight_only_with_retry_after() {
        assert_eq!(advice(409, &[("retry-after", "3")]), after(3, false));
        assert_eq!(advice(409, &[("content-type", "application/problem+json")]), Advice::Final);
        assert_eq!(advice(409, &[("retry-after", "-3")]), Advice::Final);
        assert_eq!(advice(409, &[("retry-after", "Thu, 01 Jan 2026 00:00:00 GMT")]), after(0, false));
    }

    #[test]
    fn too_early_is_repeated_and_does_not_count() {
        assert_eq!(advice(425, &[]), Advice::Again { wait: None, counts: false });
        assert_eq!(advice(425, &[("retry-after", "1")]), after(1, false));
    }

    #[test]
    fn timeout_and_rate_limit_are_repeated_after_their_wait() {
        for status in [408, 429] {
            assert_eq!(advice(status, &[]), AGAIN);
            assert_eq!(advice(status, &[("retry-after", "7")]), after(7, true));
            assert_eq!(advice(status, &[("idempotency-status", "ignored")]), Advice::Final);
        }
    }

    #[test]
    fn server_error_of_ignored_key_is_final() {
        for status in [500, 502, 503, 504] {
            let ignored = ("idempotency-status", "ignored");
            assert_eq!(advice(status, &[ignored]), Advice::Final, "{status}");
            assert_eq!(advice(status, &[("idempotency-status", "ignored;why=\"off\"")]), Advice::Final);
            assert_eq!(advice(status, &[ignored, ("retry-after", "soon")]), Advice::Final);
            assert_eq!(advice(status, &[ignored, ("retry-after", "4")]), after(4, true));
        }
    }

    #[test]
    fn server_error_is_repeated() {
        for status in [500, 502, 503, 504] {
            assert_eq!(advice(status, &[]), AGAIN);
            assert_eq!(advice(status, &[("idempotency-status", "released")]), AGAIN);
            assert_eq!(advice(status, &[("retry-after", "9")]), after(9, true));
        }
        for status in [501, 505, 507, 511, 599] {
            assert_eq!(advice(status, &[("retry-after", "9")]), Advice::Final, "{status}");
        }
    }

    #[test]
    fn success_and_redirect_are_final() {
        for status in [100, 200, 201, 204, 299, 301, 303, 307, 308, 399] {
            assert_eq!(advice(status, &[("retry-after", "1")]), Advice::Final, "{status}");
        }
    }
}
