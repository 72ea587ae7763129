//! Work under a lease, as a closure.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::error::Error;
use crate::key::Key;
use crate::lease::claim::Claim;
use crate::lease::failed::Failed;
use crate::lease::leased::{ClaimOf, LeasedOperation};
use crate::lease::owned::{Lease, OwnedLease};
use crate::lease::remembered::{Completed, WhenLost};
use crate::operation::call::OperationCall;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::watch::{self, CallName, Stopped, Watch};
use crate::wire::Stored;

const LATE: &str = "the claim took longer than four fifths of its lease; the work was not begun; take a longer lease";

impl LeasedOperation {
    /// Does the work once, under a lease, and remembers its outcome. A repeat with the same request gets that.
    ///
    /// The closure gets the lease by value, and says how the work ended: `Ok`, done; [`Failed::NotDone`], nothing was done and the key is
    /// free; anything else, by `?`, not known: [`WhenLost`] says what a repeat gets. A panic is of the last kind.
    ///
    /// It is polled while the lease holds, and dropped once that cannot be relied on any more: then the end of the work is not known, either. The lease is
    /// renewed for as long as it works: give a call to somebody else a timeout of its own.
    ///
    /// Not inside a transaction of the same SQLite database, which would wait for itself. The closure borrows what it needs: of a
    /// request that it uses, `let order = &order;` before the call.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use idem_core::lease::{Failed, Leases, WhenLost};
    /// use idem_core::{Error, Key};
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// enum Refused {
    ///     #[error("declined")]
    ///     Declined,
    ///     #[error(transparent)]
    ///     Idem(#[from] Error),
    /// }
    ///
    /// /// The foreign side: it honours keys.
    /// async fn charge_card(key: &Key, amount: i64) -> Result<Option<String>, std::io::Error> {
    ///     # let _ = key;
    ///     Ok((amount < 1_000).then(|| "receipt-1".to_owned()))
    /// }
    ///
    /// let charge = Leases::memory().operation("charge").when_lost(WhenLost::Reexecute);
    /// let pay = |key: &'static str, amount: i64| {
    ///     let charge = charge.clone();
    ///     async move {
    ///         let key = Key::new("shop-1", key).map_err(Error::from)?;
    ///         charge.leased(&key, &amount, |lease| async move {
    ///             match charge_card(&lease.key(), amount).await? {                 // `?`: unknown
    ///                 Some(receipt) => Ok(receipt),
    ///                 None => Err(Failed::NotDone(Refused::Declined)),
    ///             }
    ///         })
    ///         .await
    ///     }
    /// };
    /// let first = pay("req-1", 500).await?;
    /// let again = pay("req-1", 500).await?;
    /// assert!(first.is_fresh() && again.is_replay() && *again == "receipt-1");
    /// assert!(matches!(pay("req-2", 5_000).await, Err(Refused::Declined)));
    /// assert!(pay("req-2", 50).await?.is_fresh());                                 // the key was free
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What the closure says was not done; or, as an [`Error`] that yours is made from:
    /// - [`Error::KeyReused`]: the key names another request. [`Error::Forgotten`]: its outcome was erased.
    /// - [`Error::InFlight`]: another owner works on it, and did not end within [`OperationCall::wait`].
    /// - [`Error::Lost`]: an owner lost its lease, or ended without saying what it did; an operator finds out
    ///   ([`LeasedOperation::resolve`]). [`Error::Indeterminate`]: the same where a repeat does it again, and where the outcome could not
    ///   be recorded.
    /// - [`Error::Key`], [`Error::Config`], [`Error::Unencodable`]: of the key, the name, the request. Nothing was begun.
    /// - [`Error::NotApplied`]: the claim took longer than the lease. Those of the store. Nothing was begun.
    ///
    /// # Cancel safety
    /// Dropped while the closure runs, the end of the work is not known: as [`Failed::Unknown`]. Dropped before, nothing was begun.
    pub fn leased<'a, T, E, Q, F, R>(&'a self, key: &'a Key, request: &Q, work: F) -> OperationCall<'a, T, E>
    where
        T: Serialize + DeserializeOwned + Send + 'a,
        E: From<Error> + Send + 'a,
        Q: Serialize + ?Sized,
        F: FnOnce(Lease) -> R + Send + 'a,
        R: Future<Output = Result<T, Failed<E>>> + Send + 'a,
    {
        let request = Request::of(request);
        OperationCall::new(move |wait| {
            Box::pin(async move {
                let (began, store, hash) = (Instant::now(), &self.leases.keeper.store, key.hash_in(&self.name));
                let called = CallName {
                    operation: Some(&self.name),
                    command: "leased",
                    key: Some(&hash),
                    ..CallName::default()
                };
                let work = async {
                    let _call = store.enter()?;
                    let of = self.claim_of(key, request?.fingerprint())?;
                    run(of, work, wait, began).await
                };
                let (result, verdict) = Watch::new(&called).run(work, watch::verdict).await;
                store.note(&self.name, &hash, verdict);
                result.map_err(Stopped::into_callers)
            })
        })
    }
}

