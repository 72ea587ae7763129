//! What is noted of a call: its span, its metrics, and its row in the table of verdicts.

use std::sync::Arc;

use crate::engine::answer::{Answered, Refusal};
use crate::engine::plan::Plan;
use crate::engine::shared::{Settings, Shared};
use crate::error::Error;
use crate::store::Database;
use crate::store::verdicts::rows::VerdictRow;
use crate::watch::{CallName, Watch};

/// A call of a plan that is under way.
pub(crate) struct Call<DB: Database> {
    watch: Watch,
    /// Where its verdict is noted, if verdicts are kept.
    noted: Option<(Arc<Shared<DB>>, VerdictRow)>,
}

pub(crate) fn call<DB: Database>(plan: &dyn Plan<DB>, shared: &Arc<Shared<DB>>) -> Call<DB> {
    let name = CallName {
        machine: Some(plan.namespace()),
        operation: None,
        command: plan.operation(),
        id: id(plan, &shared.settings),
        key: plan.key(),
        table: plan.table(),
    };
    let row = || VerdictRow {
        namespace: plan.namespace().to_owned(),
        operation: plan.operation(),
        hash: plan.key().copied(),
        verdict: String::new(),
        correlation: plan.correlation().map(|(scope, id)| (scope.map(str::to_owned), id.to_owned())),
    };
    Call { watch: Watch::new(&name), noted: shared.verdicts.is_some().then(|| (shared.clone(), row())) }
}

/// The machine's id, if spans show it.
#[cfg(feature = "tracing")]
fn id<DB: Database>(plan: &dyn Plan<DB>, settings: &Settings) -> Option<String> {
    let mut id = None;
    if settings.span_ids {
        plan.locks(&mut |_, name| {
            id.get_or_insert_with(|| name.to_owned());
        });
    }
    id
}

#[cfg(not(feature = "tracing"))]
fn id<DB: Database>(_plan: &dyn Plan<DB>, _settings: &Settings) -> Option<String> {
    None
}

impl<DB: Database> Call<DB> {
    /// Runs the call and notes what it was answered.
    pub(crate) async fn record(self, work: impl Future<Output = Result<Answered, Error>>) -> Result<Answered, Error> {
        let (result, verdict) = self.watch.run(work, verdict).await;
        if let Some((shared, row)) = self.noted {
            shared.note(VerdictRow { verdict, ..row });
        }
        result
    }
}

/// What a call was answered, in a word.
fn verdict(result: &Result<Answered, Error>) -> String {
    match result {
        Ok(Ok(answer)) => if answer.fresh { "fresh" } else { "replayed" }.to_owned(),
        Ok(Err(Refusal::Rejected(..))) => "rejected".to_owned(),
        Ok(Err(Refusal::Panicked(_))) => "panicked".to_owned(),
        Ok(Err(Refusal::Failed(error))) | Err(error) => error.kind().to_string(),
    }
}
