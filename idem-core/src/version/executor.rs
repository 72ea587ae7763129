//! Where an update runs.

use super::updated::Updated;
use crate::engine::transaction::Tx;
use crate::engine::update::{run_joined, run_own};
use crate::error::Error;
use crate::idem::Idem;
use crate::store::Database;
use crate::store::update::RowUpdate;
use crate::trace;

/// Where an update runs: `&Idem`, in a transaction of its own, or `&mut Tx`, in yours. Sealed.
pub trait Executor: sealed::Sealed + Send {
    /// Runs it.
    #[doc(hidden)]
    fn run(self, update: RowUpdate) -> impl Future<Output = Result<Updated, Error>> + Send;
}

impl<DB: Database> Executor for &Idem<DB> {
    async fn run(self, update: RowUpdate) -> Result<Updated, Error> {
        trace::update(&update).record(Box::pin(run_own(&self.inner, &update))).await
    }
}

impl<DB: Database> Executor for &mut Tx<DB> {
    async fn run(self, update: RowUpdate) -> Result<Updated, Error> {
        trace::update(&update).record(Box::pin(run_joined(self, &update))).await
    }
}

mod sealed {
    use crate::engine::transaction::Tx;
    use crate::idem::Idem;
    use crate::store::Database;

    pub trait Sealed {}

    impl<DB: Database> Sealed for &Idem<DB> {}
    impl<DB: Database> Sealed for &mut Tx<DB> {}
}
