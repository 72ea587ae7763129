//! What calls were answered, for disputes.

use crate::clock::Timestamp;
use crate::engine::verdict_log::VerdictLog;
use crate::error::Error;
use crate::idem::Idem;
use crate::key::Key;
use crate::store::Database;
use crate::store::verdicts::queries::of_key;
use crate::store::verdicts::rows::StoredVerdict;

/// As many are listed.
const LISTED: i64 = 1_000;

/// What one call was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// When it was written, on the database's clock: up to a second after the answer.
    pub at: Timestamp,
    /// The namespace of its key: the name of the machine or of the operation, `@ledger` or `@update`.
    pub namespace: String,
    /// The command, the kind of change, `once` or `leased`.
    pub operation: String,
    /// `fresh`, `replayed`, `rejected`, `failed` for an error of a closure, or the kind of an error.
    pub verdict: String,
    /// The correlation id of the call, if it had one.
    pub correlation: Option<String>,
}

impl<DB: Database> Idem<DB> {
    /// What the calls under a key were answered, the oldest first: at most 1,000. Only if
    /// [`Builder::verdicts`](crate::Builder::verdicts) keeps verdicts, and as far back as it does. The namespace is the name of the machine
    /// or of the operation, `@ledger` or `@update`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { in_folder(async |folder| {
    /// # let url = format!("sqlite://{}", folder.join("shop.db").display());
    /// use idem_core::{Idem, Key};
    ///
    /// let idem = Idem::<sqlx::Sqlite>::builder().verdicts(10_000).open(&url).await?;
    /// let key = Key::new("shop-1", "req-17")?;
    /// for amount in [500, 500, 400] {
    ///     let _ = idem.ledger().account("wallet:7").apply_delta(&key, amount).await;
    /// }
    /// let verdicts = loop {
    ///     let verdicts = idem.verdicts("@ledger", &key).await?;                     // written beside the calls
    ///     if verdicts.len() == 3 { break verdicts }
    /// };
    /// let verdicts: Vec<_> = verdicts.iter().map(|verdict| &*verdict.verdict).collect();
    /// assert_eq!(verdicts, ["fresh", "replayed", "KeyReused"]);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Those of the database.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn verdicts(&self, namespace: &str, key: &Key) -> Result<Vec<Verdict>, Error> {
        let shared = &self.shared;
        let mut lease = shared.readers.acquire().await?;
        let found = of_key(&mut lease.session(), &key.hash_in(namespace), LISTED).await;
        let verdict = |StoredVerdict { at, namespace, operation, verdict, correlation }| Verdict {
            at,
            namespace,
            operation,
            verdict,
            correlation,
        };
        Ok(shared.answer(lease, found).await?.into_iter().map(verdict).collect())
    }

    /// How many verdicts this process has left out of the table: they came faster than they could be written.
    pub fn verdicts_left_out(&self) -> u64 {
        self.shared.verdicts.as_ref().map_or(0, VerdictLog::left_out)
    }
}
