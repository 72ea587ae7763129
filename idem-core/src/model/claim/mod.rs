//! The record of a key that has no row of its own: claimed under a lease, completed with an outcome, or released.
//!
//! ```text
//!             claim                        complete (epoch = mine)
//! absent ───────────────► claimed(epoch, until) ───────────────► completed(outcome, expires_at) ── expired ──► absent
//!    ▲                      │  ▲  │ renew: until = now + lease
//!    │  release (epoch)     │  │  └─ until past: lost (derived, never written)
//!    └──── released(epoch) ◄┘  └──── claim: epoch' > epoch (where a lost one may be taken over; else nobody, until it is resolved)
//! ```
//!
//! Expiry is a condition, and not a state: somebody would have to write it in time. The store's clock decides.

pub(crate) mod call;
#[cfg(test)]
mod checked;
#[cfg(feature = "_sql")]
pub(crate) mod fence;
pub(crate) mod record;
pub(crate) mod transition;
