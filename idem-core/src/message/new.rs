//! A message as it is emitted.

use std::fmt;

use serde::Serialize;

use crate::error::Error;
use crate::key::{KeyError, check_name};
use crate::wire::{Stored, WireError};

/// As many headers has a message at most.
pub const MAX_HEADERS: usize = 64;

/// The longest value of a header, in bytes.
pub const MAX_HEADER_BYTES: usize = 1_024;

/// The header in which the media type of a payload is kept.
pub(crate) const CONTENT_TYPE: &str = "content-type";

/// A message that is to be emitted: made by [`Message::new`](crate::Message::new) or [`Message::bytes`](crate::Message::bytes).
///
/// Names and sizes are checked when it is emitted.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a message leaves when it is emitted"]
pub struct NewMessage {
    pub(crate) topic: String,
    pub(crate) payload: Stored,
    pub(crate) key: Option<String>,
    pub(crate) ordered: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl NewMessage {
    /// With a payload that is written as JSON.
    pub(crate) fn encoded(topic: String, payload: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        match Stored::encode(payload) {
            Ok(payload) => Ok(Self::stored(topic, payload)),
            Err(source) => Err(unencodable(&topic, &source)),
        }
    }

    /// With a payload as it is stored.
    pub(crate) fn stored(topic: String, payload: Stored) -> Self {
        Self { topic, payload, key: None, ordered: None, headers: Vec::new() }
    }

    /// Sets the key by which a broker routes it: a record key, a group, a part of a subject. 1 to 255 bytes without control characters.
    /// Default: the id of its machine; beside machines the sequence, or none.
    ///
    /// A key puts messages of several machines in no order.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Gives it the next number of the sequence `name`, and the order of that number among the messages of the sequence: the transaction
    /// locks the sequence until it ends, and others that emit in it wait. 1 to 255 bytes without control characters. Default: none, and
    /// no order.
    ///
    /// Beside machines alone. A message of a step has the number and the order of its machine; with a sequence it is
    /// [`Error::Misuse`].
    pub fn ordered(mut self, name: impl Into<String>) -> Self {
        self.ordered = Some(name.into());
        self
    }

    /// Adds a header, or replaces the one of that name. A name has 1 to 255 lower-case ASCII letters, digits, `-`, `_` and `.`; a value
    /// at most [`MAX_HEADER_BYTES`], without control characters; a message at most [`MAX_HEADERS`].
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.headers.push((name, value)),
        }
        self
    }

    /// Sets the media type of the payload. Default: `application/json`; of bytes `application/octet-stream`.
    pub fn content_type(self, media_type: impl Into<String>) -> Self {
        self.header(CONTENT_TYPE, media_type)
    }

    /// Its headers as they are stored: a list of pairs.
    #[cfg(feature = "_sql")]
    pub(crate) fn stored_headers(&self) -> Option<Stored> {
        if self.headers.is_empty() { None } else { Stored::encode(&self.headers).ok() }
    }

    /// Refuses what cannot be stored or sent.
    ///
    /// # Errors
    /// The first name that is none, or the first limit that is exceeded.
    pub(crate) fn check(&self) -> Result<(), KeyError> {
        check_name("topic", &self.topic)?;
        for (what, name) in [("key of a message", &self.key), ("name of a sequence", &self.ordered)] {
            name.as_deref().map_or(Ok(()), |name| check_name(what, name))?;
        }
        at_most("message", "headers", self.headers.len(), MAX_HEADERS)?;
        self.headers.iter().try_for_each(|(name, value)| check_header(name, value))
    }
}

fn check_header(name: &str, value: &str) -> Result<(), KeyError> {
    check_name("name of a header", name)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    allowed("name of a header", name, fits, "lower-case ASCII letters, digits, `-`, `_` and `.`")?;
    at_most("value of a header", "bytes", value.len(), MAX_HEADER_BYTES)?;
    allowed("value of a header", value, |c| !c.is_control(), "no control characters")
}

fn at_most(what: &'static str, unit: &'static str, count: usize, limit: usize) -> Result<(), KeyError> {
    if count > limit { Err(KeyError::TooMany { what, unit, count, limit }) } else { Ok(()) }
}

fn allowed(what: &'static str, text: &str, fits: impl Fn(char) -> bool, allowed: &'static str) -> Result<(), KeyError> {
    match text.char_indices().find(|(_, c)| !fits(*c)) {
        Some((at, character)) => Err(KeyError::Character { what, character, at, allowed }),
        None => Ok(()),
    }
}

/// The error of a payload that cannot be written.
pub(crate) fn unencodable(topic: &str, source: &WireError) -> Error {
    Error::Unencodable { what: format!("the message {topic:?}"), source: source.to_string().into() }
}

/// Without the payload and the values of headers, which may be secrets.
impl fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.payload.content().len();
        f.debug_struct("NewMessage").field("topic", &self.topic).field("bytes", &bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(topic: &str) -> NewMessage {
        NewMessage::stored(topic.to_owned(), Stored::from_bytes(b""))
    }

    fn message() -> NewMessage {
        named("order.paid")
    }

    #[test]
    fn message_within_limits_is_accepted() {
        let full = (0..MAX_HEADERS).fold(message().key("k").ordered("s"), |message, at| {
            message.header(format!("x-{at}"), "\u{e9}".repeat(MAX_HEADER_BYTES / 2))
        });
        assert_eq!(full.check(), Ok(()));
        assert_eq!(message().header("empty", "").check(), Ok(()));
    }

    #[test]
    fn message_with_name_or_header_out_of_range_is_refused() {
        let refused = |message: NewMessage| message.check().expect_err("refused").to_string();
        assert_eq!(refused(named("")), "the topic is empty; give it 1 to 255 bytes");
        assert!(refused(message().key("")).starts_with("the key of a message is empty"));
        assert!(refused(message().ordered("a\n")).contains("control character"));
        assert_eq!(
            refused(message().header("X-Upper", "1")),
            "the name of a header has the character 'X' at byte 0; allowed: lower-case ASCII letters, digits, `-`, `_` and `.`"
        );
        assert!(refused(message().header("x", "a\r\nb")).contains("'\\r' at byte 1"));
        assert_eq!(
            refused(message().header("x", "a".repeat(MAX_HEADER_BYTES + 1))),
            "the value of a header has 1025 bytes, at most 1024 fit"
        );
        let many = (0..=MAX_HEADERS).fold(message(), |message, at| message.header(format!("x-{at}"), ""));
        assert_eq!(refused(many), "the message has 65 headers, at most 64 fit");
    }

    #[test]
    fn header_given_twice_has_the_later_value() {
        let message = message().header("tenant", "acme").header("tenant", "umbrella");
        assert_eq!(message.headers, [("tenant".to_owned(), "umbrella".to_owned())]);
    }
}
