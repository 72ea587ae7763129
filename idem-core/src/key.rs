//! Idempotency keys: the name by which a request is recognised when it comes again.

mod serial;

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// The longest scope, key, machine id or account name, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// An idempotency key within its scope.
///
/// The *scope* is the principal or tenant that chose the key (never its credential), the *key* is what the principal
/// chose. Both are 1 to 255 bytes of UTF-8 without control characters and are compared byte for byte on every
/// database: case, trailing spaces and Unicode forms all count.
///
/// `Debug` shows a short hash instead of the text, so that a key does not end up in a log. serde writes both texts, for a queue or a
/// table of your own, and checks what it reads.
///
/// ```
/// use idem_core::Key;
/// let key = Key::new("customer-7", "req-1")?;
/// assert_eq!((key.scope(), key.as_str()), ("customer-7", "req-1"));
/// assert!(Key::new("customer-7", "").is_err());
/// # Ok::<(), idem_core::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Scope and key in one piece, shared by all clones: a key is cloned for each call.
    text: Arc<str>,
    /// Where the key begins.
    scope: usize,
}

/// Why a text cannot be a scope, a key, a machine id, an account name, or a part of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has no characters.
    #[error("the {what} is empty; give it 1 to {MAX_NAME_BYTES} bytes")]
    Empty {
        /// Which text: scope, key, machine id, …
        what: &'static str,
    },
    /// The text has more than [`MAX_NAME_BYTES`] bytes.
    #[error("the {what} has {bytes} bytes, at most {MAX_NAME_BYTES} fit; hash a longer one with `Key::of`")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The text has a control character, which logs, headers and some databases cannot carry.
    #[error(
        "the {what} has the control character {character:?} at byte {at}; remove it or hash the text with `Key::of`"
    )]
    Control {
        /// Which text.
        what: &'static str,
        /// The character.
        character: char,
        /// Where it starts, in bytes.
        at: usize,
    },
    /// The text has a character that is not allowed in it.
    #[error("the {what} has the character {character:?} at byte {at}; allowed: {allowed}")]
    Character {
        /// Which text.
        what: &'static str,
        /// The character.
        character: char,
        /// Where it starts, in bytes.
        at: usize,
        /// What it may have.
        allowed: &'static str,
    },
    /// It has more than fit.
    #[error("the {what} has {count} {unit}, at most {limit} fit")]
    TooMany {
        /// Which text, or list of texts.
        what: &'static str,
        /// What is counted.
        unit: &'static str,
        /// How many it has.
        count: usize,
        /// How many fit.
        limit: usize,
    },
}

/// Checks a text that is stored as an identifier.
pub(crate) fn check_name(what: &'static str, text: &str) -> Result<(), KeyError> {
    if text.is_empty() {
        return Err(KeyError::Empty { what });
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(KeyError::TooLong { what, bytes: text.len() });
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, character)) => Err(KeyError::Control { what, character, at }),
        None => Ok(()),
    }
}

fn check_names(scope: &str, key: &str) -> Result<(), KeyError> {
    check_name("scope", scope)?;
    check_name("key", key)
}

impl Key {
    /// The key that a client chose, in the client's scope.
    ///
    /// # Errors
    /// [`KeyError`] if one of them is empty, longer than 255 bytes or has a control character.
    pub fn new(scope: impl Into<String>, key: impl Into<String>) -> Result<Self, KeyError> {
        let (scope, key) = (scope.into(), key.into());
        check_names(&scope, &key)?;
        Ok(Self::joined(scope, &key))
    }

    /// A new key that no one else has: a UUID of version 7 (RFC 9562), so that keys made one after another are stored
    /// side by side.
    ///
    /// ```
    /// # use idem_core::Key;
    /// let (one, other) = (Key::random("shop-1")?, Key::random("shop-1")?);
    /// assert_ne!(one, other);
    /// assert_eq!((one.scope(), one.as_str().len()), ("shop-1", 36));
    /// assert!(Key::random("").is_err());
    /// # Ok::<(), idem_core::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError`] if the scope is empty, longer than 255 bytes or has a control character.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    #[cfg(feature = "random")]
    pub fn random(scope: impl Into<String>) -> Result<Self, KeyError> {
        Self::new(scope, Uuid::random().to_string())
    }

