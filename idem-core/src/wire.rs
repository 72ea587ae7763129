//! How values are stored: one version byte, then JSON.
//!
//! The byte is a digit, so that the whole is text without NUL on every database, whatever the value holds.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stored value: version and JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored(pub(crate) Vec<u8>);

const JSON: u8 = b'1';

/// Why a value could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The version byte is not ours.
    #[error("stored in format {0:?}, which this version does not know")]
    Format(Option<char>),
    /// The enum's serde does not write a variant under its own name.
    #[error("the enum's own serde renames or re-tags its variants; use `#[name = \"…\"]` instead")]
    Tagged,
    /// The JSON does not fit the type.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Stored {
    /// Writes a value.
    ///
    /// # Errors
    /// If the value's serde refuses, or a map has keys that are not text.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, WireError> {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(JSON);
        serde_json::to_writer(&mut bytes, value)?;
        Ok(Self(bytes))
    }

    /// Reads a value.
    ///
    /// # Errors
    /// If the format is not known or the value no longer has this shape.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        Ok(serde_json::from_slice(self.json()?)?)
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
        let mut bytes = Vec::with_capacity(json.len() + 1);
        bytes.push(JSON);
        bytes.extend_from_slice(json);
        Self(bytes)
    }

    #[cfg(feature = "_sql")]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
