//! Where an update runs.

use crate::engine::row_update::{run_joined, run_own};
use crate::engine::session::transaction::Tx;
use crate::engine::trace;
use crate::error::Error;
use crate::idem::Idem;
use crate::model::row::row_update::RowUpdate;
use crate::model::row::updated::Updated;
use crate::store::Database;

/// Where an update runs: `&Idem`, in a transaction of its own, or `&mut Tx`, in yours. Sealed.
pub trait Executor: sealed::Sealed + Send {
    /// Runs it.
    #[doc(hidden)]
    fn run(self, update: RowUpdate) -> impl Future<Output = Result<Updated, Error>> + Send;
}

impl<DB: Database> Executor for &Idem<DB> {
    async fn run(self, update: RowUpdate) -> Result<Updated, Error> {
        trace::update(&update).record(Box::pin(run_own(&self.shared, &update))).await
    }
}

impl<DB: Database> Executor for &mut Tx<DB> {
    async fn run(self, update: RowUpdate) -> Result<Updated, Error> {
        trace::update(&update).record(Box::pin(run_joined(self, &update))).await
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
