//! Retries for HTTP clients that keep their key over all attempts.
//!
//! A request whose reply was lost may have had its effect. Sent again under the same `Idempotency-Key`, it has it once: the server answers
//! with what it answered the first time. [`Retries`] gives each POST and PATCH a key and sends it again, with the same key and the same
//! bytes, for as long as that is safe and useful. [`verdict`] is the rule alone, for other clients.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use idem_core::Key;
//! use idem_http::client::{RequestKey, Retries};
//!
//! let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;       // for each attempt
//! let client = reqwest_middleware::ClientBuilder::new(http)
//!     .with(Retries::default().attempts(5).give_up_after(Duration::from_secs(30)).server_keeps(Duration::from_hours(24)))
//!     .build();
//! // A random key, the same in all attempts:
//! let order = client.post("https://shop.example/orders").body("{}");
//! // A derived key, also the same after this process was restarted:
//! let step = Key::new("customer-7", "req-1")?.derive("charge");
//! let charge = client.post("https://pay.example/charges").body("{}").with_extension(RequestKey::from(&step));
//! # let _ = (order, charge);
//! # Ok(()) }
//! ```
//!
//! What limits the retries of one request: the number of attempts, the time, and how long the server keeps its records. What limits the
//! retries to one host: a budget of 20 % of the requests to it and 3 a second, and a breaker, which after 10 failures in a row sends
//! nothing for 5 seconds and then one request, the probe. A host is a name and a port; of 1,024 hosts the state is kept.
//!
//! | answer | sent again | counts against budget and breaker |
//! |---|---|---|
//! | below 400; `Idempotent-Replayed: true`, whatever the status | no | |
//! | `Idempotency-Status: ignored`, without `Retry-After`: it was done, or may have been, without a record | no | |
//! | `Stripe-Should-Retry: false` | no | |
//! | `Stripe-Should-Retry: true` | yes | yes |
//! | 409 with `Retry-After`: the first request is in flight | yes, and it is none of the attempts | no |
//! | 409 without: a conflict of the application | no | |
//! | 425 | yes, and it is none of the attempts | no |
//! | 408, 429 | yes | yes |
//! | 500, 502, 503, 504 | yes | yes |
//! | any other | no | |
//! | no connection, no answer in time, connection broken | yes | yes |
//!
//! # Differences from `reqwest-retry`
//! [That crate](https://github.com/TrueLayer/reqwest-middleware), 0.9 in November 2026, repeats a failed POST without a key, and neither
//! waits as `Retry-After` says nor sees that a 500 is a replay.
//!
//! # Not covered
//! A reply that breaks in the middle of its body has reached the caller, who must repeat the call, with a [`RequestKey`]. Redirects are
//! followed by reqwest within one attempt, and carry the key to wherever they lead. `traceparent` and `X-Request-Id` are sent as given, the
//! same in all attempts; none is made.

mod advice;
mod breaker;
mod clock;
mod error;
mod hosts;
mod key;
mod retries;
mod retry_after;
mod send;

pub use advice::{Advice, verdict};
pub use clock::Clock;
pub use error::{End, Reason, SendError, Sent};
pub use key::RequestKey;
pub use retries::Retries;