async fn run<T, E, F, R>(of: ClaimOf<'_>, work: F, wait: Duration, began: Instant) -> Result<Outcome<T>, Stopped<E>>
where
    T: Serialize + DeserializeOwned,
    F: FnOnce(Lease) -> R,
    R: Future<Output = Result<T, Failed<E>>>,
{
    let (surface, when_lost) = (of.surface.clone(), of.settings.when_lost);
    let owned = match of.claim_within(wait).await? {
        Claim::Mine(owned) => owned,
        Claim::Remembered(remembered) => return Ok(remembered.replay(&surface)?),
        Claim::Held { left } => {
            return Err(Error::InFlight { waited: began.elapsed(), retry_after: Some(left) }.into());
        }
        Claim::Lost { since, epoch } => return Err(Error::Lost { since, epoch, source: None }.into()),
    };
    if owned.lease().check().is_err() {
        let _ = owned.release().await;
        return Err(Error::NotApplied { source: LATE.into() }.into());
    }
    fail_point!("leased.claimed");
    // A panic drops the lease, which abandons it.
    let worked = while_held(work(owned.lease().clone()), owned.lease()).await;
    fail_point!("leased.worked");
    let unknown = match worked {
        Some(Ok(value)) => return complete(owned, value, &surface).await,
        Some(Err(Failed::NotDone(error))) => {
            // One that cannot be freed now is freed in the background; the caller learns what happened all the same.
            let _ = owned.release().await;
            return Err(Stopped::Failed(error));
        }
        Some(Err(Failed::Unknown(error))) => error,
        None => "the lease could not be renewed in time while the work ran".into(),
    };
    let epoch = owned.lease().epoch();
    let since = owned.lease().0.keeper.store.recall(&of.hash).await.map(|found| found.now);
    let _ = owned.abandon().await;
    Err(match (when_lost, since) {
        (WhenLost::Indeterminate, Ok(since)) => Error::Lost { since, epoch, source: Some(unknown) },
        _ => Error::Indeterminate { source: unknown },
    }
    .into())
}

/// Records what the work came to. It happened, whatever becomes of the record.
async fn complete<T, E>(owned: OwnedLease, value: T, surface: &str) -> Result<Outcome<T>, Stopped<E>>
where
    T: Serialize + DeserializeOwned,
{
    let again = |stored: &Stored| stored.decode::<T>().and_then(|value| Stored::encode(&value));
    let stored = Stored::encode(&value).and_then(|stored| stored.read_back(again));
    let completed = match stored {
        Ok(stored) => owned.complete(&stored.0).await,
        Err(error) => Err(Error::Unencodable { what: "the outcome".into(), source: error.into() }),
    };
    fail_point!("leased.completed");
    match completed {
        Ok(Completed::Fresh { at }) => Ok(Outcome::new(value, 0, at, true, false)),
        Ok(Completed::Remembered(remembered)) => Ok(remembered.replay(surface)?),
        Err(error) => Err(Error::Indeterminate { source: Box::new(error) }.into()),
    }
}

/// Polls the work while its lease can be relied on. `None`: it could not be any more.
async fn while_held<T>(work: impl Future<Output = T>, lease: &Lease) -> Option<T> {
    let (mut work, mut lost) = (pin!(work), pin!(lease.lost()));
    poll_fn(|cx| {
        if lost.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(cx).map(Some)
    })
    .await
}
