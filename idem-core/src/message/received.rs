//! A message as it leaves, and as it comes in.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Timestamp;
use crate::error::{Effect, Error};
use crate::message::new::{CONTENT_TYPE, NewMessage};
use crate::wire::Stored;

/// A message that was emitted: as the outbox hands it out, and as a consumer gets it.
///
/// Its attributes are those of [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md): the topic is the
/// `type`, the number the extension `sequence`, the key the extension `partitionkey`.
///
/// ```
/// use idem_core::Message;
///
/// let invoice = Message::new("invoice.archived", &7)?.key("invoice-7").header("tenant", "acme");
/// let message = invoice.received("0193-1", "idem://installation/invoice");          // a source of yours makes it so
/// assert_eq!((message.topic(), message.key(), message.header("tenant")?), ("invoice.archived", "invoice-7", "acme"));
/// assert_eq!((message.payload(), message.json::<i64>()?), (&b"7"[..], 7));
/// # Ok::<(), idem_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub(crate) content: NewMessage,
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) number: Option<i64>,
    pub(crate) correlation: Option<String>,
    pub(crate) at: Option<Timestamp>,
}

impl Message {
    /// A message that is to be emitted, with a payload that is written as JSON.
    ///
    /// # Errors
    /// [`Error::Unencodable`] if its serde refuses, a float is not finite, or a map has keys that are not text.
    #[allow(clippy::new_ret_no_self, reason = "it has no id before it is emitted")]
    pub fn new(topic: impl Into<String>, payload: &(impl Serialize + ?Sized)) -> Result<NewMessage, Error> {
        NewMessage::encoded(topic.into(), payload)
    }

    /// A message that is to be emitted, with bytes as they are. Their media type is `application/octet-stream`, unless it is set.
    pub fn bytes(topic: impl Into<String>, payload: &[u8]) -> NewMessage {
        NewMessage::stored(topic.into(), Stored::from_bytes(payload))
    }

    /// What it is about.
    pub fn topic(&self) -> &str {
        &self.content.topic
    }

    /// Its id, the same for each attempt to deliver it. Empty if its source has none.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it comes from; the id is unique within it. Of idem `idem://<installation>/<machine>`, beside machines
    /// `idem://<installation>`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The key that routes it; empty if it has none.
    pub fn key(&self) -> &str {
        self.content.key.as_deref().unwrap_or_default()
    }

    /// What it is in order with: the messages of one machine have the same, and so have those of one sequence. For a
    /// [`Sink`](crate::outbox::Sink), which publishes none after another one of this that failed. Empty for one that came from a broker.
    pub fn order_key(&self) -> &str {
        self.content.ordered.as_deref().unwrap_or_default()
    }

    /// Its number among the messages of its machine or of its sequence, counted from 1 without a gap; `None` if it is of neither.
    pub fn number(&self) -> Option<u64> {
        self.number.and_then(|number| u64::try_from(number).ok())
    }

    /// Its headers, the media type excluded, in the order in which they were added.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.content.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| *name != CONTENT_TYPE)
    }

    /// The value of a header.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if it has no header of this name.
    pub fn header(&self, name: &str) -> Result<&str, Error> {
        self.value(name).ok_or_else(|| self.undecodable(format!("it has no header `{name}`").into()))
    }

    /// The media type of the payload.
    pub fn content_type(&self) -> &str {
        let default = if self.content.payload.json().is_ok() { "application/json" } else { "application/octet-stream" };
        self.value(CONTENT_TYPE).unwrap_or(default)
    }

    /// The correlation id of the call that emitted it.
    pub fn correlation(&self) -> Option<&str> {
        self.correlation.as_deref()
    }

    /// When it was emitted, on the database's clock; `None` where a source does not say.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// The payload as it was given: JSON, or bytes.
    pub fn payload(&self) -> &[u8] {
        self.content.payload.content()
    }

    /// The payload, read as JSON.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if it is no JSON, or has another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(self.payload()).map_err(|source| self.undecodable(source.into()))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.content.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn undecodable(&self, source: crate::error::Source) -> Error {
        let what = format!("the message {:?} of {:?}", self.id, self.content.topic);
        Error::Undecodable { what, effect: Effect::NotApplied, source }
    }
}

/// For sources: messages that another system has emitted.
impl NewMessage {
    /// The message as it came in, with the id that it has at its source.
    pub fn received(self, id: impl Into<String>, source: impl Into<String>) -> Message {
        Message { content: self, id: id.into(), source: source.into(), number: None, correlation: None, at: None }
    }
}

impl Message {
    /// With the number that its source gave it.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Self {
        self.number = i64::try_from(number).ok();
        self
    }

    /// With the correlation id of what emitted it.
    #[must_use]
    pub fn correlated(mut self, correlation: impl Into<String>) -> Self {
        self.correlation = Some(correlation.into());
        self
    }

    /// With the time at which it was emitted.
    #[must_use]
    pub fn emitted_at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }
}

/// Without the payload and the values of headers, which may be secrets.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.content.topic)
            .field("id", &self.id)
            .field("number", &self.number)
            .field("bytes", &self.payload().len())
            .finish_non_exhaustive()
    }
}
