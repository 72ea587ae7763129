//! Where messages are delivered.

use std::future::Future;

use crate::message::Message;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// The other side has it, as durably as it promises.
    Done,
    /// It has not, or that is not known: it is tried again, and counted. The later messages of its machine or sequence wait.
    Retry(String),
    /// It never will: the message is parked.
    Dead(String),
    /// The other side cannot be reached. The message is tried again after a pause, and not counted. One in a batch is enough: then the whole
    /// relay pauses.
    Unavailable(String),
}

/// What a broker, or a user, implements: it publishes messages.
///
/// A function from messages to a future of deliveries is a sink.
///
/// - Bound each wait: the relay waits for the answer.
/// - Publish the messages of one [`order_key`](Message::order_key) in the order of the batch, and none of it after one that failed: answer
///   [`Delivery::Retry`] for those as well.
/// - A message may come again, with the same id: after a crash, a lost reply, or beside an owner that was paused.
pub trait Sink: Send + Sync + 'static {
    /// Publishes messages; one answer for each, in their order. What has no answer counts as [`Delivery::Retry`].
    fn publish(&self, batch: &[Message]) -> impl Future<Output = Vec<Delivery>> + Send;
}

impl<F, R> Sink for F
where
    F: Fn(Vec<Message>) -> R + Send + Sync + 'static,
    R: Future<Output = Vec<Delivery>> + Send,
{
    async fn publish(&self, batch: &[Message]) -> Vec<Delivery> {
        self(batch.to_vec()).await
    }
}
