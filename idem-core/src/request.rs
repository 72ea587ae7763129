//! Requests: what a repeat under a known key is compared by, where there is no command.

use std::fmt;

use crate::error::Error;
use crate::fingerprint::{Fingerprint, canonical_hash};
use crate::key::{Hasher, Hex, Key, KeyError};
use crate::wire::{Stored, WireError};

/// What a request is recognised by when its key comes again: a target, and parts in their order. The recipe of the fingerprint, for layers
/// that have no type for what they are asked.
///
/// A repeat with other bytes in one part is another request. Of JSON neither white space nor the order of members counts.
///
/// ```
/// use idem_core::operation::Request;
///
/// let request = |amount: &[u8]| Request::to("POST /payments").part(b"text/json").json(amount);
/// assert_eq!(request(br#"{"amount": 5, "to": "Ada"}"#), request(br#"{"to":"Ada","amount":5}"#));
/// assert_ne!(request(br#"{"amount": 5}"#), request(br#"{"amount": 5.0}"#));
/// ```
#[derive(Clone)]
pub struct Request(Hasher);

impl Request {
    /// A request to this target: a route, a table, a queue. It may be empty.
    pub fn to(target: &str) -> Self {
        Self(Hasher::new("idem request v1").with(target.as_bytes()))
    }

    /// The request whose only part is this value, as JSON.
    ///
    /// # Errors
    /// [`Error::Unencodable`](crate::Error::Unencodable) if it has no JSON.
    pub fn of<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let unfit = |error: WireError| Error::Unencodable { what: "the request".into(), source: error.into() };
        let stored = Stored::encode(value).map_err(unfit)?;
        Ok(Self::to("").json(stored.json().map_err(unfit)?))
    }

    /// One more part: bytes.
    #[must_use]
    pub fn part(mut self, bytes: &[u8]) -> Self {
        self.0.part(b"bytes");
        self.0.part(bytes);
        self
    }

    /// One more part: JSON, in canonical form. What is no JSON counts as bytes.
    #[must_use]
    pub fn json(mut self, json: &[u8]) -> Self {
        self.0.part(b"json");
        self.0.part(&canonical_hash(json));
        self
    }

    /// The key of a request that came without one: two of the same have the same. Remember its outcome for a short time only: a request that
    /// is meant twice cannot be distinguished from a repeat. No client can send it as a key of its own: it has a character that is not ASCII.
    ///
    /// ```
    /// use idem_core::operation::Request;
    ///
    /// let request = |amount: &[u8]| Request::to("POST /payments").json(amount);
    /// assert_eq!(request(b"5").key("shop-1")?, request(b" 5").key("shop-1")?);
    /// assert_ne!(request(b"5").key("shop-1")?, request(b"6").key("shop-1")?);
    /// # Ok::<(), idem_core::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError`] if the scope is empty, longer than 255 bytes or has a control character.
    pub fn key(&self, scope: impl Into<String>) -> Result<Key, KeyError> {
        // No key that comes in a header has a character like this one.
        Key::new(scope, format!("r\u{b7}{}", Hex(&self.fingerprint().0)))
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from_hash(self.0.clone())
    }
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for Request {}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?})", self.fingerprint())
    }
}
