//! Metrics, if the feature `metrics` is on.
//!
//! | metric | labels | |
//! |---|---|---|
//! | `idem_http_requests_total` | `route`, `verdict` | guarded requests by what they came to |
//! | `idem_http_in_flight` | `route` | guarded requests in flight |
//! | `idem_http_seconds` | `route` | how long a guarded request took |
//! | `idem_http_store_seconds` | `step` | how long the record was waited for: `look_up`, `claim`, `record` |
//! | `idem_http_reruns_total` | `route` | handlers that ran again: another writer was faster |
//! | `idem_http_adopted_total` | | handlers that ran on when their client had disconnected |
//! | `idem_http_fail_open_total` | `why` | requests that ran without a record, by the name that was given for it |
//! | `idem_http_not_recorded_total` | | answers of work under a lease that could not be recorded |

/// A wait for the store.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    LookUp,
    Claim,
    Record,
}

impl Step {
    #[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "a label"))]
    fn word(self) -> &'static str {
        match self {
            Self::LookUp => "look_up",
            Self::Claim => "claim",
            Self::Record => "record",
        }
    }
}

#[cfg(feature = "metrics")]
mod on {
    use std::time::Instant;

    use metrics::Unit::{Count, Seconds};
    use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

    use super::Step;
    use crate::observe::verdict::Verdict;

    pub(crate) struct Meter {
        route: String,
        began: Instant,
    }

    impl Meter {
        pub(crate) fn new(route: &str) -> Self {
            let route = route.to_owned();
            gauge!("idem_http_in_flight", "route" => route.clone()).increment(1);
            Self { route, began: Instant::now() }
        }

        pub(crate) fn end(&self, route: &str, verdict: Verdict) {
            let route = route.to_owned();
            histogram!("idem_http_seconds", "route" => route.clone()).record(self.began.elapsed());
            counter!("idem_http_requests_total", "route" => route, "verdict" => verdict.word()).increment(1);
        }
    }

    /// A request that is dropped is in flight no more.
    impl Drop for Meter {
        fn drop(&mut self) {
            gauge!("idem_http_in_flight", "route" => std::mem::take(&mut self.route)).decrement(1);
        }
    }

    impl Step {
        /// Waits for the store, and notes how long it took.
        pub(crate) async fn run<T>(self, work: impl Future<Output = T>) -> T {
            let began = Instant::now();
            let result = work.await;
            histogram!("idem_http_store_seconds", "step" => self.word()).record(began.elapsed());
            result
        }
    }

    /// Describes the metrics to the recorder that is installed.
    pub(crate) fn describe() {
        describe_counter!("idem_http_requests_total", Count, "guarded requests by what they came to");
        describe_gauge!("idem_http_in_flight", Count, "guarded requests in flight");
        describe_histogram!("idem_http_seconds", Seconds, "how long a guarded request took");
        describe_histogram!("idem_http_store_seconds", Seconds, "how long the record was waited for");
        describe_counter!("idem_http_reruns_total", Count, "handlers that ran again");
        describe_counter!("idem_http_adopted_total", Count, "handlers that ran on when their client had disconnected");
        describe_counter!("idem_http_fail_open_total", Count, "requests that ran without a record");
        describe_counter!("idem_http_not_recorded_total", Count, "answers that could not be recorded");
    }

    pub(crate) fn rerun(route: &str) {
        counter!("idem_http_reruns_total", "route" => route.to_owned()).increment(1);
    }

    pub(crate) fn adopted() {
        counter!("idem_http_adopted_total").increment(1);
    }

    pub(crate) fn fail_open(why: &'static str) {
        counter!("idem_http_fail_open_total", "why" => why).increment(1);
    }

    pub(crate) fn not_recorded() {
        counter!("idem_http_not_recorded_total").increment(1);
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use super::Step;
    use crate::observe::verdict::Verdict;

    pub(crate) struct Meter;

    #[allow(clippy::unused_self, reason = "the shape of the other form")]
    impl Meter {
        pub(crate) fn new(_route: &str) -> Self {
            Self
        }

        pub(crate) fn end(&self, _route: &str, _verdict: Verdict) {}
    }

    #[allow(clippy::unused_self, reason = "the shape of the other form")]
    impl Step {
        pub(crate) fn run<F: Future>(self, work: F) -> F {
            work
        }
    }

    pub(crate) fn describe() {}

    pub(crate) fn rerun(_route: &str) {}

    pub(crate) fn adopted() {}

    pub(crate) fn fail_open(_why: &'static str) {}

    pub(crate) fn not_recorded() {}
}

#[cfg(not(feature = "metrics"))]
pub(crate) use off::*;
#[cfg(feature = "metrics")]
pub(crate) use on::*;
