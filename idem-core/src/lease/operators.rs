//! What operators do about claims whose owners lost their leases.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::check_name;
use crate::lease::claim_id::ClaimId;
use crate::lease::leased::{LeasedOperation, check_operation};
use crate::lease::store::NotOwned;
use crate::model::claim::call::LostRow;
use crate::model::claim::transition::Resolution;
use crate::wire::Stored;

/// As many are listed.
const LISTED: u32 = 1_000;

/// A claim whose owner lost its lease: whether the work was done is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostClaim {
    /// By which it is resolved.
    pub id: ClaimId,
    /// The operation.
    pub operation: Arc<str>,
    /// The scope of the key: the tenant. Empty if it was erased. The key itself is not stored.
    pub scope: String,
    /// When the claim was made, on the store's clock.
    pub claimed_at: Timestamp,
    /// When its lease ended.
    pub since: Timestamp,
    /// Its epoch.
    pub epoch: Epoch,
    /// How many owners worked on it.
    pub attempts: u64,
    /// A short hash of the key, as errors show it.
    pub tag: String,
}

/// What an operator found out about a lost claim.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolved {
    /// It was done, with this outcome as it is recorded: by [`Resolved::completed`], or the bytes that a layer records. Repeats get it.
    Completed(Vec<u8>),
    /// It was not done and will not be: the key is free.
    NotDone,
}

impl Resolved {
    /// It was done, with this outcome of a closure.
    ///
    /// # Errors
    /// [`Error::Unencodable`] if it cannot be stored.
    pub fn completed<T: Serialize + ?Sized>(outcome: &T) -> Result<Self, Error> {
        let unfit =
            |error: crate::wire::WireError| Error::Unencodable { what: "the outcome".into(), source: error.into() };
        Ok(Self::Completed(Stored::encode(outcome).map_err(unfit)?.0.to_vec()))
    }
}

/// The outcome may be personal: its length is shown.
impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed(outcome) => f.debug_struct("Completed").field("bytes", &outcome.len()).finish(),
            Self::NotDone => f.write_str("NotDone"),
        }
    }
}

impl LeasedOperation {
    /// Claims of this operation whose owners lost their leases: at most 1,000, the longest ago first. With
    /// [`WhenLost::Reexecute`](crate::lease::WhenLost::Reexecute) and `Resume` they wait for the next repeat; with `Indeterminate`, for an
    /// operator.
    ///
    /// # Errors
    /// Those of the store.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn lost(&self) -> Result<Vec<LostClaim>, Error> {
        check_operation(&self.name)?;
        let rows = self.leases.keeper.store.lost(&self.name, LISTED).await?;
        let claim = |row: LostRow| LostClaim {
            id: ClaimId::new(row.hash, row.epoch, &self.name),
            operation: self.name.clone(),
            scope: row.scope,
            claimed_at: row.at,
            since: row.until,
            epoch: row.epoch,
            attempts: u64::try_from(row.attempts).unwrap_or_default(),
            tag: row.hash.to_string(),
        };
        Ok(rows.into_iter().map(claim).collect())
    }

    /// Says what became of a lost claim. Its owner, if it still runs, is one no more: it cannot complete it. The reason, of 1 to 255 bytes,
    /// is stored with it in a database.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use idem_core::lease::{Failed, Leases, Resolved};
    /// use idem_core::{Error, Key};
    ///
    /// let send = Leases::memory().operation("send_mail");
    /// let key = Key::new("shop-1", "mail-1")?;
    /// let sent = send.leased(&key, &"Ada", |_| async {
    ///     Err::<u32, Failed<Error>>(std::io::Error::from(std::io::ErrorKind::TimedOut).into())   // not known
    /// });
    /// assert!(matches!(sent.await, Err(Error::Lost { .. })));
    ///
    /// let [lost] = &send.lost().await?[..] else { panic!("it is listed") };
    /// send.resolve(&lost.id, Resolved::completed(&7)?, "found in the log of the mail server").await?;
    /// let again = send.leased(&key, &"Ada", |_| async { Err::<u32, Failed<Error>>(Failed::NotDone(Error::ShutDown)) });
    /// assert_eq!(*again.await?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Fenced`] if it is not lost any more: another owner has the key, or it was resolved. [`Error::Config`] if it is a claim of
    /// another operation, whose outcomes may be of another type. [`Error::Key`] for a reason that is
    /// not fit; [`Error::TooLarge`]; those of the store.
    ///
    /// # Cancel safety
    /// Dropped, it is resolved or not.
    pub async fn resolve(&self, id: &ClaimId, how: Resolved, reason: &str) -> Result<(), Error> {
        check_name("reason", reason)?;
        if !id.is_of(&self.name) {
            let problem = format!("the claim {id} is not of the operation {:?}; resolve it by its own", self.name);
            return Err(Error::Config { problem });
        }
        let how = match how {
            Resolved::NotDone => Resolution::NotDone,
            Resolved::Completed(outcome) => {
                let (bytes, limit) = (outcome.len(), self.leases.largest);
                if bytes > limit {
                    return Err(Error::TooLarge { what: "the outcome", bytes, limit });
                }
                Resolution::Completed { outcome: outcome.into(), keep: self.settings.keep }
            }
        };
        let resolved = self.leases.keeper.store.resolve((&id.hash(), id.epoch()), &how, reason).await?;
        resolved.map_err(|NotOwned(claim)| Error::Fenced {
            mine: id.epoch(),
            current: claim.map(|claim| claim.record.epoch),
        })
    }
}
