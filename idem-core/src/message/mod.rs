//! Messages: what leaves a service with an effect, and what comes in from another one.
//!
//! A step emits messages ([`Step::emit`](crate::Step::emit), [`Step::emit_with`](crate::Step::emit_with)), and so does a transaction
//! ([`Tx::emit`](crate::Tx::emit)): they are written to the outbox, with the effect or not at all.

mod id;
mod new;
mod received;

pub(crate) use id::{Emitted, message_id, message_source};
pub(crate) use new::unencodable;
pub use new::{MAX_HEADER_BYTES, MAX_HEADERS, NewMessage};
pub use received::Message;
