//! What keeps claims: a database, the memory of this process, Redis.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::KeyHash;
use crate::model::claim::call::{ClaimKey, Claimed, LostRow, Recalled, Renewal, StoredClaim};
use crate::model::claim::transition::{ClaimRefusal, ClaimRequest, Resolution};

/// What a store answers.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// What keeps claims. Its changes are the transitions of [`model::claim`](crate::model::claim), each at once and for good when it is
/// answered. One whose reply is lost it sends again itself: all of them can be repeated.
pub(crate) trait LeaseStore: fmt::Debug + Send + Sync {
    /// Claims a key, or says why not, with what is recorded of it.
    fn claim<'a>(&'a self, key: ClaimKey<'a>, request: &'a ClaimRequest) -> Answer<'a, ClaimAnswer>;

    /// Renews claims; the hashes of those that were. The others have another owner, or cannot be renewed at the moment.
    fn renew<'a>(&'a self, renewals: &'a [Renewal]) -> Answer<'a, Vec<KeyHash>>;

    /// Completes a claim; when.
    fn complete<'a>(
        &'a self,
        claim: (&'a KeyHash, Epoch),
        outcome: &'a [u8],
        keep: Duration,
    ) -> Answer<'a, Result<Timestamp, NotOwned>>;

    /// Ends a claim in another way.
    fn end<'a>(&'a self, claim: (&'a KeyHash, Epoch), how: End) -> Answer<'a, Result<(), NotOwned>>;

    /// Gives up the claim of an owner that has not begun to work, if it was made.
    fn disown<'a>(&'a self, hash: &'a KeyHash, owner: i64) -> Answer<'a, ()>;

    /// Saves a checkpoint.
    fn save<'a>(&'a self, claim: (&'a KeyHash, Epoch), checkpoint: &'a [u8]) -> Answer<'a, Result<(), NotOwned>>;

    /// What is recorded of a key.
    fn recall<'a>(&'a self, hash: &'a KeyHash) -> Answer<'a, Recalled>;

    /// At most this number of claims of a surface whose owners lost their leases, the longest ago first.
    fn lost<'a>(&'a self, surface: &'a str, limit: u32) -> Answer<'a, Vec<LostRow>>;

    /// Resolves a claim whose owner lost its lease.
    fn resolve<'a>(
        &'a self,
        claim: (&'a KeyHash, Epoch),
        how: &'a Resolution,
        reason: &'a str,
    ) -> Answer<'a, Result<(), NotOwned>>;

    /// Names the store: fences of the database that keeps the claim look at the claim itself.
    fn name(&self) -> Answer<'_, Arc<str>>;

    /// What distinguishes its locks and keys from those of other services on the same server.
    fn space(&self) -> &str;

    /// Notes what a call was answered, where that is kept.
    fn note(&self, _operation: &str, _hash: &KeyHash, _verdict: String) {}

    /// Counts a call as under way until what is given is dropped, if calls are still taken.
    ///
    /// # Errors
    /// [`Error::ShutDown`].
    fn enter(&self) -> Result<UnderWay, Error>;
}

/// A call that is under way.
pub(crate) type UnderWay = Box<dyn Send + Sync>;

/// What a claim came to.
#[derive(Debug)]
pub(crate) enum ClaimAnswer {
    Mine(Claimed),
    Refused(ClaimRefusal, StoredClaim),
}

/// How a claim ends without an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing was done.
    Release,
    /// Whether it was done is not known.
    Abandon,
}

/// The caller is not the owner; with what is recorded of the key.
#[derive(Debug)]
pub(crate) struct NotOwned(pub(crate) Option<Box<StoredClaim>>);
