//! The HTTP edge of idem: clients that retry rightly, and webhooks that are verified.
//!
//! A request over HTTP is sent again because its answer was lost, and the sender cannot know whether it had its effect. An idempotency key
//! makes the repeat harmless where the server honours it; this crate is what belongs around that.
//!
//! - `client`: a middleware for reqwest that gives each request one key, keeps it over all attempts, and repeats only what is
//!   safe to repeat, within a budget. The rule alone is a function, for other clients.
//! - `webhook`: verifies the signatures of Stripe, GitHub and Standard Webhooks, over the bytes that were signed; a layer for receivers,
//!   and a signer.
//!
//! # Features
//! | feature | what it brings |
//! |---|---|
//! | `client` | `client`, on reqwest and its middleware; no axum, no database |
//! | `webhook` | `webhook`, for any tower service; no axum, no database |
//! | `axum` | `webhook::Webhook` as an extractor, and its errors as answers |

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "webhook")]
pub mod webhook;
