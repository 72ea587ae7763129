//! The HTTP edge of idem: services that are safe to retry, clients that retry rightly, and webhooks that are verified.
//!
//! A request over HTTP is sent again because its answer was lost, and the sender cannot know whether it had its effect. An idempotency key
//! makes the repeat harmless where the server honours it; this crate is what belongs around that.
//!
//! - [`Guard`] makes the routes of a service honour the key: one effect, and the answer of the first request for every repeat.
//! - `client`: a middleware for reqwest that gives each request one key, keeps it over all attempts, and repeats only what is
//!   safe to repeat, within a budget. The rule alone is a function, for other clients.
//! - `webhook`: verifies the signatures of Stripe, GitHub and Standard Webhooks, over the bytes that were signed; a layer for receivers,
//!   and a signer.
//!
//! # Differences from other crates
//! Read in November 2026; `docs/COMPARE.md` has a table.
//!
//! - [axum-idempotent](https://github.com/jimmielovell/axum-idempotent) 0.6 caches answers in a session: it needs no key where a request is recognised
//!   by its content, and no database. It does not compare a repeat with the first request, runs both of two that come at once, and knows
//!   nothing of the handler's writes.
//! - [idempotent](https://github.com/aklanti/idempotent) 2.0 claims a key under a lease that is renewed and fenced, in memory or Valkey, and runs the
//!   handler in a task: as [`Guard::leased`]. It has no record in the transaction of the effect, and answers another request under the key
//!   with 400.
//!
//! # Features
//! | feature | default | what it brings |
//! |---|---|---|
//! | `server` | yes | [`Guard`] for any tower service; leases in memory |
//! | `axum` | yes | extractors and answers of axum, for `server` and `webhook` |
//! | `sqlite`, `postgres` | `sqlite` | guards on these databases |
//! | `redis` | | guards on leases in Redis |
//! | `client` | | `client`, on reqwest and its middleware; no axum, no database |
//! | `webhook` | | `webhook`, for any tower service; no axum, no database |
//! | `tracing` | | a span per guarded request: route, namespace, verdict, attempts, a hash of the key, never the key |
//! | `metrics` | | guarded requests by verdict and route, and what belongs to it, by the `metrics` facade: `docs/OPERATIONS.md` lists them |
//! | `testing` | | `testing`, a probe for the tests of routes, guarded or not |

// Shows the feature of an item where docs.rs builds the pages.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
#[cfg(any(feature = "client", feature = "server", feature = "webhook"))]
mod fault;

#[cfg(feature = "server")]
mod answer;
#[cfg(feature = "server")]
mod answer_body;
#[cfg(all(feature = "axum", feature = "server"))]
mod axum;
#[cfg(any(feature = "server", feature = "webhook"))]
mod body;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
mod correlation;
#[cfg(feature = "server")]
mod fingerprint;
#[cfg(all(feature = "server", test))]
mod fuzz;
#[cfg(feature = "server")]
mod guard;
#[cfg(feature = "server")]
mod header;
#[cfg(feature = "server")]
mod keys;
#[cfg(feature = "server")]
mod observe;
#[cfg(feature = "server")]
mod panics;
#[cfg(any(feature = "server", feature = "webhook"))]
mod problem;
#[cfg(feature = "server")]
mod record;
#[cfg(feature = "server")]
mod refusal;
#[cfg(feature = "server")]
pub mod scope;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "webhook")]
pub mod webhook;

#[cfg(feature = "server")]
pub use answer::Answer;
#[cfg(feature = "server")]
pub use answer_body::AnswerBody;
#[cfg(all(feature = "axum", feature = "server"))]
pub use axum::Done;
#[cfg(feature = "server")]
pub use fingerprint::OriginalTarget;
#[cfg(feature = "server")]
pub use guard::{Drain, Guard, GuardFuture, GuardLayer, GuardService, Keyed, Lease, Leased, Mode, Recorded, recorded};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use guard::{Transactional, Work};
#[cfg(feature = "server")]
pub use idem_core::lease::{Leases, WhenLost};
#[cfg(feature = "server")]
pub use keys::Keys;
#[cfg(feature = "server")]
pub use observe::{Audit, Verdict};
#[cfg(feature = "server")]
pub use problem::MapRejected;
#[cfg(any(feature = "server", feature = "webhook"))]
pub use problem::Problem;

#[cfg(all(doctest, feature = "axum", feature = "client", feature = "sqlite"))]
mod documents {
    #[doc = include_str!("../../docs/HTTP.md")]
    mod http {}
}
