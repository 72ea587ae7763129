//! Many changes in one call.

use crate::engine::answer::Answered;
use crate::engine::decide::posting::Posting;
use crate::engine::fence::run_joined;
use crate::engine::plan::{BoxedPlan, borrowed};
use crate::error::{Error, LedgerError};
use crate::key::Key;
use crate::ledger::accounts::Ledger;
use crate::ledger::change::typed;
use crate::ledger::entry::Entry;
use crate::ledger::metadata::Metadata;
use crate::ledger::request::{note, posting};
use crate::ledger::within::LedgerInTx;
use crate::model::ledger::change::LedgerChange;
use crate::outcome::Outcome;
use crate::store::Database;

/// The most changes that [`Ledger::apply_batch`] takes at once.
pub const MAX_BATCH: usize = 10_000;

/// One change in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    account: String,
    key: Key,
    amount: i64,
    metadata: Option<Metadata>,
}

impl Delta {
    /// Changes the balance of `account` by `delta` minor units, once for this key.
    pub fn new(account: impl Into<String>, key: &Key, delta: i64) -> Self {
        Self { account: account.into(), key: key.clone(), amount: delta, metadata: None }
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// By how much it changes the balance, in minor units.
    pub fn delta(&self) -> i64 {
        self.amount
    }

    /// Notes `metadata` in its entry. It is part of the request.
    #[must_use]
    pub fn metadata(self, metadata: &Metadata) -> Self {
        Self { metadata: Some(metadata.clone()), ..self }
    }

    /// The plan of the change.
    fn plan(&self) -> Result<Posting, Error> {
        let change = LedgerChange::Delta { account: self.account.as_str().into(), delta: self.amount };
        let mut posting = posting(&self.key, change)?;
        posting.in_batch = true;
        if let Some(metadata) = &self.metadata {
            note(&mut posting, metadata);
        }
        Ok(posting)
    }
}

impl<DB: Database> Ledger<DB> {
    /// Applies up to [`MAX_BATCH`] changes in one transaction: a result per change, in order, exactly as if they were called
    /// one after the other. One that is refused leaves the others untouched.
    ///
    /// With one exception, which only absurd amounts meet: the changes of one account are summed up in 64 bits, and one with
    /// which that sum leaves them is refused as out of bounds although its balance would fit. On its own it is accepted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::ledger::{Bounds, Delta, MAX_BATCH};
    /// use idem_core::{Error, Key};
    ///
    /// let ledger = idem.ledger();
    /// ledger.account("wallet:7").open(Bounds::at_least(0)).await?;
    /// let delta = |key: &str, amount| Ok::<_, idem_core::KeyError>(Delta::new("wallet:7", &Key::new("import", key)?, amount));
    /// let results = ledger.apply_batch(&[delta("k1", 5)?, delta("k2", -6)?, delta("k3", 7)?]).await?;
    /// assert!(matches!(&results[1], Err(Error::OutOfBounds(refused)) if refused.balance == 5));   // refused alone
    /// assert_eq!(results[2].as_ref().ok().and_then(|entry| entry.balance), Some(12));
    /// let long = vec![delta("k4", 1)?; MAX_BATCH + 1];
    /// assert!(matches!(ledger.apply_batch(&long).await, Err(Error::Ledger(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Of the whole batch: the database's, and [`Error::Ledger`] if it is too long. Of one change: as
    /// [`Account::apply_delta`](crate::ledger::Account::apply_delta).
    ///
    /// # Cancel safety
    /// Dropped half-way, all of it happens or nothing; repeat with the same keys.
    pub async fn apply_batch(&self, deltas: &[Delta]) -> Result<Vec<Result<Outcome<Entry>, Error>>, Error> {
        let batch = Batch::of(deltas)?;
        let answers =
            if batch.plans.is_empty() { Vec::new() } else { self.shared().submit_all(&borrowed(&batch.plans)).await? };
        Ok(batch.results(answers))
    }
}

impl<DB: Database> LedgerInTx<'_, DB> {
    /// As [`Ledger::apply_batch`].
    ///
    /// # Errors
    /// As [`Ledger::apply_batch`].
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken: see [`Tx`](crate::Tx).
    pub async fn apply_batch(self, deltas: &[Delta]) -> Result<Vec<Result<Outcome<Entry>, Error>>, Error> {
        let batch = Batch::of(deltas)?;
        let answers =
            if batch.plans.is_empty() { Vec::new() } else { run_joined(self.tx, &borrowed(&batch.plans)).await? };
        Ok(batch.results(answers))
    }
}

/// The plans of a batch, and why other changes have none.
struct Batch<DB: Database> {
    plans: Vec<BoxedPlan<DB>>,
    unfit: Vec<Option<Error>>,
}

impl<DB: Database> Batch<DB> {
    fn of(deltas: &[Delta]) -> Result<Self, Error> {
        if deltas.len() > MAX_BATCH {
            return Err(LedgerError::TooMany { items: deltas.len(), limit: MAX_BATCH }.into());
        }
        let mut plans: Vec<BoxedPlan<DB>> = Vec::with_capacity(deltas.len());
        let mut unfit = Vec::with_capacity(deltas.len());
        for delta in deltas {
            unfit.push(delta.plan().map(|plan| plans.push(Box::new(plan))).err());
        }
        Ok(Self { plans, unfit })
    }

    fn results(self, answers: Vec<Answered>) -> Vec<Result<Outcome<Entry>, Error>> {
        let mut answers = answers.into_iter();
        let result = |unfit| match unfit {
            Some(error) => Err(error),
            None => match answers.next() {
                Some(answered) => typed(answered, Entry::read),
                None => Err(Error::Internal { what: "a change of a batch was not answered" }),
            },
        };
        self.unfit.into_iter().map(result).collect()
    }
}