    /// The key of an operation that is named by what it is about: the hash of `parts`, each counted with its length,
    /// so that `["a", "bc"]` and `["ab", "c"]` differ.
    ///
    /// ```
    /// # use idem_core::{Key, KeyError};
    /// let key = Key::of("billing", ["customer-7", "2026-11"])?;
    /// assert_eq!(key, Key::of("billing", ["customer-7", "2026-11"])?);
    /// assert_ne!(key, Key::of("billing", ["customer-", "72026-11"])?);
    /// assert_eq!(Key::of("billing", [""]), Err(KeyError::Empty { what: "list of parts" }));
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError`] if the scope is empty, longer than 255 bytes or has a control character; if there is nothing in the
    /// parts: all operations would have that key.
    pub fn of<P: AsRef<[u8]>>(scope: impl Into<String>, parts: impl IntoIterator<Item = P>) -> Result<Self, KeyError> {
        let mut hash = Hasher::new("idem key of v1");
        let mut bytes = 0;
        for part in parts {
            bytes += part.as_ref().len();
            hash.part(part.as_ref());
        }
        if bytes == 0 {
            return Err(KeyError::Empty { what: "list of parts" });
        }
        Self::new(scope, format!("o.{}", Hex(&hash.finish())))
    }

    /// The key to use for one step of the work that this key names, for example a call to a payment gateway.
    ///
    /// The same key and step give the same derived key; the client's own text is never sent downstream, so two
    /// clients of one downstream service cannot collide.
    ///
    /// ```
    /// # use idem_core::Key;
    /// let key = Key::new("customer-7", "req-1")?;
    /// assert_eq!(key.derive("charge"), key.derive("charge"));
    /// assert_ne!(key.derive("charge"), key.derive("refund"));
    /// assert!(!key.derive("charge").as_str().contains("req-1"));
    /// # Ok::<(), idem_core::KeyError>(())
    /// ```
    #[must_use]
    pub fn derive(&self, step: &str) -> Self {
        let hash = Hasher::new("idem key derive v1")
            .with(self.scope().as_bytes())
            .with(self.as_str().as_bytes())
            .with(step.as_bytes());
        Self { text: format!("{}d.{}", self.scope(), Hex(&hash.finish())).into(), scope: self.scope }
    }

    /// The key of these texts, whatever they are: as they are stored, or once they were checked.
    pub(crate) fn joined(scope: String, key: &str) -> Self {
        let length = scope.len();
        Self { text: (scope + key).into(), scope: length }
    }

    /// A key that was stored, unless it is none.
    #[cfg(feature = "leases")]
    pub(crate) fn checked(&self) -> Result<&Self, KeyError> {
        check_names(self.scope(), self.as_str()).map(|()| self)
    }

    /// Whether its texts were blanked by `Idem::forget`: a key that was chosen is never empty.
    #[cfg(feature = "_sql")]
    pub(crate) fn is_forgotten(&self) -> bool {
        self.text.is_empty()
    }

    /// The client or tenant that chose the key.
    pub fn scope(&self) -> &str {
        &self.text[..self.scope]
    }

    /// The key as it was chosen.
    pub fn as_str(&self) -> &str {
        &self.text[self.scope..]
    }

    /// The key in logs and answers to operators: a part of its hash, the same as in `Debug`. Nothing of the key can be read from it.
    ///
    /// ```
    /// let key = idem_core::Key::new("tenant-7", "req-17")?;
    /// assert_eq!(format!("Key({})", key.tag()), format!("{key:?}"));
    /// # Ok::<(), idem_core::KeyError>(())
    /// ```
    pub fn tag(&self) -> impl fmt::Display + use<> {
        self.hash_in("")
    }

