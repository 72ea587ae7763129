//! How values are stored: one version byte, then JSON; of a message's payload it may be bytes instead.
//!
//! The byte is a digit, so that with JSON the whole is text without NUL on every database, whatever the value holds.

mod buffer;
mod finite;

#[cfg(any(feature = "_sql", feature = "testing"))]
use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(any(feature = "leases", feature = "testing"))]
use crate::fingerprint::same_json;
use buffer::with_buffer;
use finite::Finite;

/// A stored value: version and JSON. Its clones share it: a value that is written stands in several rows, and in the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored(pub(crate) Arc<[u8]>);

const JSON: u8 = b'1';
const BYTES: u8 = b'2';

/// Why a value could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The version byte is not ours.
    #[error("stored in format {0:?}, which this version does not know")]
    Format(Option<char>),
    /// A rejection, and no command of this release says `remember_rejections`.
    #[error("no command of this release says `remember_rejections`")]
    NoRejections,
    /// The enum's serde does not write a variant under its own name.
    #[error("the enum's own serde renames or re-tags its variants; use `#[name = \"…\"]` instead")]
    Tagged,
    /// The value is read back as another one than was written.
    #[error(
        "it does not come back as it was written: what it reads is written as {again:?}; mind numbers that lose digits, collections without an order (`HashSet`), and a `Serialize` that does not fit its `Deserialize`"
    )]
    Changed {
        /// What is written of the value that was read, cut short.
        again: String,
    },
    /// The JSON does not fit the type.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Stored {
    /// How much of a value an error shows, in characters.
    #[cfg(any(feature = "leases", feature = "testing"))]
    const SHOWN: usize = 60;

    /// Writes a value.
    ///
    /// # Errors
    /// If the value's serde refuses, a float is not finite, or a map has keys that are not text.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, WireError> {
        with_buffer(|bytes| {
            put(bytes, value)?;
            Ok(Self(bytes.as_slice().into()))
        })
    }

    /// Writes the content of an enum's value, without the name of its variant.
    ///
    /// serde writes it as `"Variant"` or `{"Variant":content}`; the macro forbids the attributes that would change it.
    ///
    /// # Errors
    /// As [`Self::encode`]; if it is written otherwise.
    #[cfg(any(feature = "_sql", feature = "testing"))]
    pub(crate) fn encode_variant<T: Serialize + ?Sized>(value: &T, variant: &str) -> Result<Self, WireError> {
        let variant = &*escaped(variant)?;
        with_buffer(|bytes| {
            put(bytes, value)?;
            let variant_after = |opening: &[u8]| bytes[1..].strip_prefix(opening)?.strip_prefix(variant.as_bytes());
            match (variant_after(b"\""), variant_after(b"{\"")) {
                (Some(b"\""), _) => return Ok(Self::from_json(b"null")),
                (_, Some([b'"', b':', .., b'}'])) => {}
                _ => return Err(WireError::Tagged),
            }
            // Of `{"Variant":`, the colon makes room for the format.
            let colon = variant.len() + 4;
            bytes[colon] = JSON;
            Ok(Self(bytes[colon..bytes.len() - 1].into()))
        })
    }

    /// Reads an enum's value from the content of this variant.
    ///
    /// # Errors
    /// As [`Self::decode`].
    #[cfg(any(feature = "_sql", feature = "testing"))]
    pub(crate) fn decode_variant<T: DeserializeOwned>(&self, variant: &str) -> Result<T, WireError> {
        let (variant, content) = (&*escaped(variant)?, self.json()?);
        with_buffer(|tagged| {
            for piece in [b"{\"", variant.as_bytes(), b"\":", content, b"}"] {
                tagged.extend_from_slice(piece);
            }
            Ok(serde_json::from_slice(tagged)?)
        })
    }

    /// Reads a value.
    ///
    /// # Errors
    /// If the format is not known or the value no longer has this shape.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        Ok(serde_json::from_slice(self.json()?)?)
    }

    /// Whether the two say the same, whatever the order of members and the white space.
    #[cfg(any(feature = "leases", feature = "testing"))]
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self == other || matches!((self.json(), other.json()), (Ok(one), Ok(other)) if same_json(one, other))
    }

    /// This value, if it is written again as it was once it is read: what is stored must be what was meant.
    ///
    /// # Errors
    /// If it cannot be read, or is written as something else.
    #[cfg(any(feature = "leases", feature = "testing"))]
    pub(crate) fn read_back(self, again: impl FnOnce(&Self) -> Result<Self, WireError>) -> Result<Self, WireError> {
        let again = again(&self)?;
        if self.says_the_same(&again) {
            return Ok(self);
        }
        let json = String::from_utf8_lossy(again.json()?);
        Err(WireError::Changed { again: json.chars().take(Self::SHOWN).collect() })
    }

    /// Bytes as they are, of the payload of a message.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(std::iter::once(BYTES).chain(bytes.iter().copied()).collect())
    }

    /// What follows the format.
    pub(crate) fn content(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }

    /// The JSON text.
    pub(crate) fn json(&self) -> Result<&[u8], WireError> {
        match self.0.split_first() {
            Some((&JSON, json)) => Ok(json),
            other => Err(WireError::Format(other.map(|(version, _)| char::from(*version)))),
        }
    }

    #[cfg(any(feature = "_sql", feature = "testing"))]
    pub(crate) fn from_json(json: &[u8]) -> Self {
        Self(std::iter::once(JSON).chain(json.iter().copied()).collect())
    }

    /// Whether it was blanked: `Idem::forget` leaves nothing of it, not even the format.
    #[cfg(feature = "_sql")]
    pub(crate) fn is_forgotten(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(feature = "_sql")]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A name as it stands between the quotes of a JSON string.
#[cfg(any(feature = "_sql", feature = "testing"))]
fn escaped(name: &str) -> Result<Cow<'_, str>, WireError> {
    if !name.contains(['"', '\\']) {
        return Ok(name.into());
    }
    let quoted = serde_json::to_string(name)?;
    Ok(quoted[1..quoted.len() - 1].to_owned().into())
}

/// Writes the format and a value.
fn put<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) -> Result<(), WireError> {
    bytes.push(JSON);
    Ok(serde_json::to_writer(bytes, &Finite(value))?)
}

#[cfg(all(test, any(feature = "leases", feature = "testing")))]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    enum Shape {
        Op,
        Open {
            at: i64,
        },
        #[serde(rename = "a \"b\" \\")]
        Quoted(String),
    }

    #[test]
    fn stored_variant_omits_its_name() {
        let quoted = Shape::Quoted("}\":".into());
        for (shape, name, content) in [
            (Shape::Op, "Op", "1null"),
            (Shape::Open { at: 7 }, "Open", r#"1{"at":7}"#),
            (quoted, "a \"b\" \\", r#"1"}\":""#),
        ] {
            let stored = Stored::encode_variant(&shape, name).expect("writes");
            assert_eq!(String::from_utf8_lossy(&stored.0), content);
            if shape != Shape::Op {
                assert_eq!(stored.decode_variant::<Shape>(name).expect("reads"), shape);
            }
        }
    }

    #[test]
    fn variant_encoded_under_other_name_is_refused() {
        for (shape, name) in [
            (Shape::Op, "O"),
            (Shape::Op, "Open"),
            (Shape::Open { at: 7 }, "Op"),
            (Shape::Open { at: 7 }, "Opener"),
            (Shape::Quoted(String::new()), "Quoted"),
        ] {
            assert!(matches!(Stored::encode_variant(&shape, name), Err(WireError::Tagged)), "{name}");
        }
    }
}
