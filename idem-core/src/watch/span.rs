//! A span per call, if the feature `tracing` is on: machine, command, the key's hash, the verdict.

#[cfg(feature = "tracing")]
mod on {
    use tracing::Instrument as _;
    use tracing::field::Empty;

    use crate::watch::name::CallName;

    pub(crate) struct Span(tracing::Span);

    impl Span {
        pub(crate) fn new(call: &CallName<'_>) -> Self {
            Self(tracing::info_span!(
                "idem.call",
                machine = call.machine,
                operation = call.operation,
                command = call.command,
                id = call.id.as_deref(),
                key = call.key.map(display),
                table = call.table,
                verdict = Empty,
                attempts = Empty,
            ))
        }

        pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = T> {
            work.instrument(self.0.clone())
        }

        pub(crate) fn record(&self, verdict: &str) {
            self.0.record("verdict", verdict);
        }
    }

    pub(crate) fn attempts(made: u32) {
        tracing::Span::current().record("attempts", made);
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::watch::name::CallName;

    pub(crate) struct Span;

    #[allow(clippy::unused_self, reason = "the shape of the other form")]
    impl Span {
        pub(crate) fn new(_call: &CallName<'_>) -> Self {
            Self
        }

        pub(crate) fn run<F: Future>(&self, work: F) -> F {
            work
        }

        pub(crate) fn record(&self, _verdict: &str) {}
    }

    pub(crate) fn attempts(_made: u32) {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{Span, attempts};
#[cfg(feature = "tracing")]
pub(crate) use on::{Span, attempts};