    /// The same as it is stored in one namespace, the name of a machine or an operation: as [`LostClaim::tag`](crate::lease::LostClaim::tag) and
    /// [`KeyReused::tag`](crate::error::KeyReused::tag) show it.
    ///
    /// ```
    /// let key = idem_core::Key::new("tenant-7", "req-17")?;
    /// assert_ne!(key.tag_in("charge").to_string(), key.tag_in("refund").to_string());
    /// # Ok::<(), idem_core::KeyError>(())
    /// ```
    pub fn tag_in(&self, namespace: &str) -> impl fmt::Display + use<> {
        self.hash_in(namespace)
    }

    /// What the key is stored under in one namespace (a machine's name, the ledger, an operation).
    pub(crate) fn hash_in(&self, namespace: &str) -> KeyHash {
        let hash = Hasher::new("idem key v1")
            .with(namespace.as_bytes())
            .with(self.scope().as_bytes())
            .with(self.as_str().as_bytes());
        KeyHash::new(hash.finish(), self.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.tag())
    }
}

/// The unique name of a key in the database: 23 bytes, which together with the length byte fill a 24-byte index slot.
///
/// All of them are hash, unless the key is a UUID of version 7: then the first six are its time, so that new keys are
/// stored beside each other and the index stays in memory however large the table is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(unreachable_pub, reason = "named by the sealed trait of the stores")]
pub struct KeyHash(pub(crate) [u8; KeyHash::BYTES]);

impl KeyHash {
    pub(crate) const BYTES: usize = 23;
    /// What is stored as a hash and is none.
    #[cfg(feature = "_sql")]
    pub(crate) const UNKNOWN: Self = Self([0; Self::BYTES]);

    fn new(hash: [u8; 32], key: &str) -> Self {
        let mut bytes = [0; Self::BYTES];
        match time_of_uuid_v7(key) {
            Some(time) => {
                bytes[..6].copy_from_slice(&time);
                bytes[6..].copy_from_slice(&hash[..Self::BYTES - 6]);
            }
            None => bytes.copy_from_slice(&hash[..Self::BYTES]),
        }
        Self(bytes)
    }
}

impl fmt::Display for KeyHash {
    /// The last eight bytes in hexadecimal: enough to find a key's lines in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", Hex(&self.0[Self::BYTES - 8..]))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The 48-bit time at the front of a hyphenated UUID of version 7.
fn time_of_uuid_v7(key: &str) -> Option<[u8; 6]> {
    let text = key.as_bytes();
    let hyphenated = text.len() == 36 && [8, 13, 18, 23].iter().all(|&at| text[at] == b'-') && text[14] == b'7';
    if !hyphenated {
        return None;
    }
    let digit = |at: usize| (text[at] as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut time = [0; 6];
    for (byte, at) in time.iter_mut().zip([0, 2, 4, 6, 9, 11]) {
        *byte = digit(at)? << 4 | digit(at + 1)?;
    }
    Some(time)
}

/// SHA-256 over parts that each carry their length, so that no two lists of parts hash alike.
#[derive(Clone)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn new(domain: &str) -> Self {
        Self(Sha256::new()).with(domain.as_bytes())
    }

