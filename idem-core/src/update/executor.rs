//! Where an update runs.

use std::sync::Arc;

use crate::engine::answer::{Answered, Refusal, only};
use crate::engine::decide::row_update::UpdatePlan;
use crate::engine::fence::run_joined;
use crate::engine::observe;
use crate::engine::plan::BoxedPlan;
use crate::engine::session::transaction::Tx;
use crate::engine::shared::Settings;
use crate::error::Error;
use crate::idem::Idem;
use crate::model::row::row_update::RowUpdate;
use crate::model::row::version::Version;
use crate::outcome::Outcome;
use crate::seq::shown;
use crate::store::Database;

/// Where an update runs: `&Idem`, in a transaction of its own, or `&mut Tx`, in yours. Sealed.
pub trait Executor: sealed::Sealed + Send {
    /// Runs it.
    #[doc(hidden)]
    fn run(self, update: RowUpdate) -> impl Future<Output = Result<Outcome<Version>, Error>> + Send;
}

impl<DB: Database> Executor for &Idem<DB> {
    async fn run(self, update: RowUpdate) -> Result<Outcome<Version>, Error> {
        let plan: BoxedPlan<DB> = Box::new(UpdatePlan(Arc::new(remembered(update, &self.shared.settings))));
        let span = observe::call(&*plan, &self.shared);
        updated(span.record(Box::pin(self.shared.submit_alone(plan))).await?)
    }
}

impl<DB: Database> Executor for &mut Tx<DB> {
    async fn run(self, update: RowUpdate) -> Result<Outcome<Version>, Error> {
        let plan: BoxedPlan<DB> = Box::new(UpdatePlan(Arc::new(remembered(update, &self.shared.settings))));
        let span = observe::call(&*plan, &self.shared);
        let work = async { run_joined(self, &[&*plan]).await.map(only) };
        updated(span.record(Box::pin(work)).await?)
    }
}

/// A key is remembered at least as long as the call that uses it may ask for it: one that expired before would be used twice.
fn remembered(mut update: RowUpdate, settings: &Settings) -> RowUpdate {
    if let Some(key) = &mut update.key
        && !seeded_bug!("short-memory")
    {
        let shortest = i64::try_from(settings.longest_call().as_micros()).unwrap_or(i64::MAX / 2);
        key.retention = key.retention.max(shortest.min(i64::MAX / 2));
    }
    update
}

/// The version is the answer's seq.
fn updated(answered: Answered) -> Result<Outcome<Version>, Error> {
    match answered {
        Ok(answer) => Ok(Outcome::new(Version(answer.seq), shown(answer.seq), answer.at, answer.fresh, false)),
        Err(Refusal::Failed(error)) => Err(error),
        Err(Refusal::Rejected(..) | Refusal::Panicked(_)) => {
            Err(Error::Internal { what: "an update was refused by a rule, and has none" })
        }
    }
}

mod sealed {
    use crate::engine::session::transaction::Tx;
    use crate::idem::Idem;
    use crate::store::Database;

    pub trait Sealed {}

    impl<DB: Database> Sealed for &Idem<DB> {}
    impl<DB: Database> Sealed for &mut Tx<DB> {}
}
