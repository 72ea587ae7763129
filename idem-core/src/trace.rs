//! Spans, if the `tracing` feature is on: machine, command, the key's hash, the verdict. Never the key.

#[cfg(feature = "tracing")]
mod on {
    use tracing::Instrument as _;

    use crate::engine::item::{Answered, Item, Refusal};
    use crate::error::Error;

    pub(crate) struct Call(tracing::Span);

    pub(crate) fn call(item: &Item) -> Call {
        let key = item.key().map(tracing::field::display);
        Call(tracing::info_span!(
            "idem.call",
            machine = item.surface(),
            command = item.operation(),
            key,
            verdict = tracing::field::Empty,
            attempts = tracing::field::Empty,
        ))
    }

    /// Notes how often a call was tried.
    pub(crate) fn attempts(made: u32) {
        tracing::Span::current().record("attempts", made);
    }

    impl Call {
        /// Runs the call in the span and records what it was answered with.
        pub(crate) async fn record(
            &self,
            work: impl Future<Output = Result<Vec<Answered>, Error>>,
        ) -> Result<Vec<Answered>, Error> {
            let result = work.instrument(self.0.clone()).await;
            let verdict = match &result {
                Ok(answers) => match answers.first() {
                    Some(Ok(answer)) if answer.fresh => "fresh".to_owned(),
                    Some(Ok(_)) => "replayed".to_owned(),
                    Some(Err(Refusal::Rejected(_))) => "rejected".to_owned(),
                    Some(Err(Refusal::Panicked(_))) => "panicked".to_owned(),
                    Some(Err(Refusal::Failed(error))) => format!("{:?}", error.kind()),
                    None => "none".to_owned(),
                },
                Err(error) => format!("{:?}", error.kind()),
            };
            self.0.record("verdict", verdict);
            result
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::engine::item::{Answered, Item};
    use crate::error::Error;

    pub(crate) struct Call;

    pub(crate) fn call(_item: &Item) -> Call {
        Call
    }

    pub(crate) fn attempts(_made: u32) {}

    impl Call {
        #[allow(clippy::unused_self, reason = "the shape of the other form")]
        pub(crate) fn record<F>(&self, work: F) -> F
        where
            F: Future<Output = Result<Vec<Answered>, Error>>,
        {
            work
        }
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{attempts, call};
#[cfg(feature = "tracing")]
pub(crate) use on::{attempts, call};
