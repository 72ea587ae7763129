//! Signatures of webhooks: a verifier, a signer, and a layer for receivers.
//!
//! A webhook is a request that a sender repeats until it is answered with 2xx, so its receiver needs two things: proof that the
//! request is the sender's, and an idempotency key that lives as long as the effect. This module gives the proof. The key is
//! the sender's id of the event:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use idem_core::Key;
//! use idem_http::webhook::{Verifier, Webhook};
//! use tower::{ServiceBuilder, service_fn};
//!
//! #[derive(serde::Deserialize)]
//! struct Event { id: String }
//!
//! async fn paid(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
//!     let hook = Webhook::of(&request)?;
//!     let event: Event = hook.json()?;                           // from the very bytes that were signed
//!     let _key = Key::of("stripe", [event.id.as_bytes()])?;      // for the command of a machine: a repeat is a replay
//!     Ok(Response::builder().status(StatusCode::NO_CONTENT).body(Full::default())?)
//! }
//!
//! # fn main() -> Result<(), idem_http::webhook::SecretError> {
//! let verifier = Verifier::stripe("whsec_new")?.also("whsec_old")?;
//! let receiver = ServiceBuilder::new().layer(verifier.layer()).service(service_fn(paid));
//! # let _ = receiver;
//! # Ok(()) }
//! ```
//!
//! # Schemes
//! One verifier reads all schemes; they differ in data alone. All sign with HMAC-SHA-256.
//!
//! | scheme | signed bytes | headers | secret | id | time |
//! |---|---|---|---|---|---|
//! | [Stripe][stripe] | `time.body` | `Stripe-Signature: t=…,v1=hex` | text | in the body | `t` |
//! | [GitHub][github] | `body` | `X-Hub-Signature-256: sha256=hex` | text | `X-GitHub-Delivery`, **not signed** | none |
//! | [Standard Webhooks][standard] | `id.time.body` | `Webhook-Signature: v1,base64` | `whsec_` and base64 | `Webhook-Id` | `Webhook-Timestamp` |
//!
//! Other versions of signatures (`v0`, `v1a`) are ignored. A header that comes twice is refused, because another reader of the
//! request might use the other line.
//!
//! # Replays
//! The window of time makes a captured request useless after some minutes. It does not recognise a repeat: senders retry for days, with
//! a new time and a new signature. A delivery of GitHub has no time at all, and its id can be changed by whoever captured
//! it; where that matters, take the key from the body.
//!
//! [stripe]: https://docs.stripe.com/webhooks#verify-manually
//! [github]: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
//! [standard]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

#[cfg(feature = "axum")]
mod axum;
mod claim;
mod error;
mod keys;
mod layer;
mod problem;
mod received;
mod scheme;
mod signer;
mod verifier;

pub use error::{JsonError, NoVerifier, SecretError, SignError, VerifyError};
pub use layer::{WebhookLayer, WebhookService};
pub use received::Webhook;
pub use signer::Signer;
pub use verifier::{Verified, Verifier};
