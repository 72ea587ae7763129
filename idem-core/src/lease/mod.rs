//! Leases and locks: work that no transaction can hold, and what must not run twice at once.
//!
//! A foreign call cannot be part of a transaction. [`Operation::leased`](crate::operation::Operation::leased) claims its key first, for
//! a while that is renewed while the work runs, and records the outcome when it is done: a repeat gets that. What happens if the
//! process dies in between is said by [`WhenLost`]. A [`Lock`] is the same record without an outcome.
//!
//! - Only the store's clock ends a lease. A process knows its own by a clock that is never set, counted from before the claim was sent,
//!   and stops relying on it at four fifths of its length.
//! - Of two owners the later one has the higher [`Epoch`](crate::Epoch). What is *fenced* by a lease, [`Lease`] says how, does not happen
//!   after a later owner's claim.
//! - A lock is no mutual exclusion: its owner may be paused, and go on after another one has begun. For efficiency use it as it is; for
//!   correctness, fence.
//!
//! # Stores
//! | store | made by | promise |
//! |---|---|---|
//! | SQLite, PostgreSQL | [`Leases::from`]`(&idem)` | as durable as the database |
//! | Redis | [`Leases::redis`](Leases), feature `redis` | as durable as its append-only file; a failover may forget |
//! | memory | [`Leases::memory`] | until the process ends: for tests |
//!
//! Memcached is no store of leases, and will be none: it may forget a key at any time, and a forgotten claim is a second effect.

#![cfg_attr(
    not(feature = "_sql"),
    allow(dead_code, reason = "some parts are for operations in a transaction, and for fences")
)]

pub(crate) mod claim;
pub(crate) mod claim_id;
mod closure;
pub(crate) mod failed;
#[cfg(feature = "_sql")]
mod fence;
pub(crate) mod keeper;
pub(crate) mod leased;
pub(crate) mod leases;
mod live;
pub(crate) mod lock;
mod memory;
pub(crate) mod operators;
pub(crate) mod owned;
#[cfg(feature = "redis")]
mod redis;
pub(crate) mod remembered;
#[cfg(feature = "_sql")]
pub(crate) mod sql;
pub(crate) mod store;
#[cfg(test)]
mod tests;
pub(crate) mod working;

pub use claim::Claim;
pub use claim_id::ClaimId;
pub use failed::Failed;
pub use leased::LeasedOperation;
pub use leases::Leases;
pub use lock::{Lock, LockGuard};
pub use operators::{LostClaim, Resolved};
pub use owned::{Lease, OwnedLease};
pub use remembered::{Completed, Remembered, WhenLost};
pub use working::{Ended, Taken};
