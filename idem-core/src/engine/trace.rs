//! Spans, if the `tracing` feature is on: machine, command, the key's hash, the verdict. Never the key.

#[cfg(feature = "tracing")]
mod on {
    use tracing::Instrument as _;

    use crate::engine::plan::{Answered, Item, Refusal};
    use crate::error::Error;
    use crate::key::KeyHash;
    use crate::model::row::row_update::{RowUpdate, RowWrite};
    use crate::model::row::updated::Updated;
    use crate::namespace::UPDATE;

    pub(crate) struct Call(tracing::Span);

    pub(crate) fn call(item: &Item) -> Call {
        span(item.surface(), item.operation(), item.key(), None)
    }

    /// As a call of the machine `version`: the table is named, what is in it is not.
    pub(crate) fn update(update: &RowUpdate) -> Call {
        let command = match update.write {
            RowWrite::Update => "update",
            RowWrite::Upsert => "upsert",
            RowWrite::Insert => "insert",
        };
        span(UPDATE, command, update.claim.as_ref().map(|claim| &claim.hash), Some(update.table.as_str()))
    }

    fn span(machine: &str, command: &str, key: Option<&KeyHash>, table: Option<&str>) -> Call {
        Call(tracing::info_span!(
            "idem.call",
            machine,
            command,
            key = key.map(tracing::field::display),
            table,
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
        pub(crate) async fn record<T: Verdict>(
            &self,
            work: impl Future<Output = Result<T, Error>>,
        ) -> Result<T, Error> {
            let result = work.instrument(self.0.clone()).await;
            let verdict = match &result {
                Ok(answer) => answer.verdict(),
                Err(error) => format!("{:?}", error.kind()),
            };
            self.0.record("verdict", verdict);
            result
        }
    }

    /// What a call is answered with, in a word.
    pub(crate) trait Verdict {
        fn verdict(&self) -> String;
    }

    impl Verdict for Vec<Answered> {
        fn verdict(&self) -> String {
            match self.first() {
                Some(Ok(answer)) => origin(answer.fresh).to_owned(),
                Some(Err(Refusal::Rejected(_))) => "rejected".to_owned(),
                Some(Err(Refusal::Panicked(_))) => "panicked".to_owned(),
                Some(Err(Refusal::Failed(error))) => format!("{:?}", error.kind()),
                None => "none".to_owned(),
            }
        }
    }

    impl Verdict for Updated {
        fn verdict(&self) -> String {
            origin(self.is_fresh()).to_owned()
        }
    }

    fn origin(fresh: bool) -> &'static str {
        if fresh { "fresh" } else { "replayed" }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::engine::plan::Item;
    use crate::error::Error;
    use crate::model::row::row_update::RowUpdate;

    pub(crate) struct Call;

    pub(crate) fn call(_item: &Item) -> Call {
        Call
    }

    pub(crate) fn update(_update: &RowUpdate) -> Call {
        Call
    }

    pub(crate) fn attempts(_made: u32) {}

    impl Call {
        #[allow(clippy::unused_self, reason = "the shape of the other form")]
        pub(crate) fn record<T, F>(&self, work: F) -> F
        where
            F: Future<Output = Result<T, Error>>,
        {
            work
        }
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{attempts, call, update};
#[cfg(feature = "tracing")]
pub(crate) use on::{attempts, call, update};
