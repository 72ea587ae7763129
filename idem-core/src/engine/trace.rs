//! Spans, if the `tracing` feature is on: machine, command, the key's hash, the verdict. Never the key; the id on demand.

#[cfg(feature = "tracing")]
mod on {
    use tracing::Instrument as _;

    use crate::engine::answer::{Answered, Refusal};
    use crate::engine::plan::Plan;
    use crate::engine::shared::Settings;
    use crate::error::Error;
    use crate::store::Database;

    pub(crate) struct Call(tracing::Span);

    /// The span of a call. Of an update of a caller's row the table is named, what is in it is not.
    pub(crate) fn call<DB: Database>(plan: &dyn Plan<DB>, settings: &Settings) -> Call {
        let mut id = None;
        if settings.span_ids {
            plan.locks(&mut |_, name| {
                id.get_or_insert_with(|| name.to_owned());
            });
        }
        Call(tracing::info_span!(
            "idem.call",
            machine = plan.namespace(),
            command = plan.operation(),
            id,
            key = plan.key().map(tracing::field::display),
            table = plan.table(),
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
            work: impl Future<Output = Result<Answered, Error>>,
        ) -> Result<Answered, Error> {
            let result = work.instrument(self.0.clone()).await;
            let verdict = match &result {
                Ok(Ok(answer)) => if answer.fresh { "fresh" } else { "replayed" }.to_owned(),
                Ok(Err(Refusal::Rejected(..))) => "rejected".to_owned(),
                Ok(Err(Refusal::Panicked(_))) => "panicked".to_owned(),
                Ok(Err(Refusal::Failed(error))) | Err(error) => format!("{:?}", error.kind()),
            };
            self.0.record("verdict", verdict);
            result
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::engine::answer::Answered;
    use crate::engine::plan::Plan;
    use crate::engine::shared::Settings;
    use crate::error::Error;
    use crate::store::Database;

    pub(crate) struct Call;

    pub(crate) fn call<DB: Database>(_plan: &dyn Plan<DB>, _settings: &Settings) -> Call {
        Call
    }

    pub(crate) fn attempts(_made: u32) {}

    impl Call {
        #[allow(clippy::unused_self, reason = "the shape of the other form")]
        pub(crate) fn record<F>(&self, work: F) -> F
        where
            F: Future<Output = Result<Answered, Error>>,
        {
            work
        }
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{attempts, call};
#[cfg(feature = "tracing")]
pub(crate) use on::{attempts, call};
