//! Metrics, if the feature `metrics` is on.
//!
//! | metric | labels | |
//! |---|---|---|
//! | `idem_calls_total` | `namespace`, `verdict` | calls by what they were answered: `fresh`, `replayed`, `rejected`, the kind of an error |
//! | `idem_in_flight` | `namespace` | calls under way |
//! | `idem_call_seconds` | `namespace` | how long a call took |
//! | `idem_attempts` | `namespace` | how often a call was tried |
//! | `idem_group_size` | | calls in one group |
//! | `idem_store_seconds` | `database` | how long a reply of the database was waited for |
//! | `idem_swept_total` | `what` | rows that were swept |

#[cfg(feature = "metrics")]
mod on {
    use std::cell::Cell;
    use std::time::Instant;

    use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

    tokio::task_local! { static ATTEMPTS: Cell<u32>; }

    pub(crate) struct Meter {
        namespace: String,
        began: Instant,
    }

    impl Meter {
        pub(crate) fn new(namespace: &str) -> Self {
            let namespace = namespace.to_owned();
            gauge!("idem_in_flight", "namespace" => namespace.clone()).increment(1);
            Self { namespace, began: Instant::now() }
        }

        pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
            let namespace = self.namespace.clone();
            let counted = async {
                let result = work.await;
                let made = ATTEMPTS.with(Cell::get);
                if made > 0 {
                    histogram!("idem_attempts", "namespace" => namespace).record(f64::from(made));
                }
                result
            };
            ATTEMPTS.scope(Cell::new(0), counted).await
        }

        pub(crate) fn record(&self, verdict: &str) {
            let (namespace, verdict) = (self.namespace.clone(), verdict.to_owned());
            counter!("idem_calls_total", "namespace" => namespace.clone(), "verdict" => verdict).increment(1);
            histogram!("idem_call_seconds", "namespace" => namespace).record(self.began.elapsed());
        }
    }

    /// A call that is dropped is under way no more.
    impl Drop for Meter {
        fn drop(&mut self) {
            gauge!("idem_in_flight", "namespace" => std::mem::take(&mut self.namespace)).decrement(1);
        }
    }

    pub(crate) fn attempts(made: u32) {
        // Outside a call there is nothing to count: a group is not one call.
        let _ = ATTEMPTS.try_with(|attempts| attempts.set(made));
    }

    pub(crate) fn group(calls: usize) {
        histogram!("idem_group_size").record(f64::from(u32::try_from(calls).unwrap_or(u32::MAX)));
    }

    pub(crate) fn store(database: &'static str, began: Instant) {
        histogram!("idem_store_seconds", "database" => database).record(began.elapsed());
    }

    pub(crate) fn swept(what: &'static str, rows: u64) {
        counter!("idem_swept_total", "what" => what).increment(rows);
    }

    /// Describes the metrics to the recorder that is installed.
    pub(crate) fn describe() {
        use metrics::Unit::{Count, Seconds};
        describe_counter!("idem_calls_total", Count, "calls by what they were answered");
        describe_gauge!("idem_in_flight", Count, "calls under way");
        describe_histogram!("idem_call_seconds", Seconds, "how long a call took");
        describe_histogram!("idem_attempts", Count, "how often a call was tried");
        describe_histogram!("idem_group_size", Count, "calls in one group");
        describe_histogram!("idem_store_seconds", Seconds, "how long a reply of the database was waited for");
        describe_counter!("idem_swept_total", Count, "rows that were swept");
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use std::time::Instant;

    pub(crate) struct Meter;

    #[allow(clippy::unused_self, reason = "the shape of the other form")]
    impl Meter {
        pub(crate) fn new(_namespace: &str) -> Self {
            Self
        }

        pub(crate) fn run<F: Future>(&self, work: F) -> F {
            work
        }

        pub(crate) fn record(&self, _verdict: &str) {}
    }

    pub(crate) fn attempts(_made: u32) {}

    pub(crate) fn group(_calls: usize) {}

    pub(crate) fn store(_database: &'static str, _began: Instant) {}

    pub(crate) fn swept(_what: &'static str, _rows: u64) {}

    pub(crate) fn describe() {}
}

#[cfg(not(feature = "metrics"))]
pub(crate) use off::*;
#[cfg(feature = "metrics")]
pub(crate) use on::*;
