//! The outbox: messages that are written with their effect, and delivered after it.
//!
//! A step or a transaction emits a [`Message`](crate::Message). A [`Relay`] hands it to a [`Sink`], a broker or your function, and
//! deletes it once the sink has it. So each message arrives at least once, with the same id each time.
//!
//! The messages of one machine, and those of one sequence, leave in the order of their numbers. [`Outbox`] is for operators: what waits, and what
//! could not be delivered.

mod emit;
mod operators;
mod relay;
mod sink;

pub use operators::{Outbox, Parked, Topic, Waiting};
pub use relay::settings::WhenDead;
pub use relay::{Relay, Report};
pub use sink::{Delivery, Sink};