    pub(crate) fn part(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    pub(crate) fn with(mut self, part: &[u8]) -> Self {
        self.part(part);
        self
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Sixteen bytes written as a UUID (RFC 9562). Ours are made here from a hash or a time, so a UUID crate has no part
/// in it beyond this formatting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Uuid(pub(crate) [u8; 16]);

impl Uuid {
    /// One of version 7: the local time, then random bits.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    #[cfg(feature = "random")]
    #[allow(clippy::expect_used, reason = "documented; one that is not random would be a wrong answer")]
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        let millis = crate::clock::Timestamp::local().as_micros() / 1_000;
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        Self::stamped(bytes, 7)
    }

    /// `bytes` with the version and the variant written over them.
    pub(crate) fn stamped(mut bytes: [u8; 16], version: u8) -> Self {
        bytes[6] = bytes[6] & 0x0f | version << 4;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'-'; 36];
        let places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        for (byte, at) in self.0.iter().zip(places) {
            text[at..at + 2].copy_from_slice(&digits(*byte));
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Bytes shown in lower-case hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chunks(16).try_for_each(|bytes| {
            let mut text = [0; 32];
            for (byte, two) in bytes.iter().zip(text.chunks_mut(2)) {
                two.copy_from_slice(&digits(*byte));
            }
            f.write_str(std::str::from_utf8(&text[..2 * bytes.len()]).map_err(|_| fmt::Error)?)
        })
    }
}

/// A byte as two digits. Each digit through the formatter would cost as much as all else that makes a key.
fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scope: &str, key: &str) -> Key {
        Key::new(scope, key).expect("a fit key")
    }

    #[test]
    fn key_with_unfit_text_is_refused() {
        assert_eq!(Key::new("", "k"), Err(KeyError::Empty { what: "scope" }));
        assert_eq!(Key::new("s", ""), Err(KeyError::Empty { what: "key" }));
        assert!(Key::new("s", "k".repeat(255)).is_ok());
        assert_eq!(Key::new("s", "k".repeat(256)), Err(KeyError::TooLong { what: "key", bytes: 256 }));
        assert_eq!(Key::new("s", "a\0b"), Err(KeyError::Control { what: "key", character: '\0', at: 1 }));
        assert!(Key::new("s", "a\r\nb").is_err());
        assert!(Key::new("s", "\u{85}").is_err());
    }

    #[test]
    fn key_hash_differs_for_every_byte() {
        let pairs = [("A", "a"), ("a", "a "), ("\u{e9}", "e\u{301}"), ("\u{131}", "i")];
        for (one, other) in pairs {
            assert_ne!(key("s", one).hash_in("m"), key("s", other).hash_in("m"));
        }
        assert_ne!(key("a", "bc").hash_in("m"), key("ab", "c").hash_in("m"));
        assert_ne!(key("a", "b").hash_in("m"), key("a", "b").hash_in("n"));
    }

    #[test]
    fn key_debug_hides_its_text() {
        assert!(!format!("{:?}", key("tenant", "secret")).contains("secret"));
    }

    #[test]
    fn derived_keys_are_stable_and_distinct() {
        let key = key("s", "k");
        assert_eq!(key.derive("charge"), key.derive("charge"));
        assert_ne!(key.derive("charge"), key.derive("refund"));
        assert_eq!(key.derive("charge").scope(), "s");
    }

    #[test]
    fn key_of_parts_keeps_their_borders() {
        let of = |parts: &[&str]| Key::of("s", parts).expect("a fit scope");
        assert_ne!(of(&["a", "bc"]), of(&["ab", "c"]));
        assert_eq!(of(&["a"]), of(&["a"]));
        assert_ne!(of(&["a"]), of(&["a", ""]));
    }

    #[test]
    fn key_of_empty_parts_is_refused() {
        for parts in [&[][..], &[""], &["", ""]] {
            assert_eq!(Key::of("s", parts), Err(KeyError::Empty { what: "list of parts" }));
        }
    }

    #[cfg(feature = "random")]
    #[test]
    fn random_key_is_uuid_v7_and_hash_begins_with_its_time() {
        let (first, second) = (Key::random("s").expect("a key"), Key::random("s").expect("a key"));
        assert_ne!(first, second);
        assert_eq!((first.as_str().len(), &first.as_str()[14..15]), (36, "7"));
        let time = time_of_uuid_v7(first.as_str()).expect("a time");
        assert_eq!(first.hash_in("m").0[..6], time);
        assert!(time_of_uuid_v7("00000000-0000-4000-8000-000000000000").is_none());
    }
}
