//! How a database finds out whether a write was committed.

use std::time::Duration;

use super::texts::ProbeTexts;
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::write::rows::CommitWitness;

/// Probes in one database.
pub trait ProbeStore: Connect {
    const PROBES: ProbeTexts<&'static str>;

    /// Finds out, in a transaction that is rolled back, whether what `witness` names was committed: inserts it again.
    /// A conflict proves the commit, an insert proves that there was none and can be none. `None` if the wait for the
    /// first writer did not end within `wait`.
    fn probe(
        session: &mut Session<'_, Self>,
        witness: &CommitWitness,
        wait: Duration,
    ) -> impl Future<Output = Result<Option<bool>, StoreError>> + Send;
}
