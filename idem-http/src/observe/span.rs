//! A span per guarded request, and events, if the feature `tracing` is on.

#[cfg(feature = "tracing")]
mod on {
    use std::error::Error as _;

    use idem_core::Key;
    use tracing::Instrument as _;
    use tracing::field::Empty;

    use crate::correlation::Correlation;
    use crate::observe::verdict::Verdict;
    use crate::problem::{Misuse, Problem};

    #[derive(Clone)]
    pub(crate) struct Span(tracing::Span);

    impl Span {
        pub(crate) fn new(namespace: &str, route: &str, correlation: &Correlation) -> Self {
            let span = tracing::info_span!(
                "idem.http",
                namespace,
                route,
                correlation = Empty,
                scope = Empty,
                key = Empty,
                verdict = Empty,
                attempts = Empty,
            );
            // Not made for nobody.
            if !span.is_disabled() {
                span.record("correlation", &**correlation.id());
            }
            Self(span)
        }

        pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = T> {
            work.instrument(self.0.clone())
        }

        pub(crate) fn key(&self, key: &Key, namespace: &str) {
            self.0.record("scope", key.scope());
            self.0.record("key", tracing::field::display(key.tag_in(namespace)));
        }

        pub(crate) fn end(&self, verdict: Verdict, attempts: u32) {
            self.0.record("verdict", verdict.word());
            self.0.record("attempts", attempts);
        }
    }

    /// A problem of the service itself is logged by its kind, and by that of an error of idem behind it. Not with the text of a database: it
    /// may quote what the client sent.
    pub(crate) fn problem(problem: &Problem) {
        if problem.status().is_server_error() {
            let cause = problem.cause().map(|kind| kind.to_string());
            let fix = problem.source().and_then(|source| source.downcast_ref::<Misuse>()).map(|misuse| &*misuse.0);
            tracing::error!(kind = problem.kind(), status = problem.status().as_u16(), cause, fix, "a request failed");
        }
    }

    /// The record of an answer cannot be read.
    pub(crate) fn unreadable(why: &str) {
        tracing::error!(why, "the record of an answer cannot be read");
    }

    /// A layer inside has compressed an answer: its record is of one client's encoding.
    pub(crate) fn encoded() {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            tracing::warn!("an answer is recorded with its Content-Encoding; compress outside the guard, not inside");
        });
    }

    /// Without its text, which may quote what the client sent: the panic hook of the program has it.
    pub(crate) fn panicked() {
        tracing::error!("a handler, or a hook of a guard, panicked");
    }

    pub(crate) fn weak_key() {
        tracing::warn!("an idempotency key is so short or uniform that two requests may have it by accident");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use idem_core::Key;

    use crate::correlation::Correlation;
    use crate::observe::verdict::Verdict;
    use crate::problem::Problem;

    #[derive(Clone)]
    pub(crate) struct Span;

    #[allow(clippy::unused_self, reason = "the shape of the other form")]
    impl Span {
        pub(crate) fn new(_namespace: &str, _route: &str, _correlation: &Correlation) -> Self {
            Self
        }

        pub(crate) fn run<F: Future>(&self, work: F) -> F {
            work
        }

        pub(crate) fn key(&self, _key: &Key, _namespace: &str) {}

        pub(crate) fn end(&self, _verdict: Verdict, _attempts: u32) {}
    }

    pub(crate) fn problem(_problem: &Problem) {}

    pub(crate) fn unreadable(_why: &str) {}

    pub(crate) fn encoded() {}

    pub(crate) fn panicked() {}

    pub(crate) fn weak_key() {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::*;
#[cfg(feature = "tracing")]
pub(crate) use on::*;
